import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type Primitives, toHex } from '../primitives.ts';
import {
  type DigestChallenge,
  type DigestCredentials,
  digestAlgorithm,
  digestHa1,
  digestResponse,
  parseChallenge,
  parseCredentials,
  serializeCredentials,
} from './digest.ts';
import type { Request, Response } from './message.ts';

/** Whether this client can answer: a known algorithm, and qop `auth` or none. */
export function canAnswer(challenge: DigestChallenge): boolean {
  return (
    digestAlgorithm(challenge.algorithm) !== undefined && (challenge.qop.length === 0 || challenge.qop.includes('auth'))
  );
}

/** The credentials for one challenge; it must be one that `canAnswer`. `nc` counts the requests with this nonce from 1. */
export function answerChallenge(
  primitives: Primitives,
  challenge: DigestChallenge,
  answer: { username: ByteString; password: ByteString; method: string; uri: ByteString; nc?: number },
): DigestCredentials {
  const algorithm = digestAlgorithm(challenge.algorithm);
  if (!algorithm || !canAnswer(challenge)) throw new RangeError('Not a challenge this client can answer');
  const { realm, nonce } = challenge;
  const { username, method, uri } = answer;
  const ha1 = digestHa1(primitives, algorithm, username, realm, answer.password);
  const qop =
    challenge.qop.length > 0 ? { qop: 'auth', nc: answer.nc ?? 1, cnonce: toHex(primitives.random(8)) } : undefined;
  const response = digestResponse(primitives, { algorithm, ha1, method, uri, nonce, ...qop });
  const credentials: DigestCredentials = { username, realm, nonce, uri, response, ...qop };
  if (challenge.algorithm !== undefined) credentials.algorithm = challenge.algorithm;
  if (challenge.opaque !== undefined) credentials.opaque = challenge.opaque;
  return credentials;
}

type Authenticator = 'authorization' | 'proxy-authorization';

interface Protection {
  field: Authenticator;
  challenge: DigestChallenge;
  count: number;
}

/** Servers and proxies in one path that each want credentials; more is a mistake or mischief. */
const MOST_REALMS = 8;

/**
 * A user agent's memory of challenges (RFC 3261 section 22.2 and 22.3): give it every 401 and 407, let it authorize every
 * request. A nonce is used again with a higher count until the server wants another.
 */
export class DigestClient {
  private readonly primitives: Primitives;
  private readonly protections = new Map<string, Protection>();
  private username: ByteString;
  private password: ByteString;

  constructor(primitives: Primitives, username: ByteString, password: ByteString) {
    this.primitives = primitives;
    this.username = username;
    this.password = password;
  }

  /** Renewed credentials; known nonces stay in use. */
  renew(username: ByteString, password: ByteString): void {
    this.username = username;
    this.password = password;
  }

  /**
   * Takes the challenges of a 401 or 407 to `request`. True: authorize the request anew (with a higher CSeq) and send it.
   * False: there is no challenge that can be answered, or these credentials were refused.
   */
  challenged(response: Response, request: Request): boolean {
    const wanted = response.status === 407 ? 'proxy-authenticate' : 'www-authenticate';
    const field: Authenticator = response.status === 407 ? 'proxy-authorization' : 'authorization';
    const realms = new Set<ByteString>();
    for (const value of response.all(wanted)) {
      const challenge = readChallenge(value);
      // RFC 8760 section 2.4: of one realm the topmost challenge that is understood
      if (!challenge || !canAnswer(challenge) || realms.has(challenge.realm)) continue;
      if (realms.size === MOST_REALMS) break;
      if (!challenge.stale && this.refused(request, field, challenge)) return false;
      realms.add(challenge.realm);
      const key = `${field} ${challenge.realm}`;
      if (this.protections.size >= MOST_REALMS && !this.protections.has(key)) this.protections.clear();
      this.protections.set(key, { field, challenge, count: 0 });
    }
    return realms.size > 0;
  }

  /** The first use of a nonce was refused though it is not stale: the name or the password is wrong (section 22.1). */
  private refused(request: Request, field: Authenticator, challenge: DigestChallenge): boolean {
    return request.all(field).some((value) => {
      const sent = parseCredentials(value);
      return sent?.realm === challenge.realm && (sent.nc ?? 1) === 1 && sent.username === this.username;
    });
  }

  /** Sets Authorization and Proxy-Authorization for every realm that has challenged; nothing before the first challenge. */
  authorize(request: Request): void {
    request.remove('authorization');
    request.remove('proxy-authorization');
    for (const protection of this.protections.values()) {
      const credentials = answerChallenge(this.primitives, protection.challenge, {
        username: this.username,
        password: this.password,
        method: request.method,
        uri: request.uri,
        nc: ++protection.count,
      });
      request.append(protection.field, serializeCredentials(credentials));
    }
  }
}

/** A challenge that cannot be parsed is as good as none. */
function readChallenge(value: ByteString): DigestChallenge | undefined {
  try {
    return parseChallenge(value);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
