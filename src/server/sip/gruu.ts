// Public GRUUs (RFC 5627 section 3.2): the address of record with the instance in `gr`. They follow from the registration,
// so nothing is kept for them. Temporary GRUUs are not made (docs/STANDARDS.md).
import type { ByteString } from '../../protocol/byte-string.ts';
import { encodeUtf8 } from '../../protocol/byte-string.ts';
import { escapeUser, type SipUri, unescapeUri } from '../../protocol/sip/uri.ts';

export function publicGruu(aor: string, domain: string, instance: ByteString): ByteString {
  const value = instance.replace(/[^A-Za-z0-9\-_.!~*'()[\]/:&+$]/g, (c) => {
    return `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return `sip:${escapeUser(encodeUtf8(aor))}@${domain};gr=${value}`;
}

/** The instance a public GRUU names; undefined when the URI is none. */
export function gruuInstance(uri: SipUri): ByteString | undefined {
  const value = uri.parameters.get('gr');
  return value === undefined ? undefined : unescapeUri(value);
}
