import { CallRecords } from '../call-records.ts';
import { schemaVersion } from '../embedded/database.ts';
import { type StorageLimits, storageLimits } from '../limits.ts';
import { QueriedMessagingStore } from '../messaging/messaging-store.ts';
import type { AccountStore, ApiKeyStore, SessionStore, SettingStore, Store } from '../ports.ts';
import { StorageError } from '../storage-error.ts';
import { accountWrites, apiKeyWrites, bindingStore, sessionWrites, settingWrites } from '../writes.ts';
import { Changes } from './changes.ts';
import { Connection, storageError } from './connection.ts';
import { PostgresQueries } from './queries.ts';
import { keyOf, Snapshot } from './snapshot.ts';

/** Connects to the database, migrated as needed. Rejects with a StorageError when it cannot be reached. */
export async function openPostgresStore(
  url: string,
  options: { limits?: Partial<StorageLimits>; now?: () => number } = {},
): Promise<Store> {
  await prepare(url);
  const limits = { ...storageLimits, ...options.limits };
  const now = options.now ?? Date.now;
  const queries = new PostgresQueries(url, limits);
  const snapshot = new Snapshot(queries);
  const changes = new Changes({
    url,
    connected: () => snapshot.load(),
    changed: (what) => void snapshot.changed(what).catch(() => {}), // the connection is lost, or about to be
  });
  try {
    await changes.open();
  } catch (error) {
    await queries.close();
    throw storageError(error);
  }
  const calls = new CallRecords(queries, limits, now);
  return {
    accounts: accountStore(snapshot, queries, now),
    bindings: bindingStore(queries, now),
    apiKeys: apiKeyStore(snapshot, queries, now),
    sessions: sessionStore(snapshot, queries, now),
    settings: settingStore(snapshot, queries),
    calls,
    messaging: new QueriedMessagingStore(queries, limits),
    get queued() {
      return queries.queued;
    },
    async close() {
      calls.flush();
      await changes.close();
      await queries.close();
    },
  };
}

async function prepare(url: string): Promise<void> {
  const connection = new Connection(url);
  try {
    const { migrate, schemaVersionOf } = await import('./migrate.ts');
    const version = await schemaVersionOf(connection);
    if (version > schemaVersion)
      throw new StorageError(
        'STORAGE_FAILED',
        `The database was written by a newer version of Chappe (schema ${version}).`,
      );
    if (version < schemaVersion) await migrate(url);
  } catch (error) {
    throw storageError(error);
  } finally {
    await connection.close();
  }
}

// Whoever has written finds what was written, before others are told of it: the promise waits for the snapshot.

function accountStore(snapshot: Snapshot, queries: PostgresQueries, now: () => number): AccountStore {
  const writes = accountWrites(queries, now);
  return {
    changedSince: (revision) =>
      [...snapshot.accounts.values()]
        .filter((account) => account.revision > revision)
        .sort((a, b) => a.revision - b.revision),
    version: () => snapshot.version,
    async save(account) {
      await writes.save(account);
      await snapshot.changed('account ');
      if (account.endSessions) await snapshot.changed(`session ${account.name}`);
    },
    async add(account) {
      const added = await writes.add(account);
      await snapshot.changed('account ');
      return added;
    },
    ownsData: writes.ownsData,
    async erase(name) {
      await writes.erase(name);
      await snapshot.changed(`session ${name}`);
    },
  };
}

function apiKeyStore(snapshot: Snapshot, queries: PostgresQueries, now: () => number): ApiKeyStore {
  const writes = apiKeyWrites(queries, now);
  return {
    find: (hash) => snapshot.apiKeys.get(keyOf(hash)),
    list: () => [...snapshot.apiKeys.values()],
    async add(key) {
      const added = await writes.add(key);
      await snapshot.changed('api_key ');
      return added;
    },
  };
}

function sessionStore(snapshot: Snapshot, queries: PostgresQueries, now: () => number): SessionStore {
  const writes = sessionWrites(queries, now);
  return {
    find(hash, at) {
      const session = snapshot.sessions.get(keyOf(hash));
      return session !== undefined && session.expires > at ? session : undefined;
    },
    async add(session, keep) {
      await writes.add(session, keep);
      await snapshot.changed(`session ${session.name}`);
    },
    async remove(hash) {
      const session = snapshot.sessions.get(keyOf(hash));
      await writes.remove(hash);
      if (session !== undefined) await snapshot.changed(`session ${session.name}`);
    },
  };
}

function settingStore(snapshot: Snapshot, queries: PostgresQueries): SettingStore {
  const writes = settingWrites(queries);
  return {
    get: (key) => snapshot.settings.get(key),
    async set(key, value) {
      await writes.set(key, value);
      await snapshot.changed('setting ');
    },
  };
}
