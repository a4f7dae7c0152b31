import type { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from '../migrations.ts';
import { schemaVersion, userVersion } from './database.ts';
import { asSqliteDatabase } from './dialect.ts';

/** Brings the database to this version's schema. Loaded only when there is something to do: kysely costs start-up time. */
export async function migrate(database: DatabaseSync): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: asSqliteDatabase(database) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations('sqlite') } });
  for (let attempt = 0; ; attempt++) {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) break;
    // Another process (`account add` beside the first start) may be at it: then it is done in a moment.
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (userVersion(database) >= schemaVersion) return;
    if (attempt >= 20) throw error;
  }
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
}
