import type { ByteString } from '../byte-string.ts';
import { malformed } from './lexis.ts';
import { type NameAddress, parseNameAddress, serializeNameAddress } from './name-address.ts';
import { parseReplaces, type Replaces, serializeReplaces } from './replaces.ts';
import { escapeUriHeader, parseUri, type SipUri, serializeUri, uriHeaders } from './uri.ts';

/** Refer-To (RFC 3515 section 2.1) with a SIP URI: whom to send which request to, and what it is to replace. */
export interface ReferTo {
  address: NameAddress;
  /** The target without its method and headers: the Request-URI of the referred request. */
  target: SipUri;
  /** INVITE unless the URI says otherwise. */
  method: string;
  /** Attended transfer (RFC 3891, RFC 5589 section 7). */
  replaces?: Replaces;
  /** The URI's other headers, unescaped; to be put in the request only if they are harmless (RFC 3261 section 19.1.5). */
  headers: [name: string, value: ByteString][];
}

/** Throws 416 for another scheme (`parseNameAddress` reads those). */
export function parseReferTo(value: ByteString): ReferTo {
  const address = parseNameAddress(value, 'Refer-To');
  const target = parseUri(address.uri, 'Refer-To');
  const headers = uriHeaders(target);
  const replaces = headers.filter(([name]) => name.toLowerCase() === 'replaces');
  if (replaces.length > 1) throw malformed('Refer-To');
  const method = target.parameters.get('method') ?? 'INVITE';
  target.parameters.delete('method');
  delete target.headers;
  const referTo: ReferTo = { address, target, method, headers: headers.filter((header) => !replaces.includes(header)) };
  if (replaces[0]) referTo.replaces = parseReplaces(replaces[0][1]);
  return referTo;
}

/** The field value for a transfer to `uri`, attended if there is a dialog to replace. */
export function serializeReferTo(uri: ByteString, replaces?: Replaces): ByteString {
  if (!replaces) return serializeNameAddress({ uri });
  const target = parseUri(uri, 'Refer-To');
  const header = `Replaces=${escapeUriHeader(serializeReplaces(replaces))}`;
  const headers = target.headers === undefined ? header : `${target.headers}&${header}`;
  return serializeNameAddress({ uri: serializeUri({ ...target, headers }) });
}
