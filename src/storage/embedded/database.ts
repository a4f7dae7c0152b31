import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const DATABASE_FILE = 'chappe.db';
/** `PRAGMA user_version` of a database with all of migrations.ts. Here, so that kysely is loaded only to migrate. */
export const schemaVersion = 3;
/** How long a connection waits for another process's commit. */
const BUSY_TIMEOUT = 5_000;

/** Makes the folder, for its owner only. */
export function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/** Makes the folder (0700) and an empty database file (0600); SQLite gives its -wal and -shm the file's mode. */
export function prepareFolder(folder: string): string {
  makeFolder(folder);
  const file = join(folder, DATABASE_FILE);
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  return file;
}

/**
 * One connection. In WAL mode `synchronous=FULL` flushes the log to the disk before a commit returns: it outlives the
 * process's death (as NORMAL would) and a power cut (as NORMAL would not). The writer commits in batches in a thread of
 * its own, so that nobody waits for the flush but those whose answer promises durability.
 */
export function openDatabase(file: string, options: { readOnly?: boolean } = {}): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: options.readOnly ?? false, timeout: BUSY_TIMEOUT });
  if (!options.readOnly)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  return database;
}

export function userVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}
