import { closeSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { type StorageLimits, storageLimits } from '../limits.ts';
import { QueriedMessagingStore } from '../messaging/messaging-store.ts';
import { messagingReads } from '../messaging/statements.ts';
import type {
  AccountStore,
  ApiKeyStore,
  BindingStore,
  SessionStore,
  SettingStore,
  Store,
  StoredAccount,
  StoredApiKey,
  StoredBinding,
  StoredSession,
} from '../ports.ts';
import type { Step } from '../statements.ts';
import { EmbeddedCallRecords } from './call-records.ts';
import { openDatabase, prepareFolder, schemaVersion, userVersion } from './database.ts';
import { EmbeddedQueries } from './queries.ts';
import { StorageError, Writer } from './writer.ts';

export interface EmbeddedStore extends Store {
  /** A consistent copy of the database, while it is in use, into a file that does not exist yet. */
  backup(file: string): void;
  /** Writes under way. */
  readonly queued: number;
}

/** Opens the folder's database, made and migrated as needed. `now`: milliseconds since 1970. */
export async function openEmbeddedStore(
  folder: string,
  options: { limits?: Partial<StorageLimits>; now?: () => number } = {},
): Promise<EmbeddedStore> {
  const file = prepareFolder(folder);
  const now = options.now ?? Date.now;
  const database = openDatabase(file);
  const version = userVersion(database);
  if (version > schemaVersion) {
    database.close();
    throw new StorageError(
      'STORAGE_FAILED',
      `The data folder was written by a newer version of Chappe (schema ${version}).`,
    );
  }
  if (version < schemaVersion) await (await import('./migrate.ts')).migrate(database);
  const limits = { ...storageLimits, ...options.limits };
  const writer = new Writer(file, limits);
  const calls = new EmbeddedCallRecords(database, writer, limits, now);
  return {
    accounts: accountStore(database, writer, now),
    bindings: bindingStore(database, writer, now),
    apiKeys: apiKeyStore(database, writer, now),
    sessions: sessionStore(database, writer, now),
    settings: settingStore(database, writer),
    calls,
    messaging: new QueriedMessagingStore(new EmbeddedQueries(database, writer), limits),
    backup(target) {
      closeSync(openSync(target, 'wx', 0o600)); // SQLite fills an empty file and keeps its mode
      database.prepare('vacuum into ?').run(target);
    },
    get queued() {
      return writer.queued;
    },
    async close() {
      calls.flush();
      await writer.close();
      if (database.isOpen) database.close();
    },
  };
}

function accountStore(database: DatabaseSync, writer: Writer, now: () => number): AccountStore {
  const since = database.prepare(
    'select name, admin, sealed, created, revision from account where revision > ? order by revision',
  );
  const version = database.prepare('PRAGMA data_version');
  const owned = database.prepare(
    `select 1 from binding where aor = @name union all select 1 from session where name = @name
      union all select 1 from call where caller = @name
      union all select 1 from call where callee = @name and answered is not null limit 1`,
  );
  const ownedByAddress = database.prepare(messagingReads.owned);
  return {
    changedSince: (revision) =>
      since.all(revision).map((row) => ({ ...row, admin: row['admin'] === 1 }) as unknown as StoredAccount),
    // Changes when any other connection has committed: the writer's, or another process's (`account add`).
    version: () => Number(version.get()?.['data_version']),
    async save({ name, admin, sealed, endSessions }) {
      const steps: Step[] = [
        ['bumpRevision', {}],
        ['saveAccount', { name, admin: admin ? 1 : 0, sealed, created: now() }],
      ];
      if (endSessions) steps.push(['endSessions', { name }]);
      await writer.write(...steps);
    },
    async add({ name, admin, sealed }) {
      return (
        (await writer.write(
          ['bumpRevision', {}],
          ['addAccount', { name, admin: admin ? 1 : 0, sealed, created: now() }],
        )) === 1
      );
    },
    ownsData: (name, address) =>
      owned.get({ name }) !== undefined || ownedByAddress.get({ owner: address }) !== undefined,
  };
}

function bindingStore(database: DatabaseSync, writer: Writer, now: () => number): BindingStore {
  const live = database.prepare('select aor, id, expires, data from binding where expires > ?');
  return {
    load: async (at = now()) => live.all(at) as unknown as StoredBinding[],
    async save(aor, bindings) {
      const steps: Step[] = [['removeBindings', { aor }]];
      for (const { id, expires, data } of bindings) steps.push(['addBinding', { aor, id, expires, data }]);
      await writer.write(...steps);
    },
  };
}

function apiKeyStore(database: DatabaseSync, writer: Writer, now: () => number): ApiKeyStore {
  const byHash = database.prepare('select name, hash, created from api_key where hash = ?');
  const all = database.prepare('select name, hash, created from api_key order by name');
  return {
    find: (hash) => byHash.get(hash) as unknown as StoredApiKey | undefined,
    list: () => all.all() as unknown as StoredApiKey[],
    add: async ({ name, hash }) => (await writer.write(['addApiKey', { name, hash, created: now() }])) === 1,
  };
}

function sessionStore(database: DatabaseSync, writer: Writer, now: () => number): SessionStore {
  const byHash = database.prepare('select hash, name, expires from session where hash = ? and expires > ?');
  return {
    find: (hash, at) => byHash.get(hash, at) as unknown as StoredSession | undefined,
    async add(session, keep) {
      await writer.write(
        ['purgeSessions', { now: now() }],
        ['addSession', { ...session }],
        ['trimSessions', { name: session.name, keep }],
      );
    },
    async remove(hash) {
      await writer.write(['removeSession', { hash }]);
    },
  };
}

function settingStore(database: DatabaseSync, writer: Writer): SettingStore {
  const one = database.prepare('select value from setting where key = ?');
  return {
    get: (key) => one.get(key)?.['value'] as string | undefined,
    async set(key, value) {
      await writer.write(['setSetting', { key, value }]);
    },
  };
}
