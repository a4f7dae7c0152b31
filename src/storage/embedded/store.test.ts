import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, expect, test } from 'vitest';
import { storeContract } from '../../../test/support/store-contract.ts';
import { migrations } from '../migrations.ts';
import { schemaVersion, userVersion } from './database.ts';
import { asSqliteDatabase } from './dialect.ts';
import { migrate } from './migrate.ts';
import { type EmbeddedStore, openEmbeddedStore } from './store.ts';

const folders: string[] = [];
const stores: EmbeddedStore[] = [];

function folder(): string {
  const made = join(mkdtempSync(join(tmpdir(), 'chappe-store-')), 'data');
  folders.push(made);
  return made;
}

async function open(where: string, options: Parameters<typeof openEmbeddedStore>[1] = {}): Promise<EmbeddedStore> {
  const store = await openEmbeddedStore(where, options);
  stores.push(store);
  return store;
}

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const made of folders.splice(0)) rmSync(join(made, '..'), { recursive: true });
});

storeContract(() => {
  const where = folder();
  return (options) => open(where, options);
});

const sealed = Buffer.from('sealed');

test('the schema version counts the migrations', () => {
  expect(schemaVersion).toBe(Object.keys(migrations('sqlite')).length);
});

test('nobody but the owner may read the folder or any file in it', async () => {
  const where = folder();
  const store = await open(where);
  await store.settings.set('a', 'b');
  expect(statSync(where).mode & 0o777).toBe(0o700);
  for (const file of readdirSync(where)) expect(statSync(join(where, file)).mode & 0o777, file).toBe(0o600);
});

test('accounts added by another connection are noticed', async () => {
  const where = folder();
  const [server, command] = [await open(where), await open(where)];
  const version = server.accounts.version();
  expect(server.accounts.version()).toBe(version);
  expect(await command.accounts.add({ name: 'carol', admin: false, sealed })).toBe(true);
  expect(server.accounts.version()).not.toBe(version);
  const [carol] = server.accounts.changedSince(0);
  expect(carol).toMatchObject({ name: 'carol', admin: false });
  expect(Buffer.from(carol!.sealed)).toEqual(sealed);
  expect(server.accounts.changedSince(carol!.revision)).toEqual([]);
  expect(await server.accounts.add({ name: 'carol', admin: true, sealed })).toBe(false);
  await command.accounts.save({ name: 'carol', admin: true, sealed, endSessions: false });
  expect(server.accounts.changedSince(carol!.revision)).toMatchObject([
    { name: 'carol', admin: true, created: carol!.created },
  ]);
});

test('closing makes durable what was queued, and refuses what comes after', async () => {
  const where = folder();
  const store = await openEmbeddedStore(where);
  const write = store.settings.set('last', 'word');
  await store.close();
  await write;
  await expect(store.settings.set('too', 'late')).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
  expect((await open(where)).settings.get('last')).toBe('word');
});

test('a database of the first release is brought up to date, and keeps what it has', async () => {
  const where = folder();
  mkdirSync(where);
  const database = new DatabaseSync(join(where, 'chappe.db'));
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: asSqliteDatabase(database) }) });
  const old = Object.fromEntries(Object.entries(migrations('sqlite')).slice(0, 2));
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => old } }).migrateToLatest();
  expect(error).toBeUndefined();
  database.exec(`PRAGMA user_version = 2;
    insert into account values ('alice', 1, x'00', 7, 1); update setting set value = '1'`);
  database.close();
  const store = await open(where);
  expect(store.accounts.changedSince(0)).toMatchObject([{ name: 'alice', admin: true, created: 7 }]);
  await store.messaging.documents.set('alice@x', 'vcard', 'V');
  expect(await store.messaging.documents.get('alice@x', 'vcard')).toBe('V');
});

test('a schema that could not be made whole is not made at all, and is when there is room', async () => {
  const database = new DatabaseSync(':memory:');
  for (let pages = 2; pages < 64; pages += 3) {
    database.exec(`PRAGMA max_page_count = ${pages}`);
    await migrate(database).catch(({ message }: Error) => expect(message).toContain('full'));
    const tables = Number(database.prepare('select count(*) as count from sqlite_master').get()?.['count']);
    expect([tables > 0, userVersion(database)]).toEqual(tables > 0 ? [true, schemaVersion] : [false, 0]);
  }
  expect(userVersion(database)).toBe(schemaVersion);
});

test('a database of a newer version is refused', async () => {
  const where = folder();
  await (await openEmbeddedStore(where)).close();
  const database = new DatabaseSync(join(where, 'chappe.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  await expect(openEmbeddedStore(where)).rejects.toThrow('newer version');
});

test('what was acknowledged survives kill -9', async () => {
  const where = folder();
  const script = `
    const { openEmbeddedStore } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url).href)});
    const store = await openEmbeddedStore(${JSON.stringify(where)});
    for (let i = 0; ; i++) {
      const names = [0, 1, 2, 3].map((j) => 'account' + i + '-' + j);
      await Promise.all(names.map((name) => store.accounts.add({ name, admin: false, sealed: Buffer.from(name) })
        .then(() => process.stdout.write(name + '\\n'))));
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = '';
  child.stdout.on('data', (chunk) => {
    acknowledged += chunk;
    if (acknowledged.length > 4000) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.stdout.on('close', resolve));
  const names = acknowledged.split('\n').slice(0, -1);
  expect(names.length).toBeGreaterThan(100);
  const kept = new Set((await open(where)).accounts.changedSince(0).map(({ name }) => name));
  expect(names.filter((name) => !kept.has(name))).toEqual([]);
});

test('a backup is a whole database', async () => {
  const where = folder();
  const store = await open(where);
  await store.settings.set('a', 'b');
  store.backup(join(where, 'copy.db'));
  const copy = new DatabaseSync(join(where, 'copy.db'), { readOnly: true });
  expect(copy.prepare(`select value from setting where key = 'a'`).get()).toMatchObject({ value: 'b' });
  copy.close();
});
