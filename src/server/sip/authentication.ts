// Digest authentication of requests (RFC 3261 section 22, RFC 8760) against the accounts' port. An unknown name, a wrong
// password and an expired credential are answered alike; whoever keeps failing is not looked at for a while.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import { type DigestCredentials, parseCredentials } from '../../protocol/sip/digest.ts';
import { DigestVerifier } from '../../protocol/sip/digest-verifier.ts';
import type { Request } from '../../protocol/sip/message.ts';
import { canonicalUser } from '../../protocol/sip/uri.ts';
import type { Identity } from '../../transport/flow.ts';
import type { DigestAlgorithm, SipAccounts } from '../accounts/sip-accounts.ts';
import type { ExtraFields } from './answer.ts';
import type { Inbound } from './inbound.ts';
import type { SipLimits } from './limits.ts';
import type { SipCounters } from './metrics.ts';
import { type Bucket, Buckets } from './overload.ts';
import { ownText } from './own-text.ts';
import type { Routing } from './routing.ts';
import { tryUri } from './try-uri.ts';

export type CredentialField = 'authorization' | 'proxy-authorization';

/**
 * `none`: no credentials for our realm, or none that are right. `invalid`: wrong ones, again and again. `throttled`: not
 * looked at.
 */
export type Refusal = 'none' | 'invalid' | 'stale' | 'throttled';
export type Verdict = { identity: Identity } | Refusal;

/** Credentials looked at in one request. */
const MOST_CREDENTIALS = 8;
/** Wrong credentials for a name that are challenged anew (RFC 3261 section 22.1); what comes after them is refused. */
const CHALLENGED_ANEW = 3;

export class Authentication {
  readonly realm: string;
  readonly #accounts: SipAccounts;
  readonly #verifier: DigestVerifier;
  readonly #md5: DigestVerifier | undefined;
  readonly #limits: SipLimits;
  readonly #counters: SipCounters;
  readonly #names: Buckets;
  readonly #addresses: Buckets;
  readonly #routing: Routing;

  constructor(
    options: { realm: string; algorithms: readonly DigestAlgorithm[]; secret: ByteString; limits: SipLimits },
    routing: Routing,
    accounts: SipAccounts,
    primitives: Primitives,
    counters: SipCounters,
  ) {
    const { realm, algorithms, limits } = options;
    this.realm = realm;
    this.#routing = routing;
    this.#accounts = accounts;
    const secret = primitives.hmac('sha256', options.secret, 'chappe digest nonce 1');
    this.#verifier = new DigestVerifier(primitives, { realm, algorithms, secret });
    // A verifier for the clients that can only do MD5: the same nonces, one challenge.
    this.#md5 =
      algorithms.includes('MD5') && algorithms.length > 1
        ? new DigestVerifier(primitives, { realm, algorithms: ['MD5'], secret })
        : undefined;
    this.#limits = limits;
    this.#counters = counters;
    this.#names = new Buckets(limits.sources);
    this.#addresses = new Buckets(limits.sources);
  }

