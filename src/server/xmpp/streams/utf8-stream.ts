import { isUtf8 } from 'node:buffer';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';

const NOTHING = Buffer.alloc(0);

/** Octets of a stream to text, strictly UTF-8 (RFC 6120 section 11.6); a character cut in two waits for its rest. */
export class Utf8Stream {
  #rest: Buffer = NOTHING;

  push(chunk: Buffer): string {
    let octets = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const cut = wholeCharacters(octets);
    this.#rest = cut === octets.length ? NOTHING : Buffer.from(octets.subarray(cut));
    if (cut < octets.length) octets = octets.subarray(0, cut);
    if (!isUtf8(octets)) throw new StreamError('unsupported-encoding', 'Not UTF-8.');
    return octets.toString('utf8');
  }
}

/** How many of the octets are whole characters: an unfinished one has at most three at the end. */
function wholeCharacters(octets: Buffer): number {
  const { length } = octets;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const octet = octets[length - back] as number;
    if (octet < 0x80) return length;
    if (octet >= 0xc0) {
      const needs = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2;
      return needs > back ? length - back : length;
    }
  }
  return length;
}
