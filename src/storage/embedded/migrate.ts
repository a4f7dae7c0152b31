import type { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from '../migrations.ts';
import { schemaVersion } from './database.ts';
import { asSqliteDatabase } from './dialect.ts';

/**
 * Brings the database to this version's schema, or leaves it as it was: kysely begins no transaction with SQLite, and
 * half a schema could not be migrated again. Another process that is at it (`account add` beside the first start) is
 * waited for. Loaded only when there is something to do: kysely costs start-up time.
 */
export async function migrate(database: DatabaseSync): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: asSqliteDatabase(database) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations('sqlite') } });
  database.exec('BEGIN IMMEDIATE');
  try {
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
