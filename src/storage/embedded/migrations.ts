import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** In order; a migration that was published is never edited. `PRAGMA user_version` is the number of those applied. */
export const migrations: Record<string, Migration> = {
  '0001-accounts-and-bindings': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('account')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('admin', 'integer', (c) => c.notNull().defaultTo(0))
        .addColumn('sealed', 'blob', (c) => c.notNull())
        .addColumn('created', 'integer', (c) => c.notNull())
        .addColumn('revision', 'integer', (c) => c.notNull())
        .execute();
      await db.schema.createIndex('account_revision').on('account').column('revision').execute();
      await db.schema
        .createTable('binding')
        .addColumn('aor', 'text', (c) => c.notNull())
        .addColumn('id', 'text', (c) => c.notNull())
        .addColumn('expires', 'integer', (c) => c.notNull())
        .addColumn('data', 'text', (c) => c.notNull())
        .addPrimaryKeyConstraint('binding_key', ['aor', 'id'])
        .execute();
      await db.schema
        .createTable('api_key')
        .addColumn('name', 'text', (c) => c.primaryKey())
        .addColumn('hash', 'blob', (c) => c.notNull().unique())
        .addColumn('created', 'integer', (c) => c.notNull())
        .execute();
      await db.schema
        .createTable('session')
        .addColumn('hash', 'blob', (c) => c.primaryKey())
        .addColumn('name', 'text', (c) => c.notNull())
        .addColumn('expires', 'integer', (c) => c.notNull())
        .execute();
      await db.schema.createIndex('session_name').on('session').columns(['name', 'expires']).execute();
      await db.schema.createIndex('session_expires').on('session').column('expires').execute();
      await db.schema
        .createTable('setting')
        .addColumn('key', 'text', (c) => c.primaryKey())
        .addColumn('value', 'text', (c) => c.notNull())
        .execute();
      await sql`insert into setting (key, value) values ('accounts.revision', '0')`.execute(db);
    },
  },
  '0002-calls': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('call')
        .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
        .addColumn('call_id', 'text', (c) => c.notNull())
        .addColumn('from_address', 'text', (c) => c.notNull())
        .addColumn('to_address', 'text', (c) => c.notNull())
        .addColumn('caller', 'text')
        .addColumn('callee', 'text')
        .addColumn('started', 'integer', (c) => c.notNull())
        .addColumn('answered', 'integer')
        .addColumn('ended', 'integer', (c) => c.notNull())
        .addColumn('status', 'integer', (c) => c.notNull())
        .addColumn('ended_by', 'text', (c) => c.notNull())
        .addColumn('reason', 'text')
        .addColumn('media', 'text', (c) => c.notNull())
        .addColumn('legs', 'text')
        .execute();
      await db.schema.createIndex('call_started').on('call').column('started').execute();
      await db.schema.createIndex('call_caller').on('call').columns(['caller', 'started']).execute();
      await db.schema.createIndex('call_callee').on('call').columns(['callee', 'started']).execute();
    },
  },
};
