// The store on PostgreSQL: the contract that SQLite's side keeps too, several processes on one database, and a database that
// goes away and comes back.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DATABASE_FILE } from '../../src/storage/embedded/database.ts';
import { openEmbeddedStore } from '../../src/storage/embedded/store.ts';
import type { Store } from '../../src/storage/ports.ts';
import { openPostgresStore } from '../../src/storage/postgres/store.ts';
import { exportDatabase, importDatabase, TABLES } from '../../src/storage/postgres/transfer.ts';
import { messagingContract } from '../support/messaging-contract.ts';
import { describeWith } from '../support/peer.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { storeContract } from '../support/store-contract.ts';
import { until } from '../support/until.ts';

describeWith(['postgres'], 'PostgreSQL', () => {
  let postgres: Postgres;
  const stores: Store[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(() => postgres?.remove());

  async function open(
    url = postgres.database(),
    options: Parameters<typeof openPostgresStore>[1] = {},
  ): Promise<Store> {
    const store = await openPostgresStore(url, options);
    stores.push(store);
    return store;
  }

  messagingContract(async () => (await open(undefined, { limits: { rosterRemovals: 3 } })).messaging);
  storeContract(() => {
    const url = postgres.database();
    return (options) => open(url, options);
  });

  test('stores that open a new database at the same moment make its tables once', async () => {
    const url = postgres.database();
    const [one, other] = await Promise.all([open(url), open(url)]);
    await one!.settings.set('a', 'b');
    await until(() => other!.settings.get('a') === 'b');
  });

  test('a page of an archive is found by an index', async () => {
    const url = postgres.database();
    const { messaging } = await open(url);
    await messaging.archive.add(
      Array.from({ length: 5000 }, (_, i) => ({
        ...{ owner: `o${i % 5}@x`, id: `${i}`.padStart(16, '0'), peer: `p${i % 100}@x`, time: i, stanza: '<message/>' },
      })),
    );
    postgres.query(url, 'analyze archive');
    const plan = (which: string) =>
      postgres.query(url, `explain select * from archive where owner = 'o1@x' ${which} order by id desc limit 50`);
    expect(plan(`and id > '' and id < '~'`)).toMatch(/Index Scan Backward using archive_key/);
    expect(plan(`and peer = 'p1@x' and id > '' and id < '~'`)).toMatch(/archive_peer/);
  });

  test('what one process writes, the other knows a moment later', async () => {
    const url = postgres.database();
    const [server, command] = [await open(url), await open(url)];
    const sealed = Buffer.from('sealed');
    const version = server.accounts.version();
    expect(await command.accounts.add({ name: 'carol', admin: false, sealed })).toBe(true);
    await until(() => server.accounts.version() !== version);
    expect(server.accounts.changedSince(0)).toMatchObject([{ name: 'carol', admin: false }]);
    const hash = Buffer.alloc(32, 1);
    await command.sessions.add({ hash, name: 'carol', expires: 9e12 }, 5);
    await until(() => server.sessions.find(hash, 0) !== undefined);
    await command.accounts.save({ name: 'carol', admin: true, sealed, endSessions: true });
    expect(command.sessions.find(hash, 0)).toBeUndefined();
    await until(() => server.sessions.find(hash, 0) === undefined);
    await command.apiKeys.add({ name: 'k', hash });
    await until(() => server.apiKeys.find(hash)?.name === 'k');
  });

  test('a backup holds everything, and brings it into PostgreSQL again, or into the embedded store', async () => {
    const url = postgres.database();
    const now = () => 1_000;
    const store = await open(url, { now });
    const sealed = Buffer.from([0, 1, 2, 255]);
    await store.accounts.add({ name: 'carol', admin: true, sealed });
    await store.settings.set('seal', 'mark');
    await store.apiKeys.add({ name: 'k', hash: sealed });
    const record = { callId: 'c', from: 'a@x', to: 'b@x', started: 1, ended: 9, status: 200 } as const;
    store.calls.add({ ...record, caller: 'carol', endedBy: 'caller', media: 'direct', legs: [{ kind: 'audio' }] });
    const { archive, documents, rosters } = store.messaging;
    await archive.add(
      Array.from({ length: 2500 }, (_, i) => ({
        ...{ owner: 'carol@x', id: `${i}`.padStart(16, '0'), peer: 'b@x', time: i, stanza: `<b>\\ "œ" ${i}</b>` },
      })),
    );
    await documents.set('carol@x', 'vcard', 'V');
    await rosters.remove('carol@x', 'gone@x', 7);
    await store.close();
    const folder = mkdtempSync(join(tmpdir(), 'chappe-transfer-'));
    const file = join(folder, DATABASE_FILE);
    writeFileSync(file, '');
    await exportDatabase(url, file);
    const other = postgres.database();
    await importDatabase(file, other, { replace: false });
    await expect(importDatabase(file, other, { replace: false })).rejects.toThrow('holds data');
    await importDatabase(file, other, { replace: true });
    const embedded = await openEmbeddedStore(folder, { now });
    stores.push(embedded);
    for (const copy of [await open(other, { now }), embedded]) {
      expect(copy.accounts.changedSince(0)).toMatchObject([{ name: 'carol', admin: true }]);
      expect(Buffer.from(copy.accounts.changedSince(0)[0]!.sealed)).toEqual(sealed);
      expect([copy.settings.get('seal'), copy.apiKeys.find(sealed)?.name]).toEqual(['mark', 'k']);
      expect(await copy.calls.list({ limit: 9 })).toMatchObject([{ callId: 'c', legs: [{ kind: 'audio' }] }]);
      expect(await copy.messaging.archive.count({ owner: 'carol@x', limit: 1 }, 9999)).toBe(2500);
      expect((await copy.messaging.archive.find('carol@x', '0000000000000042'))?.stanza).toBe('<b>\\ "œ" 42</b>');
      expect(await copy.messaging.documents.get('carol@x', 'vcard')).toBe('V');
      expect((await copy.messaging.rosters.load('carol@x')).removed).toEqual([{ jid: 'gone@x', version: 7 }]);
      // It goes on where it was.
      copy.calls.add({ ...record, callId: 'd', endedBy: 'caller', media: 'direct' });
      await copy.accounts.add({ name: 'dave', admin: false, sealed });
      expect(copy.accounts.changedSince(1)).toMatchObject([{ name: 'dave' }]);
    }
    rmSync(folder, { recursive: true });
  });

  test('every table of the database is part of a backup, with all its columns', async () => {
    const url = postgres.database();
    await open(url);
    const columns = `select table_name || ' ' || column_name from information_schema.columns
      where table_schema = 'public' and table_name not like 'kysely%' and column_default is null order by 1`;
    const there = postgres.query(url, columns).trim().split('\n');
    const known = Object.entries(TABLES).flatMap(([table, names]) => names.map((name) => `${table} ${name}`));
    expect(known.sort()).toEqual(there.concat('account admin').sort());
  });

  test('while the database is away everything is refused at once, and it goes on when it is back', async () => {
    const url = postgres.database();
    const store = await open(url);
    const { archive, documents } = store.messaging;
    const message = (i: number) => ({ owner: 'a@x', id: `${i}`, peer: 'b@x', time: i, stanza: '<message/>' });
    await store.settings.set('known', 'yes');
    await archive.add([message(1)]);
    await postgres.stop();
    const began = performance.now();
    const refused = await Promise.allSettled([
      ...[2, 3, 4].map((i) => archive.add([message(i)])),
      documents.get('a@x', 'vcard'),
      store.bindings.save('alice', []),
      store.settings.set('known', 'no'),
    ]);
    expect(refused.map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
    for (const result of refused) expect(result).toMatchObject({ reason: { code: 'STORAGE_FAILED' } });
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(store.settings.get('known')).toBe('yes'); // what is looked up inside a transition is there still
    expect(store.queued).toBe(0);
    await expect(openPostgresStore(url)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });

    await postgres.start();
    await archive.add([message(5)]);
    expect((await archive.page({ owner: 'a@x', limit: 9 })).messages.map(({ id }) => id)).toEqual(['1', '5']);
    // Others' changes are heard of again, those made meanwhile included.
    postgres.query(url, `insert into setting (key, value) values ('meanwhile', 'yes')`);
    await until(() => store.settings.get('meanwhile') === 'yes', 10_000);
  });

  test('a database that does not answer holds nobody up for long, and takes no more than a bounded number', async () => {
    const url = postgres.database();
    const store = await open(url, { limits: { queuedWrites: 3, queuedReads: 1 } });
    const held = await postgres.hold(url, 'setting');
    const results = await Promise.allSettled([1, 2, 3, 4].map((i) => store.settings.set(`${i}`, '')));
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : ''))).toEqual([
      'STORAGE_FAILED',
      'STORAGE_FAILED',
      'STORAGE_FAILED',
      'STORAGE_BUSY',
    ]);
    await held.release();
    await store.settings.set('5', 'now');
    expect(store.settings.get('5')).toBe('now');
  });

  test('a transaction whose connection ends in its middle is lost as a whole, and said to be', async () => {
    const url = postgres.database();
    const way = await endedInTransaction(Number(new URL(url).port));
    const store = await open(url.replace(/:\d+\//, `:${way.port}/`));
    way.arm();
    const keys = ['a', 'b', 'c'];
    const results = await Promise.allSettled(keys.map((key) => store.settings.set(key, 'x')));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(postgres.query(url, `select key from setting where value = 'x'`)).toBe('');
    await store.settings.set('d', 'x');
    expect(postgres.query(url, `select key from setting where value = 'x'`).trim()).toBe('d');
    await store.close();
    way.close();
  });
});

/**
 * A way to that port on which, once armed, the database says goodbye right behind its answer to a transaction's first
 * statement: the client reads both at once. Whoever connects then gets through.
 */
async function endedInTransaction(port: number): Promise<{ port: number; arm(): void; close(): void }> {
  const inTransaction = Buffer.from('Z\0\0\0\x05T', 'latin1');
  const fields = 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';
  const goodbye = Buffer.from(`E\0\0\0${String.fromCharCode(4 + fields.length)}${fields}`, 'latin1');
  let answers: number | undefined;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far);
    far.on('data', (chunk) => {
      if (answers !== undefined && chunk.subarray(-inTransaction.length).equals(inTransaction)) answers += 1;
      if (answers !== 2) {
        near.write(chunk);
        return;
      }
      answers = undefined;
      near.end(Buffer.concat([chunk, goodbye]));
      far.destroy();
    });
    far.on('end', () => near.end()).on('error', () => near.destroy());
    near.on('error', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    arm() {
      answers = 0;
    },
    close: () => void server.close(),
  };
}
