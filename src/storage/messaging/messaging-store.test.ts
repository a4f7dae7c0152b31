import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { messagingContract } from '../../../test/support/messaging-contract.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../embedded/store.ts';
import { messagingReads, messagingWrites } from './statements.ts';

const folders: string[] = [];
const stores: EmbeddedStore[] = [];

async function open(limits = {}): Promise<EmbeddedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-messaging-'));
  folders.push(folder);
  const store = await openEmbeddedStore(folder, { limits: { rosterRemovals: 3, ...limits } });
  stores.push(store);
  return store;
}

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

messagingContract(async () => (await open()).messaging);

test('every statement finds its rows by an index, and no page of an archive has to be sorted', async () => {
  await open();
  const database = new DatabaseSync(join(folders[0]!, 'chappe.db'), { readOnly: true });
  const plan = (sql: string) => {
    const parameters = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, 1]));
    return database
      .prepare(`explain query plan ${sql}`)
      .all(parameters)
      .map(({ detail }) => detail as string);
  };
  for (const [name, sql] of Object.entries({ ...messagingReads, ...messagingWrites })) {
    const steps = plan(sql);
    expect(
      steps.filter((step) => /^SCAN (archive|offline|roster_item|document|pubsub_item|upload)/.test(step)),
      name,
    ).toEqual([]);
    if (name.startsWith('archive'))
      expect(
        steps.filter((step) => step.includes('TEMP B-TREE')),
        name,
      ).toEqual([]);
  }
  expect(plan(messagingReads.archivePageBack).join()).toContain('(owner=? AND id>? AND id<?)');
  expect(plan(messagingReads.archivePageWith).join()).toContain('archive_peer (owner=? AND peer=? AND id>? AND id<?)');
  expect(plan(messagingReads.archiveByIds).join()).toContain('(owner=? AND id=?)');
  database.close();
});

test('an account is taken when messages are kept for its address', async () => {
  const { accounts, messaging } = await open();
  await messaging.offline.add({ owner: 'carol@x', id: '1', time: 1, stanza: '<message/>' }, 1);
  expect(await accounts.ownsData('carol', 'carol@x')).toBe(true);
  expect(await accounts.ownsData('carol', 'carol@y')).toBe(false);
});

test('messages beyond the bound are refused, those before it are kept', async () => {
  const { messaging } = await open({ queuedWrites: 5 });
  const add = (i: number) =>
    messaging.archive.add([
      { owner: 'a@x', id: `${i}a`, peer: 'b@x', time: i, stanza: '' },
      { owner: 'a@x', id: `${i}b`, peer: 'b@x', time: i, stanza: '' },
    ]);
  const results = await Promise.allSettled([add(1), add(2), add(3)]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(results[2]).toMatchObject({ reason: { code: 'STORAGE_BUSY' } });
  expect(await messaging.archive.count({ owner: 'a@x', limit: 1 }, 99)).toBe(4);
});
