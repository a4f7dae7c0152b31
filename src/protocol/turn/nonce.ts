import type { ByteString } from '../byte-string.ts';
import { type Primitives, toBase64Url } from '../primitives.ts';
import type { FiveTuple } from './five-tuple.ts';

/**
 * RFC 8489 section 9.2: "obMatJos2" and 24 bits of security features in base64. The leftmost bit says that the server
 * knows password algorithms, so that nobody on the way can take PASSWORD-ALGORITHMS out unnoticed.
 */
const COOKIE = 'obMatJos2gAAA';

/** Octets of the MAC: after the cookie, and where a short answer leaves no room for the cookie. */
const LONG = 12;
const SHORT = 6;

/**
 * Nonces without state: a MAC over the five-tuple and the time, in windows, with a secret of this process. One is valid in
 * its window and the next, so for one lifetime at least and two at most. It also proves that a client over UDP receives
 * what is sent to its address, so a password is only ever tried for such a client.
 *
 * The short form (48 bits) is for a challenge that may not be larger (see Challenges): to guess one saves an attacker no
 * more than a round trip.
 */
export class Nonces {
  readonly #primitives: Primitives;
  readonly #window: number;
  readonly #secret: ByteString;

  constructor(primitives: Primitives, lifetime: number) {
    this.#primitives = primitives;
    this.#window = lifetime;
    this.#secret = primitives.random(32);
  }

  issue(fiveTuple: FiveTuple, form: 'full' | 'short', now: number): ByteString {
    return this.#make(form === 'full' ? COOKIE : '', fiveTuple, Math.floor(now / this.#window));
  }

  isValid(nonce: ByteString, fiveTuple: FiveTuple, now: number): boolean {
    const prefix = hasFeatures(nonce) ? COOKIE : '';
    const window = Math.floor(now / this.#window);
    const { equal } = this.#primitives;
    return (
      equal(this.#make(prefix, fiveTuple, window), nonce) || equal(this.#make(prefix, fiveTuple, window - 1), nonce)
    );
  }

  #make(prefix: string, { transport, address, port }: FiveTuple, window: number): ByteString {
    const mac = this.#primitives.hmac('sha256', this.#secret, `${prefix} ${transport} ${address} ${port} ${window}`);
    return prefix + toBase64Url(mac.slice(0, prefix === '' ? SHORT : LONG));
  }
}

/** Whether the nonce carries our cookie, and so obliges the client to say which password algorithm it uses. */
export function hasFeatures(nonce: ByteString): boolean {
  return nonce.startsWith(COOKIE);
}
