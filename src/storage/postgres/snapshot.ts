import type { StoredAccount, StoredApiKey, StoredSession } from '../ports.ts';
import type { Queries } from '../queries.ts';
import { accountOf } from '../writes.ts';

/**
 * What SIP and HTTP look up inside a transition, in memory (docs/adr/0014): read whole at the start and after the
 * connection that tells of changes was away, else as far as it has changed. While the database is away it answers as
 * it last was.
 */
export class Snapshot {
  readonly accounts = new Map<string, StoredAccount>();
  readonly apiKeys = new Map<string, StoredApiKey>();
  readonly sessions = new Map<string, StoredSession>();
  readonly settings = new Map<string, string>();
  /** Another number after each change of accounts. */
  version = 0;
  readonly #queries: Queries;
  #revision = 0;
  /** One at a time: what was read earlier never takes the place of what was read later. */
  #reading: Promise<void> = Promise.resolve();

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  load(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#readAccounts();
      await this.#readApiKeys();
      await this.#readSettings();
      const sessions = (await this.#queries.read('sessions', {})) as unknown as StoredSession[];
      this.sessions.clear();
      for (const session of sessions) this.sessions.set(keyOf(session.hash), session);
    });
  }

  /** `what`: as the triggers of migrations.ts say it, a table and for sessions the account. */
  changed(what: string): Promise<void> {
    const space = what.indexOf(' ');
    const table = what.slice(0, space);
    const name = what.slice(space + 1);
    return this.#inTurn(async () => {
      if (table === 'account') await this.#readAccounts();
      else if (table === 'api_key') await this.#readApiKeys();
      else if (table === 'setting') await this.#readSettings();
      else if (table === 'session') await this.#readSessionsOf(name);
    });
  }

  #inTurn(read: () => Promise<void>): Promise<void> {
    const done = this.#reading.then(read);
    this.#reading = done.catch(() => {});
    return done;
  }

  async #readAccounts(): Promise<void> {
    for (const row of await this.#queries.read('accountsSince', { revision: this.#revision })) {
      const account = accountOf(row);
      this.accounts.set(account.name, account);
      this.#revision = Math.max(this.#revision, account.revision);
      this.version += 1;
    }
  }

  async #readApiKeys(): Promise<void> {
    const keys = (await this.#queries.read('apiKeys', {})) as unknown as StoredApiKey[];
    this.apiKeys.clear();
    for (const key of keys) this.apiKeys.set(keyOf(key.hash), key);
  }

  async #readSettings(): Promise<void> {
    const rows = await this.#queries.read('settings', {});
    this.settings.clear();
    for (const { key, value } of rows) this.settings.set(key as string, value as string);
  }

  async #readSessionsOf(name: string): Promise<void> {
    const rows = (await this.#queries.read('sessionsOf', { name })) as unknown as StoredSession[];
    for (const [key, session] of this.sessions) if (session.name === name) this.sessions.delete(key);
    for (const session of rows) this.sessions.set(keyOf(session.hash), session);
  }
}

export function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1');
}
