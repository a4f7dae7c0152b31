import type { ByteString } from '../byte-string.ts';
import { type Primitives, toBase64Url } from '../primitives.ts';
import {
  type DigestAlgorithm,
  type DigestCredentials,
  digestAlgorithm,
  digestResponse,
  parseCredentials,
  serializeChallenge,
} from './digest.ts';
import type { Request } from './message.ts';

export interface DigestVerifierOptions {
  realm: ByteString;
  /** In the order of preference, which is the order of the challenges (RFC 8760 section 2.3). */
  algorithms: readonly DigestAlgorithm[];
  /** Key of the nonces' signature, 32 octets or so: who knows it can make nonces. */
  secret: ByteString;
  /** How long a nonce may be used, in milliseconds; default 5 minutes. */
  lifetime?: number;
  /** How many used nonces are remembered; default 50,000. Over it the oldest are forgotten and count as stale. */
  mostNonces?: number;
}

/**
 * - `valid`: the password is right, the nonce is ours, fresh, and this count of it is used for the first time.
 * - `stale`: the password is right but the nonce is not good any more: challenge with `stale` and the peer tries again.
 * - `invalid`: anything else.
 */
export type DigestVerdict = 'valid' | 'stale' | 'invalid';

interface Use {
  issued: number;
  /** The highest count seen, and a bit for each of the 32 up to it: datagrams overtake one another. */
  highest: number;
  window: number;
}

/**
 * The server's side of RFC 7616 over signed nonces: a nonce carries the time it was made at and an HMAC, so that challenges
 * cost no memory; only nonces that were used with a right password are remembered, boundedly, against replay.
 * `now` is Unix time in milliseconds.
 */
export class DigestVerifier {
  private readonly primitives: Primitives;
  private readonly realm: ByteString;
  private readonly algorithms: readonly DigestAlgorithm[];
  private readonly secret: ByteString;
  private readonly lifetime: number;
  private readonly mostNonces: number;
  /** Tells the nonces of this process from others' with the same key. */
  private readonly origin: string;
  private made = 0;
  /** In the order of first use. */
  private readonly used = new Map<string, Use>();
  /** Nonces made up to this time and not in `used` may have been forgotten. */
  private forgottenUntil = -1;

  constructor(primitives: Primitives, options: DigestVerifierOptions) {
    this.primitives = primitives;
    this.realm = options.realm;
    this.algorithms = options.algorithms;
    this.secret = options.secret;
    this.lifetime = options.lifetime ?? 300_000;
    this.mostNonces = options.mostNonces ?? 50_000;
    this.origin = toBase64Url(primitives.random(9));
  }

  /** The values of WWW-Authenticate or Proxy-Authenticate, one field each, the preferred algorithm first. */
  challenges(now: number, stale = false): ByteString[] {
    const nonce = this.makeNonce(now);
    return this.algorithms.map((algorithm) =>
      serializeChallenge({ realm: this.realm, nonce, algorithm, qop: ['auth'], stale }),
    );
  }

  private makeNonce(now: number): string {
    // Unique is enough: nobody can make one without the key, and a random number each costs more than the signature.
    const content = `${Math.floor(now).toString(36)}.${this.origin}${(++this.made).toString(36)}`;
    return `${content}.${this.sign(content)}`;
  }

  private sign(content: string): string {
    return toBase64Url(this.primitives.hmac('sha256', this.secret, `digest nonce ${content}`).slice(0, 15));
  }

  /** When the nonce was made; undefined when it was not made here. */
  private issued(nonce: ByteString): number | undefined {
    if (nonce.length > 64) return undefined;
    const dot = nonce.lastIndexOf('.');
    const content = nonce.slice(0, Math.max(dot, 0));
    if (!this.primitives.equal(this.sign(content), nonce.slice(dot + 1))) return undefined;
    return Number.parseInt(content, 36); // up to the first dot
  }

  /** The request's credentials for this realm (other realms' are for other hops); undefined when there are none. */
  credentials(request: Request, field: 'authorization' | 'proxy-authorization'): DigestCredentials | undefined {
    for (const value of request.all(field)) {
      const credentials = parseCredentials(value);
      if (credentials?.realm === this.realm && this.algorithm(credentials)) return credentials;
    }
    return undefined;
  }

  /**
   * Whether the nonce was made here and is not too old: then an invalid response is a wrong password (403), else the peer
   * may not have had a challenge from here at all (401).
   */
  isFresh(nonce: ByteString, now: number): boolean {
    const issued = this.issued(nonce);
    return issued !== undefined && now - issued <= this.lifetime;
  }

  /** The algorithm these credentials use, if it is one that was offered: which HA1 to look up. */
  algorithm(credentials: DigestCredentials): DigestAlgorithm | undefined {
    const algorithm = digestAlgorithm(credentials.algorithm);
    return algorithm && this.algorithms.includes(algorithm) ? algorithm : undefined;
  }

  /**
   * `ha1` holds the candidates for this user, realm and algorithm; empty for an unknown user, which takes the same time.
   * The method is the request's.
   */
  verify(credentials: DigestCredentials, method: string, ha1: readonly string[], now: number): DigestVerdict {
    const algorithm = this.algorithm(credentials);
    if (!algorithm || credentials.realm !== this.realm) return 'invalid';
    if (credentials.qop !== undefined && credentials.qop !== 'auth') return 'invalid';
    const { uri, nonce, qop, nc, cnonce } = credentials;
    const protection = qop === undefined ? undefined : { qop, nc: nc ?? 0, cnonce: cnonce ?? '' };
    let known = false;
    for (const candidate of ha1.length > 0 ? ha1 : ['']) {
      const expected = digestResponse(this.primitives, {
        algorithm,
        ha1: candidate,
        method,
        uri,
        nonce,
        ...protection,
      });
      if (this.primitives.equal(expected, credentials.response) && candidate !== '') known = true;
    }
    const issued = this.issued(nonce);
    if (!known) return 'invalid';
    if (issued === undefined || now - issued > this.lifetime || issued > now + 1000) return 'stale';
    return this.use(nonce, issued, nc, now) ? 'valid' : 'stale';
  }

  /** Marks this count of the nonce as used; false when it was, or might have been. Without qop a nonce serves once. */
  private use(nonce: string, issued: number, nc: number | undefined, now: number): boolean {
    const count = nc ?? 0xffffffff;
    if (count === 0) return false;
    const use = this.used.get(nonce);
    if (!use) {
      if (issued <= this.forgottenUntil) return false;
      this.forget(now);
      this.used.set(nonce, { issued, highest: count, window: 1 });
      return true;
    }
    const behind = use.highest - count;
    if (behind < 0) {
      use.window = behind < -31 ? 1 : (use.window << -behind) | 1;
      use.highest = count;
      return true;
    }
    if (behind > 31 || use.window & (1 << behind)) return false;
    use.window |= 1 << behind;
    return true;
  }

  /** Drops what has expired from the old end, and one more when the memory is full. */
  private forget(now: number): void {
    for (const [nonce, use] of this.used) {
      const expired = now - use.issued > this.lifetime;
      if (!expired && this.used.size < this.mostNonces) return;
      if (!expired) this.forgottenUntil = Math.max(this.forgottenUntil, use.issued);
      this.used.delete(nonce);
    }
  }
}
