import { createHash, randomBytes } from 'node:crypto';
import type { SessionStore } from '../../storage/ports.ts';
import type { Identity } from '../../transport/flow.ts';
import type { Accounts } from '../accounts/accounts.ts';

export const SESSION_COOKIE = 'chappe_session';

/** Web sessions: a random token in a cookie, its hash in the store, so that a sign-in outlives a restart. */
export class Sessions {
  readonly #store: SessionStore;
  readonly #accounts: Accounts;
  readonly #life: number;
  readonly #keep: number;

  /** `life`: milliseconds; `keep`: sessions of one account. */
  constructor(options: { store: SessionStore; accounts: Accounts; life: number; keep: number }) {
    this.#store = options.store;
    this.#accounts = options.accounts;
    this.#life = options.life;
    this.#keep = options.keep;
  }

  /** The cookie's value and its life in seconds. */
  async begin(name: string): Promise<{ token: string; maxAge: number }> {
    const token = randomBytes(32).toString('base64url');
    await this.#store.add({ hash: hashOf(token), name, expires: Date.now() + this.#life }, this.#keep);
    return { token, maxAge: Math.floor(this.#life / 1000) };
  }

  identity(token: string | undefined): Identity | undefined {
    if (token === undefined || !/^[\w-]{43}$/.test(token)) return undefined;
    const session = this.#store.find(hashOf(token), Date.now());
    return session && this.#accounts.identity(session.name);
  }

  async end(token: string | undefined): Promise<void> {
    if (token !== undefined && /^[\w-]{43}$/.test(token)) await this.#store.remove(hashOf(token));
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
