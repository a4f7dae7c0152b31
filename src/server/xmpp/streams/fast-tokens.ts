// Fast Authentication Streamlining Tokens (XEP-0484). A token is not kept: it is made from a secret of this server and from
// what is kept about it, so that a copy of the store logs nobody in; and from the account's keys, so that a new password
// ends all of them. (A hash of it could not be kept, since the mechanism's HMAC needs the token itself.)
import { hash, randomBytes } from 'node:crypto';
import { type ByteString, encodeUtf8 } from '../../../protocol/byte-string.ts';
import { type Primitives, toBase64Url } from '../../../protocol/primitives.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { Identity } from '../../../transport/flow.ts';
import type { XmppLimits } from './limits.ts';

/** Hashed Token mechanisms (draft-schmaus-kitten-sasl-ht): the hash, and which channel binding. */
export const TOKEN_MECHANISMS = ['HT-SHA-256-EXPR', 'HT-SHA-256-ENDP', 'HT-SHA-256-NONE'] as const;
export type TokenMechanism = (typeof TOKEN_MECHANISMS)[number];

interface StoredToken {
  nonce: string;
  mechanism: TokenMechanism;
  /** Unix milliseconds. */
  issued: number;
  expires: number;
  /** Of the ephemeral credential that it was given for, Unix seconds. */
  credential?: number;
}

/** A client's document: its newest token, and the one before until the newest has been used. */
interface StoredTokens {
  current: StoredToken;
  previous?: StoredToken;
}

export interface IssuedToken {
  token: string;
  /** Unix milliseconds. */
  expires: number;
}

export interface TokenAccounts {
  identity(name: string): Identity | undefined;
  scramKeys(name: string, hash: 'SHA-256'): { storedKey: string } | undefined;
}

const PREFIX = 'fast:';

export class FastTokens {
  readonly #documents: DocumentStore;
  readonly #primitives: Primitives;
  readonly #secret: ByteString;
  readonly #accounts: TokenAccounts;
  readonly #limits: Pick<XmppLimits, 'tokenLife' | 'tokenRotation' | 'tokensPerAccount'>;
  readonly #domain: string;
  readonly #now: () => number;

  /** `now`: Unix milliseconds. */
  constructor(options: {
    documents: DocumentStore;
    primitives: Primitives;
    secret: ByteString;
    accounts: TokenAccounts;
    limits: Pick<XmppLimits, 'tokenLife' | 'tokenRotation' | 'tokensPerAccount'>;
    domain: string;
    now: () => number;
  }) {
    this.#documents = options.documents;
    this.#primitives = options.primitives;
    this.#secret = options.primitives.hmac('sha256', options.secret, 'chappe fast token 1');
    this.#accounts = options.accounts;
    this.#limits = options.limits;
    this.#domain = options.domain;
    this.#now = options.now;
  }

  /** A token for this client, in place of the one it has. `client`: the id of its `<user-agent/>`. */
  async issue(identity: Identity, client: string, mechanism: TokenMechanism): Promise<IssuedToken> {
    const owner = this.#owner(identity.name);
    const name = documentName(client);
    const now = this.#now();
    const known = await this.#read(owner, name);
    const ends = identity.expires === undefined ? Number.POSITIVE_INFINITY : identity.expires * 1000;
    const current: StoredToken = {
      nonce: randomBytes(18).toString('base64url'),
      mechanism,
      issued: now,
      expires: Math.min(now + this.#limits.tokenLife, ends),
      ...(identity.expires !== undefined && { credential: identity.expires }),
    };
    const tokens: StoredTokens = known === undefined ? { current } : { current, previous: known.current };
    if (known === undefined) await this.#makeRoom(owner);
    await this.#documents.set(owner, name, JSON.stringify(tokens));
    return { token: this.#token(identity.name, client, current), expires: current.expires };
  }

  /**
   * Which of the client's tokens the HMAC proves. `binding`: the channel binding's octets ('' for NONE).
   * `renew`: it is old enough to be replaced. `attempt` is called when the proof is looked at, and what it gives when it is right.
   */
  async verify(
    name: string,
    client: string,
    mechanism: TokenMechanism,
    proof: ByteString,
    binding: ByteString,
    attempt: () => () => void,
  ): Promise<{ identity: Identity; answer: ByteString; renew: boolean } | undefined> {
    const owner = this.#owner(name);
    const document = documentName(client);
    const tokens = await this.#read(owner, document);
    const now = this.#now();
    const forgive = attempt();
    for (const stored of [tokens?.current, tokens?.previous]) {
      if (stored === undefined || stored.mechanism !== mechanism || stored.expires <= now) continue;
      const key = encodeUtf8(this.#token(name, client, stored));
      if (!this.#primitives.equal(this.#primitives.hmac('sha256', key, `Initiator${binding}`), proof)) continue;
      const identity = this.#identity(name, stored);
      if (identity === undefined) return undefined;
      forgive();
      // The newer one, if it is the older that was used, has never reached the client.
      if (tokens?.previous !== undefined)
        await this.#documents.set(owner, document, JSON.stringify({ current: stored }));
      return {
        identity,
        answer: this.#primitives.hmac('sha256', key, `Responder${binding}`),
        renew: stored !== tokens?.current || now - stored.issued >= this.#limits.tokenRotation,
      };
    }
    return undefined;
  }

  async revoke(name: string, client: string): Promise<void> {
    await this.#documents.set(this.#owner(name), documentName(client), undefined);
  }

  #identity(name: string, { credential }: StoredToken): Identity | undefined {
    const account = this.#accounts.identity(name);
    if (credential === undefined) return account;
    return { name, account: account !== undefined, admin: false, expires: credential };
  }

  #token(name: string, client: string, { nonce, mechanism, credential }: StoredToken): string {
    const keys = this.#accounts.scramKeys(name, 'SHA-256')?.storedKey ?? '';
    const text = JSON.stringify([name, client, nonce, mechanism, credential ?? 0, keys]);
    return toBase64Url(this.#primitives.hmac('sha256', this.#secret, encodeUtf8(text)));
  }

  async #makeRoom(owner: string): Promise<void> {
    const others = await this.#documents.list(owner, PREFIX);
    if (others.length < this.#limits.tokensPerAccount) return;
    const oldest = others
      .map(({ name, value }) => ({ name, issued: (JSON.parse(value) as StoredTokens).current.issued }))
      .sort((a, b) => a.issued - b.issued)
      .slice(0, others.length - this.#limits.tokensPerAccount + 1);
    await Promise.all(oldest.map(({ name }) => this.#documents.set(owner, name, undefined)));
  }

  async #read(owner: string, name: string): Promise<StoredTokens | undefined> {
    const text = await this.#documents.get(owner, name);
    return text === undefined ? undefined : (JSON.parse(text) as StoredTokens);
  }

  #owner(name: string): string {
    return `${name}@${this.#domain}`;
  }
}

/** The client chooses its id: its hash is what is kept. */
function documentName(client: string): string {
  return PREFIX + hash('sha256', client, 'base64url').slice(0, 22);
}
