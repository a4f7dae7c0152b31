// AUTH (RFC 4976 section 5.1): by what the WebSocket's handshake has proved, or by Digest against the accounts.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Head } from '../../protocol/msrp/head.ts';
import type { Authentication } from '../../protocol/msrp/relay-event.ts';
import type { RelayLink } from '../../protocol/msrp/relay-link.ts';
import { tryOr } from '../../protocol/msrp/try-or.ts';
import { parseMsrpUri, sameMsrpUri } from '../../protocol/msrp/uri.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import { type DigestCredentials, digestResponse, nonceCount, parseCredentials } from '../../protocol/sip/digest.ts';
import { DigestVerifier } from '../../protocol/sip/digest-verifier.ts';
import type { DigestAlgorithm, SipAccounts } from '../accounts/sip-accounts.ts';
import { SourceRate } from '../turn/source-rate.ts';

export interface AuthenticationOptions {
  realm: string;
  /** Best first. */
  algorithms: readonly DigestAlgorithm[];
  /** Of the nonces. */
  secret: ByteString;
  accounts: Pick<SipAccounts, 'digestSecrets'>;
  primitives: Primitives;
  /** Milliseconds since 1970. */
  wallClock: () => number;
  /** Wrong passwords of one address: at once, and each second. */
  failures: { burst: number; rate: number };
  /** Monotonic milliseconds. */
  now: () => number;
}

export class MsrpAuthentication {
  failures = 0;
  readonly #options: AuthenticationOptions;
  readonly #verifier: DigestVerifier;
  readonly #rate: SourceRate;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    const { realm, algorithms, primitives, failures, now } = options;
    const secret = primitives.hmac('sha256', options.secret, 'chappe msrp nonce 1');
    this.#verifier = new DigestVerifier(primitives, { realm, algorithms, secret });
    this.#rate = new SourceRate({ ...failures, now });
  }

  /** An unknown name, a wrong password and an expired credential are answered alike. */
  judge(head: Head, link: RelayLink, address: string): Authentication {
    const now = this.#options.wallClock();
    const { identity } = link;
    if (identity !== undefined) return (identity.expires ?? Infinity) * 1000 > now ? { identity } : { status: 403 };
    let stale = false;
    for (const value of head.all('Authorization').slice(0, MOST_CREDENTIALS)) {
      const credentials = tryOr(undefined, () => parseCredentials(value));
      const algorithm = credentials && this.#verifier.algorithm(credentials);
      if (credentials === undefined || algorithm === undefined || algorithm === 'SHA-512-256') continue;
      if (!designates(credentials.uri, head)) continue;
      const { realm, accounts } = this.#options;
      const secrets = accounts.digestSecrets(credentials.username, realm, algorithm, now);
      const verdict = this.#verifier.verify(credentials, 'AUTH', secrets?.ha1 ?? [], now);
      if (verdict === 'valid' && secrets !== undefined)
        return { identity: secrets.identity, fields: this.#proof(credentials, algorithm, secrets.ha1) };
      if (verdict === 'stale') stale = true;
      else {
        this.failures += 1;
        if (!this.#rate.take(address)) return { status: 403 };
      }
    }
    return { status: 401, challenges: this.#verifier.challenges(now, stale) };
  }

  /** RFC 7616 section 3.5: that we know the password too. */
  #proof(credentials: DigestCredentials, algorithm: DigestAlgorithm, all: readonly string[]): [string, string][] {
    const { uri, nonce, qop, nc, cnonce } = credentials;
    const [ha1] = all;
    if (qop === undefined || nc === undefined || cnonce === undefined || ha1 === undefined || all.length > 1) return [];
    const { primitives } = this.#options;
    const response = digestResponse(primitives, { algorithm, ha1, method: '', uri, nonce, qop, nc, cnonce });
    if (!/^[\x21\x23-\x5b\x5d-\x7e]*$/.test(cnonce)) return [];
    return [['Authentication-Info', `qop=${qop}, rspauth="${response}", cnonce="${cnonce}", nc=${nonceCount(nc)}`]];
  }
}

const MOST_CREDENTIALS = 4;

/** RFC 4976 section 5.1: the digest URI is the last of To-Path, the relay that is asked. */
function designates(uri: ByteString, head: Head): boolean {
  return tryOr(false, () => sameMsrpUri(parseMsrpUri(uri), parseMsrpUri(head.toPath.at(-1) ?? '')));
}
