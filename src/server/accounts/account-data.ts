// Everything that is kept for one account, to be written out or deleted. Passwords are neither.
import type { Store } from '../../storage/ports.ts';
import type { UploadFolder } from '../uploads/upload-folder.ts';
import { affiliationsOf } from '../xmpp/muc/room-documents.ts';
import type { Accounts } from './accounts.ts';

const RECORDS_AT_ONCE = 1_000;

export interface AccountDataOptions {
  accounts: Pick<Accounts, 'list' | 'domain' | 'exists'>;
  store: Pick<Store, 'accounts' | 'bindings' | 'calls' | 'messaging'>;
  /** Where uploaded files lie. */
  uploads: Pick<UploadFolder, 'remove'>;
  /** Takes it off the lists of rooms: a bare address. */
  rooms: { forget(address: string): Promise<void> };
  /** Ends what is open of an account, and forgets what is held in memory: before it is erased, and after. */
  forget?: (name: string) => void;
}

export class AccountData {
  readonly #options: AccountDataOptions;

  constructor(options: AccountDataOptions) {
    this.#options = options;
  }

  /** Of whoever has an account, or once had one and has left something. `name` is canonical. */
  async isKept(name: string): Promise<boolean> {
    const { accounts, store } = this.#options;
    return accounts.exists(name) || (await store.accounts.ownsData(name, this.#address(name)));
  }

  /** A line of JSON each, without its end. */
  async *export(name: string): AsyncGenerator<string> {
    const { accounts, store } = this.#options;
    const account = accounts.list().find((one) => one.name === name);
    if (account !== undefined) {
      const { admin, created } = account;
      yield JSON.stringify({ kind: 'account', name, admin, created: new Date(created).toISOString() });
    }
    for (const { id, expires, data } of await store.bindings.of(name))
      yield JSON.stringify({ kind: 'binding', id, expires: new Date(expires).toISOString(), data: JSON.parse(data) });
    for await (const record of this.#calls(name)) yield JSON.stringify({ kind: 'call', ...record });
    for (const affiliation of await affiliationsOf(store.messaging.documents, this.#address(name)))
      yield JSON.stringify({ kind: 'affiliation', ...affiliation });
    yield* store.messaging.export(this.#address(name));
  }

  /** All but the account itself, and what others keep of their talks with it; bans stay, and rooms that have no other owner. */
  async erase(name: string): Promise<void> {
    const { store, uploads, rooms, forget } = this.#options;
    forget?.(name);
    await rooms.forget(this.#address(name));
    await store.accounts.erase(name);
    await uploads.remove(await store.messaging.erase(this.#address(name)));
    forget?.(name);
  }

  async *#calls(account: string) {
    const { calls } = this.#options.store;
    let before: number | undefined;
    for (;;) {
      const records = await calls.list({ account, before, limit: RECORDS_AT_ONCE });
      yield* records;
      const last = records.at(-1);
      if (records.length < RECORDS_AT_ONCE || last === undefined) return;
      before = last.started;
    }
  }

  #address(name: string): string {
    return `${name}@${this.#options.accounts.domain}`;
  }
}
