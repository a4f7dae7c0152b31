// A PostgreSQL database as one file of the embedded store, and back: a backup, and the way from one engine to the other.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { openDatabase } from '../embedded/database.ts';
import { migrate as migrateEmbedded } from '../embedded/migrate.ts';
import { StorageError } from '../storage-error.ts';
import { type Ask, Connection, storageError } from './connection.ts';
import { migrate } from './migrate.ts';

/** Every table that migrations.ts makes, with its columns. */
export const TABLES = {
  account: ['name', 'admin', 'sealed', 'created', 'revision'],
  binding: ['aor', 'id', 'expires', 'data'],
  api_key: ['name', 'hash', 'created'],
  session: ['hash', 'name', 'expires'],
  setting: ['key', 'value'],
  call: [
    ...['call_id', 'from_address', 'to_address', 'caller', 'callee', 'started', 'answered', 'ended', 'status'],
    ...['ended_by', 'reason', 'media', 'legs'],
  ],
  archive: ['owner', 'id', 'peer', 'time', 'stanza'],
  offline: ['owner', 'id', 'time', 'stanza'],
  roster_item: ['owner', 'jid', 'version', 'item'],
  document: ['owner', 'name', 'value'],
  pubsub_item: ['owner', 'node', 'id', 'publisher', 'time', 'payload', 'sequence'],
  upload: ['id', 'owner', 'name', 'type', 'size', 'created', 'stored'],
} as const;

const ROWS_AT_ONCE = 1_000;

/** Writes what the database holds at this moment, while it is in use, into an empty file. */
export async function exportDatabase(url: string, file: string): Promise<void> {
  const target = openDatabase(file);
  const connection = new Connection(url);
  try {
    await migrateEmbedded(target);
    await connection.hold(async (ask) => {
      await ask('begin transaction isolation level repeatable read read only');
      for (const [table, columns] of Object.entries(TABLES)) {
        target.exec(`delete from ${table}`); // what a migration has put there
        const insert = target.prepare(`insert into ${table} (${columns}) values (${columns.map(() => '?')})`);
        const order = table === 'call' ? 'order by id' : '';
        await ask(`declare everything no scroll cursor for select ${columns} from ${table} ${order}`);
        for (;;) {
          const { rows } = await ask(`fetch ${ROWS_AT_ONCE} from everything`);
          target.exec('begin');
          for (const row of rows) insert.run(...columns.map((column) => row[column] as SQLInputValue));
          target.exec('commit');
          if (rows.length < ROWS_AT_ONCE) break;
        }
        await ask('close everything');
      }
    });
    // One file, without the log beside it.
    target.exec('pragma journal_mode = delete');
  } catch (error) {
    throw storageError(error);
  } finally {
    await connection.close();
    target.close();
  }
}

/** Puts what the file holds into the database, all or nothing. `replace`: in the place of what is there. */
export async function importDatabase(file: string, url: string, options: { replace: boolean }): Promise<void> {
  await migrate(url);
  const source = openDatabase(file);
  const connection = new Connection(url);
  try {
    await migrateEmbedded(source);
    await connection.hold(async (ask) => {
      await ask('begin');
      if (options.replace) await ask(`truncate ${Object.keys(TABLES)}`);
      else if ((await ask('select 1 from account limit 1')).rows.length > 0)
        throw new StorageError('STORAGE_FAILED', 'The database holds data.');
      else await ask('delete from setting'); // what a migration has put there
      for (const [table, columns] of Object.entries(TABLES)) await copyTable(source, ask, table, columns);
      await ask('commit');
    });
  } catch (error) {
    throw storageError(error);
  } finally {
    await connection.close();
    source.close();
  }
}

async function copyTable(source: DatabaseSync, ask: Ask, table: string, columns: readonly string[]): Promise<void> {
  const text = `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1)`;
  let rows: Array<Record<string, unknown>> = [];
  const write = async () => {
    if (rows.length > 0) await ask({ text, values: [JSON.stringify(rows)] });
    rows = [];
  };
  const order = table === 'call' ? 'order by id' : '';
  for (const row of source.prepare(`select ${columns} from ${table} ${order}`).iterate()) {
    rows.push(Object.fromEntries(Object.entries(row).map(([column, value]) => [column, jsonOf(value)])));
    if (rows.length >= ROWS_AT_ONCE) await write();
  }
  await write();
}

/** Octets as PostgreSQL reads them in JSON. */
function jsonOf(value: unknown): unknown {
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value;
}
