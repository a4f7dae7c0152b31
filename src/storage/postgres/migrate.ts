import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { migrations } from '../migrations.ts';
import { StorageError } from '../storage-error.ts';
import { type Connection, clientConfig } from './connection.ts';

/** How many migrations the database has. */
export async function schemaVersionOf(connection: Connection): Promise<number> {
  const { rows } = await connection.query(`select to_regclass('kysely_migration') is not null as made`);
  if (rows[0]?.['made'] !== true) return 0;
  return Number((await connection.query('select count(*) as count from kysely_migration')).rows[0]?.['count']);
}

/** Brings the database to this version's schema; several that begin at once take turns, by a lock of the database. */
export async function migrate(url: string): Promise<void> {
  // Its timeouts are not for migrations, which may have much to do.
  const { statement_timeout: _, query_timeout: __, ...config } = clientConfig(url);
  const pool = new pg.Pool({ ...config, max: 2 });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: pool as never }) });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations('postgres') } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw new StorageError('STORAGE_FAILED', (error as Error).message);
  } finally {
    await db.destroy();
  }
}
