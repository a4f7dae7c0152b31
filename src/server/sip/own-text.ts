import type { ByteString } from '../../protocol/byte-string.ts';

/**
 * A copy that stands for itself. V8 keeps the whole message alive for a slice of it: what is remembered for long (a
 * binding's contact, a name in a map) must not hold a kilobyte each.
 */
export function ownText(text: ByteString): ByteString {
  return Buffer.from(text, 'latin1').toString('latin1');
}
