import { closeSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { CallRecords } from '../call-records.ts';
import { type StorageLimits, storageLimits } from '../limits.ts';
import { QueriedMessagingStore } from '../messaging/messaging-store.ts';
import type {
  AccountStore,
  ApiKeyStore,
  SessionStore,
  SettingStore,
  Store,
  StoredApiKey,
  StoredSession,
} from '../ports.ts';
import { StorageError } from '../storage-error.ts';
import { accountOf, accountWrites, apiKeyWrites, bindingStore, sessionWrites, settingWrites } from '../writes.ts';
import { openDatabase, prepareFolder, schemaVersion, userVersion } from './database.ts';
import { EmbeddedQueries } from './queries.ts';
import { Writer } from './writer.ts';

export interface EmbeddedStore extends Store {
  /** A consistent copy of the database, while it is in use, into a file that does not exist yet. */
  backup(file: string): void;
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
  const queries = new EmbeddedQueries(database, writer);
  const calls = new CallRecords(queries, limits, now);
  return {
    accounts: accountStore(database, queries, now),
    bindings: bindingStore(queries, now),
    apiKeys: apiKeyStore(queries, now),
    sessions: sessionStore(queries, now),
    settings: settingStore(queries),
    calls,
    messaging: new QueriedMessagingStore(queries, limits),
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

function accountStore(database: DatabaseSync, queries: EmbeddedQueries, now: () => number): AccountStore {
  const version = database.prepare('PRAGMA data_version');
  return {
    changedSince: (revision) => queries.now('accountsSince', { revision }).map(accountOf),
    // Changes when any other connection has committed: the writer's, or another process's (`account add`).
    version: () => Number(version.get()?.['data_version']),
    ...accountWrites(queries, now),
  };
}

function apiKeyStore(queries: EmbeddedQueries, now: () => number): ApiKeyStore {
  return {
    find: (hash) => queries.now('apiKey', { hash })[0] as unknown as StoredApiKey | undefined,
    list: () => queries.now('apiKeys', {}) as unknown as StoredApiKey[],
    ...apiKeyWrites(queries, now),
  };
}

function sessionStore(queries: EmbeddedQueries, now: () => number): SessionStore {
  return {
    find: (hash, at) => queries.now('session', { hash, now: at })[0] as unknown as StoredSession | undefined,
    ...sessionWrites(queries, now),
  };
}

function settingStore(queries: EmbeddedQueries): SettingStore {
  return {
    get: (key) => queries.now('setting', { key })[0]?.['value'] as string | undefined,
    ...settingWrites(queries),
  };
}
