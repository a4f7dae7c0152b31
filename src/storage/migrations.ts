import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What the two engines call differently. SQLite's words are those of the first release, which its databases have. */
const TYPES = {
  sqlite: { text: 'text', integer: 'integer', octets: 'blob', counter: 'integer' },
  // By code points, as SQLite compares: ids and ranges rely on it, and an index by it serves a range.
  postgres: { text: sql`text collate "C"`, integer: 'bigint', octets: 'bytea', counter: 'bigserial' },
} as const;

/** In order; a migration that was published is never edited. `PRAGMA user_version` is the number of those applied. */
export function migrations(engine: keyof typeof TYPES): Record<string, Migration> {
  const { text, integer, octets, counter } = TYPES[engine];
  return {
    '0001-accounts-and-bindings': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('account')
          .addColumn('name', text, (c) => c.primaryKey())
          .addColumn('admin', integer, (c) => c.notNull().defaultTo(0))
          .addColumn('sealed', octets, (c) => c.notNull())
          .addColumn('created', integer, (c) => c.notNull())
          .addColumn('revision', integer, (c) => c.notNull())
          .execute();
        await db.schema.createIndex('account_revision').on('account').column('revision').execute();
        await db.schema
          .createTable('binding')
          .addColumn('aor', text, (c) => c.notNull())
          .addColumn('id', text, (c) => c.notNull())
          .addColumn('expires', integer, (c) => c.notNull())
          .addColumn('data', text, (c) => c.notNull())
          .addPrimaryKeyConstraint('binding_key', ['aor', 'id'])
          .execute();
        await db.schema
          .createTable('api_key')
          .addColumn('name', text, (c) => c.primaryKey())
          .addColumn('hash', octets, (c) => c.notNull().unique())
          .addColumn('created', integer, (c) => c.notNull())
          .execute();
        await db.schema
          .createTable('session')
          .addColumn('hash', octets, (c) => c.primaryKey())
          .addColumn('name', text, (c) => c.notNull())
          .addColumn('expires', integer, (c) => c.notNull())
          .execute();
        await db.schema.createIndex('session_name').on('session').columns(['name', 'expires']).execute();
        await db.schema.createIndex('session_expires').on('session').column('expires').execute();
        await db.schema
          .createTable('setting')
          .addColumn('key', text, (c) => c.primaryKey())
          .addColumn('value', text, (c) => c.notNull())
          .execute();
        await sql`insert into setting (key, value) values ('accounts.revision', '0')`.execute(db);
        if (engine === 'postgres') await notifications(db);
      },
    },
    '0002-calls': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('call')
          .addColumn('id', counter, (c) => (engine === 'sqlite' ? c.primaryKey().autoIncrement() : c.primaryKey()))
          .addColumn('call_id', text, (c) => c.notNull())
          .addColumn('from_address', text, (c) => c.notNull())
          .addColumn('to_address', text, (c) => c.notNull())
          .addColumn('caller', text)
          .addColumn('callee', text)
          .addColumn('started', integer, (c) => c.notNull())
          .addColumn('answered', integer)
          .addColumn('ended', integer, (c) => c.notNull())
          .addColumn('status', integer, (c) => c.notNull())
          .addColumn('ended_by', text, (c) => c.notNull())
          .addColumn('reason', text)
          .addColumn('media', text, (c) => c.notNull())
          .addColumn('legs', text)
          .execute();
        await db.schema.createIndex('call_started').on('call').column('started').execute();
        await db.schema.createIndex('call_caller').on('call').columns(['caller', 'started']).execute();
        await db.schema.createIndex('call_callee').on('call').columns(['callee', 'started']).execute();
      },
    },
    '0003-messaging': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('archive')
          .addColumn('owner', text, (c) => c.notNull())
          .addColumn('id', text, (c) => c.notNull())
          .addColumn('peer', text, (c) => c.notNull())
          .addColumn('time', integer, (c) => c.notNull())
          .addColumn('stanza', text, (c) => c.notNull())
          .addPrimaryKeyConstraint('archive_key', ['owner', 'id'])
          .execute();
        await db.schema.createIndex('archive_peer').on('archive').columns(['owner', 'peer', 'id']).execute();
        await db.schema
          .createTable('offline')
          .addColumn('owner', text, (c) => c.notNull())
          .addColumn('id', text, (c) => c.notNull())
          .addColumn('time', integer, (c) => c.notNull())
          .addColumn('stanza', text, (c) => c.notNull())
          .addPrimaryKeyConstraint('offline_key', ['owner', 'id'])
          .execute();
        await db.schema
          .createTable('roster_item')
          .addColumn('owner', text, (c) => c.notNull())
          .addColumn('jid', text, (c) => c.notNull())
          .addColumn('version', integer, (c) => c.notNull())
          .addColumn('item', text)
          .addPrimaryKeyConstraint('roster_item_key', ['owner', 'jid'])
          .execute();
        await db.schema
          .createTable('document')
          .addColumn('owner', text, (c) => c.notNull())
          .addColumn('name', text, (c) => c.notNull())
          .addColumn('value', text, (c) => c.notNull())
          .addPrimaryKeyConstraint('document_key', ['owner', 'name'])
          .execute();
        await db.schema.createIndex('document_name').on('document').columns(['name', 'owner']).execute();
        await db.schema
          .createTable('pubsub_item')
          .addColumn('owner', text, (c) => c.notNull())
          .addColumn('node', text, (c) => c.notNull())
          .addColumn('id', text, (c) => c.notNull())
          .addColumn('publisher', text, (c) => c.notNull())
          .addColumn('time', integer, (c) => c.notNull())
          .addColumn('payload', text, (c) => c.notNull())
          .addColumn('sequence', integer, (c) => c.notNull())
          .addPrimaryKeyConstraint('pubsub_item_key', ['owner', 'node', 'id'])
          .execute();
        await db.schema
          .createIndex('pubsub_item_sequence')
          .on('pubsub_item')
          .columns(['owner', 'node', 'sequence'])
          .execute();
        await db.schema
          .createTable('upload')
          .addColumn('id', text, (c) => c.primaryKey())
          .addColumn('owner', text, (c) => c.notNull())
          .addColumn('name', text, (c) => c.notNull())
          .addColumn('type', text, (c) => c.notNull())
          .addColumn('size', integer, (c) => c.notNull())
          .addColumn('created', integer, (c) => c.notNull())
          .addColumn('stored', integer, (c) => c.notNull())
          .execute();
        await db.schema.createIndex('upload_owner').on('upload').columns(['owner', 'size']).execute();
        await db.schema.createIndex('upload_created').on('upload').column('created').execute();
      },
    },
  };
}

/** Whoever keeps a copy of these tables in memory is told of each change (postgres/snapshot.ts). */
async function notifications(db: Kysely<unknown>): Promise<void> {
  for (const [table, key] of [
    ['account', ''],
    ['api_key', ''],
    ['session', 'name'],
    ['setting', ''],
  ] as const) {
    const row = key === '' ? "''" : `coalesce(new.${key}, old.${key})`;
    await sql`create function ${sql.raw(`tell_of_${table}`)}() returns trigger language plpgsql as
      ${sql.lit(`begin perform pg_notify('chappe', '${table} ' || ${row}); return null; end`)}`.execute(db);
    await sql`create trigger ${sql.raw(`tell_of_${table}`)} after insert or update or delete on ${sql.table(table)}
      for each row execute function ${sql.raw(`tell_of_${table}`)}()`.execute(db);
  }
}
