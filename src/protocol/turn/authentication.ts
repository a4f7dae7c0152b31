// The long-term credential mechanism (RFC 8489 section 9.2), server side.
import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import { text, USERNAME } from '../stun/attributes.ts';
import { attribute } from '../stun/message.ts';
import { checkIntegrity, integrityOf } from '../stun/message-integrity.ts';
import { OFFERED_ALGORITHMS } from './answers.ts';
import type { Failures } from './failures.ts';
import { hasFeatures, type Nonces } from './nonce.ts';
import { NONCE, PASSWORD_ALGORITHM, PASSWORD_ALGORITHMS, REALM, USERHASH } from './numbers.ts';
import type { AuthenticatedRequest, TurnRequest } from './request.ts';

export type PasswordAlgorithm = 'MD5' | 'SHA-256';

/** Who may use the server. */
export interface TurnCredentials {
  /**
   * The keys that prove the username, of which one is right (several secrets may be in use), and the canonical name it
   * stands for; undefined: unknown or expired. A key is hash(username ":" realm ":" password), as octets.
   */
  keys(
    username: ByteString,
    algorithm: PasswordAlgorithm,
  ): { keys: readonly ByteString[]; account: string } | undefined;
}

export interface AuthenticationOptions {
  realm: ByteString;
  credentials: TurnCredentials;
  primitives: Primitives;
  nonces: Nonces;
  failures: Failures;
}

const ALGORITHMS: ReadonlyMap<ByteString, PasswordAlgorithm> = new Map([
  ['\0\x01\0\0', 'MD5'],
  ['\0\x02\0\0', 'SHA-256'],
]);

/**
 * RFC 8489 section 9.2.4, with the nonce looked at before the password: a nonce of ours proves that a client over UDP
 * receives at its address, so that guesses can be counted by address, and no forged packet makes us compute keys.
 *
 * 1. No integrity: 401.
 * 2. Integrity, but no USERNAME, REALM or NONCE: 400.
 * 3. A nonce that is not ours, for this five-tuple, and fresh: 438.
 * 4. The nonce says that we know password algorithms: either the request names none (then it is MD5), or it repeats our
 *    list and names one of it; else 400, for somebody has tampered with it.
 * 5. An unknown or expired username, another realm, or a wrong integrity: 401. Which of them is not told.
 */
export function authenticate(
  request: TurnRequest,
  { realm, credentials, primitives, nonces, failures }: AuthenticationOptions,
  now: number,
): AuthenticatedRequest | 400 | 401 | 438 {
  const { message, fiveTuple } = request;
  const value = (type: number) => {
    const octets = attribute(message, type);
    return octets && text(octets);
  };

  // 1.
  const integrity = integrityOf(message);
  if (integrity === undefined) return 401;

  // 2. USERHASH is not offered by our nonces, so a client that sends it has not read them.
  const username = value(USERNAME);
  const nonce = value(NONCE);
  const itsRealm = value(REALM);
  if (username === undefined || nonce === undefined || itsRealm === undefined) return 400;
  if (attribute(message, USERHASH) !== undefined) return 400;

  // 3.
  if (!nonces.isValid(nonce, fiveTuple, now)) return 438;

  // 4.
  let algorithm: PasswordAlgorithm = 'MD5';
  const list = value(PASSWORD_ALGORITHMS);
  const chosen = value(PASSWORD_ALGORITHM);
  if (hasFeatures(nonce) && (list !== undefined || chosen !== undefined)) {
    const known = chosen === undefined ? undefined : ALGORITHMS.get(chosen);
    if (list !== OFFERED_ALGORITHMS || known === undefined) return 400;
    algorithm = known;
  }

  // 5. An address that keeps guessing is not listened to for a while, but for clients that have proved themselves.
  if (fiveTuple.allocation === undefined && failures.exceeded(fiveTuple.address, now)) return 401;
  const found = itsRealm === realm ? credentials.keys(username, algorithm) : undefined;
  for (const key of found?.keys ?? []) {
    if (checkIntegrity(primitives, request.octets, message, key, integrity))
      return { ...request, username, account: (found as { account: string }).account, key, integrity };
  }
  failures.count(fiveTuple.address, now);
  return 401;
}