  /** Throws ProtocolError (400): the credentials are right, but for another request. */
  verify(inbound: Inbound, field: CredentialField): Verdict {
    const { request, now } = inbound;
    const address = inbound.flow.remote.address;
    let verdict: Verdict = 'none';
    for (const credentials of credentialsFor(request, field, this.realm)) {
      const algorithm = this.#verifier.algorithm(credentials);
      if (algorithm === undefined || algorithm === 'SHA-512-256') continue;
      const source = `${address} ${credentials.username.slice(0, 64)}`;
      if (this.#throttled(source, address, now)) {
        this.#counters.throttled += 1;
        return 'throttled';
      }
      const secrets = this.#accounts.digestSecrets(credentials.username, this.realm, algorithm, now);
      const result = this.#verifier.verify(credentials, request.method, secrets?.ha1 ?? [], now);
      if (result === 'valid' && secrets !== undefined) {
        if (!this.#designates(credentials.uri, request))
          throw new ProtocolError('SIP_DIGEST_URI', 'Digest URI Of Another Request', { status: 400 });
        return { identity: secrets.identity };
      }
      if (result === 'stale') verdict = 'stale';
      else {
        const failures = this.#failed(source, address, now);
        // Without a challenge of ours it has only tried; after one it is wrong.
        if (failures > CHALLENGED_ANEW && this.#verifier.isFresh(credentials.nonce, now)) verdict = 'invalid';
      }
    }
    return verdict;
  }

  /**
   * RFC 7616 section 3.4.6: `uri` must be the resource of the request line, which a proxy on the way may have written
   * otherwise. COMPAT: SIPp names the server alone, so a missing user is anybody.
   */
  #designates(text: ByteString, request: Request): boolean {
    const uri = tryUri(text);
    if (uri === undefined) return false;
    const { target } = request;
    if (uri.host.toLowerCase() !== target.host.toLowerCase() && !this.#routing.isLocalHost(uri.host)) return false;
    return uri.user === undefined || target.user === undefined || canonicalUser(uri) === canonicalUser(target);
  }

  /** The challenges, one field for each algorithm, the preferred one first (RFC 8760 section 2.3). */
  challenge(request: Request, field: CredentialField, now: number, stale: boolean): ExtraFields {
    this.#counters.challenges += 1;
    const name = field === 'authorization' ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const verifier = this.#md5 !== undefined && knowsOnlyMd5(request) ? this.#md5 : this.#verifier;
    return verifier.challenges(now, stale).map((value) => [name, value] as const);
  }

  #throttled(source: string, address: string, now: number): boolean {
    const { failuresPerName, failureForgiven, failuresPerAddress, addressFailureForgiven } = this.#limits;
    return (
      empty(this.#names.peek(source), now, failuresPerName, failureForgiven) ||
      empty(this.#addresses.peek(address), now, failuresPerAddress, addressFailureForgiven)
    );
  }

  /** How often this source has failed of late. */
  #failed(source: string, address: string, now: number): number {
    const { failuresPerName, failureForgiven, failuresPerAddress, addressFailureForgiven } = this.#limits;
    this.#counters.authenticationFailures += 1;
    const left = drain(this.#names.get(ownText(source)), now, failuresPerName, failureForgiven);
    drain(this.#addresses.get(address), now, failuresPerAddress, addressFailureForgiven);
    return Math.ceil(failuresPerName - left);
  }
}

function refill(bucket: Bucket, now: number, most: number, forgiven: number): void {
  bucket.tokens = bucket.tokens < 0 ? most : Math.min(most, bucket.tokens + (now - bucket.counted) / forgiven);
  bucket.counted = now;
}

function empty(bucket: Bucket | undefined, now: number, most: number, forgiven: number): boolean {
  if (bucket === undefined) return false;
  refill(bucket, now, most, forgiven);
  return bucket.tokens < 1;
}

function drain(bucket: Bucket, now: number, most: number, forgiven: number): number {
  refill(bucket, now, most, forgiven);
  bucket.tokens = Math.max(0, bucket.tokens - 1);
  return bucket.tokens;
}

/** Those that can be read. Broken ones count as none: the answer is a challenge either way. */
function credentialsFor(request: Request, field: CredentialField, realm: string): DigestCredentials[] {
  const found: DigestCredentials[] = [];
  if (!request.has(field)) return found;
  for (const value of request.all(field)) {
    if (found.length >= MOST_CREDENTIALS) break;
    try {
      const credentials = parseCredentials(value);
      if (credentials !== undefined && credentials.realm === realm) found.push(credentials);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  return found;
}

/** A credential of any kind for our realm is there, good or not. */
export function offersCredentials(request: Request, field: CredentialField, realm: string): boolean {
  return request.has(field) && request.all(field).some((value) => value.includes(`"${realm}"`));
}

/** RFC 3261 section 22.3: what was for this proxy goes no further. */
export function removeOwnCredentials(request: Request, realm: string): void {
  if (!request.has('proxy-authorization')) return;
  const others = request.all('proxy-authorization').filter((value) => !value.includes(`realm="${realm}"`));
  request.remove('proxy-authorization');
  for (const value of others) request.append('proxy-authorization', value);
}

/**
 * COMPAT: JsSIP 3, SIP.js 0.21, baresip 1 and SIPp 3.6 give up when any challenge, or the first, is not MD5, though
 * RFC 8760 section 2.4 has them take the first they know. They are told by User-Agent, SIPp by the branch it makes.
 */
function knowsOnlyMd5(request: Request): boolean {
  const agent = request.get('user-agent');
  if (agent !== undefined) return /^(?:JsSIP|SIP\.js|baresip|sipp|sipsak|PJSUA v[01]|Twinkle)/i.test(agent);
  return /^z9hG4bK-\d+-\d+-\d+$/.test(request.via.branch ?? '');
}
