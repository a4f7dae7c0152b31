import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { parseUri, type SipUri } from '../../protocol/sip/uri.ts';

/** undefined for what is no SIP or SIPS URI: where that has a plainer meaning than an error. */
export function tryUri(text: ByteString): SipUri | undefined {
  try {
    return parseUri(text);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
