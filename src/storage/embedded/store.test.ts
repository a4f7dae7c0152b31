import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { schemaVersion } from './database.ts';
import { migrations } from './migrations.ts';
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

const sealed = Buffer.from('sealed');

test('the schema version counts the migrations', () => {
  expect(schemaVersion).toBe(Object.keys(migrations).length);
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

test('a changed password ends the account’s sessions and nobody else’s', async () => {
  const store = await open(folder(), { now: () => 1000 });
  const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  await store.sessions.add({ hash: a, name: 'alice', expires: 2000 }, 5);
  await store.sessions.add({ hash: b, name: 'bob', expires: 2000 }, 5);
  await store.accounts.save({ name: 'alice', admin: false, sealed, endSessions: true });
  expect(store.sessions.find(a, 1000)).toBeUndefined();
  expect(store.sessions.find(b, 1000)).toMatchObject({ name: 'bob' });
  expect(store.sessions.find(b, 2000)).toBeUndefined();
});

test('an account keeps its newest sessions only', async () => {
  const store = await open(folder(), { now: () => 0 });
  for (let i = 1; i <= 5; i++)
    await store.sessions.add({ hash: Buffer.alloc(32, i), name: 'alice', expires: 100 + i }, 2);
  expect([1, 2, 3, 4, 5].filter((i) => store.sessions.find(Buffer.alloc(32, i), 0))).toEqual([4, 5]);
});

test('bindings are replaced by address of record, and the expired ones are not loaded', async () => {
  const store = await open(folder(), { now: () => 1000 });
  await store.bindings.save('alice', [
    { id: '1', expires: 5000, data: '{}' },
    { id: '2', expires: 900, data: '{}' },
  ]);
  await store.bindings.save('bob', [{ id: '1', expires: 5000, data: '{}' }]);
  expect((await store.bindings.load()).map(({ aor, id }) => aor + id)).toEqual(['alice1', 'bob1']);
  await store.bindings.save('alice', []);
  expect(await store.bindings.load()).toHaveLength(1);
  expect(store.accounts.ownsData('bob', 'bob@x')).toBe(true);
  expect(store.accounts.ownsData('alice', 'alice@x')).toBe(false);
});

test('one write that fails leaves its neighbours of the batch alone', async () => {
  const store = await open(folder());
  const results = await Promise.allSettled([
    store.apiKeys.add({ name: 'a', hash: Buffer.alloc(32, 1) }),
    store.apiKeys.add({ name: 'b', hash: Buffer.alloc(32, 1) }), // the hash is taken
    store.bindings.save('x', [{ id: '1', expires: Date.now() + 9e6, data: null as never }]),
    store.settings.set('c', 'd'),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(store.settings.get('c')).toBe('d');
});

test('writes beyond the bound are refused, not queued without end', async () => {
  const store = await open(folder(), { limits: { queuedWrites: 10 } });
  const results = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => store.settings.set(`k${i}`, 'v')));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused).toHaveLength(20);
  expect(refused[0]).toMatchObject({ reason: { code: 'STORAGE_BUSY' } });
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

test('records of calls come back newest first: all, or those of an account', async () => {
  const where = folder();
  const first = await open(where, { now: () => 1_000 });
  const record = { callId: 'a', from: 'alice@x', to: 'bob@x', started: 1, ended: 9, status: 200 } as const;
  const legs = [{ side: 'caller', codec: 'opus' }];
  first.calls.add({
    ...record,
    ...{ caller: 'alice', callee: 'bob', answered: 3, endedBy: 'callee', reason: 'sœur', media: 'embedded', legs },
  });
  first.calls.add({ ...record, callId: 'b', started: 2, caller: 'bob', endedBy: 'server', media: 'direct' });
  first.calls.add({ ...record, callId: 'c', started: 3, callee: 'carol', endedBy: 'caller', media: 'direct' });
  await first.close();
  const { calls, accounts } = await open(where, { now: () => 1_000 });
  const ids = (query: Parameters<typeof calls.list>[0]) => calls.list(query).map(({ callId }) => callId);
  expect(ids({ limit: 10 })).toEqual(['c', 'b', 'a']);
  expect(ids({ limit: 10, before: 3 })).toEqual(['b', 'a']);
  expect(ids({ limit: 1 })).toEqual(['c']);
  expect(ids({ account: 'bob', limit: 10 })).toEqual(['b', 'a']);
  expect(ids({ account: 'nobody', limit: 10 })).toEqual([]);
  expect(calls.list({ account: 'alice', limit: 10 })).toEqual([
    expect.objectContaining({ callee: 'bob', answered: 3, endedBy: 'callee', reason: 'sœur', media: 'embedded', legs }),
  ]);
  // Whoever has called or was spoken to has left something behind; to be dialled is not enough.
  expect([
    accounts.ownsData('alice', 'alice@x'),
    accounts.ownsData('bob', 'bob@x'),
    accounts.ownsData('carol', 'carol@x'),
  ]).toEqual([true, true, false]);
});

test('only the newest records of calls are kept, and none that is too old', async () => {
  const where = folder();
  const add = async (limits: { callRecords: number; callRecordAge: number }, ids: number[], now: number) => {
    const { calls, close } = await open(where, { limits, now: () => now });
    for (const id of ids)
      calls.add({
        ...{ callId: String(id), from: '', to: '', started: id, ended: id, status: 487 },
        ...{ endedBy: 'caller', media: 'direct' },
      });
    await close();
  };
  await add({ callRecords: 3, callRecordAge: 1_000 }, [1, 2, 3, 4, 5], 10);
  const kept = async () => (await open(where)).calls.list({ limit: 10 }).map(({ callId }) => callId);
  expect(await kept()).toEqual(['5', '4', '3']);
  await add({ callRecords: 9, callRecordAge: 1_000 }, [1_005], 1_005);
  expect(await kept()).toEqual(['1005', '5']);
});
