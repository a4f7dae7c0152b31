// What every messaging store keeps, whatever engine is behind it: run by the unit tests on SQLite, by the interop tests on
// PostgreSQL.
import { expect, test } from 'vitest';
import { ArchiveIds } from '../../src/storage/archive-id.ts';
import type { ArchivedMessage, ArchiveQuery, MessagingStore, RosterItem } from '../../src/storage/messaging.ts';

const alice = 'alice@example.test';
const bob = 'bob@example.test';

/** `empty`: a store that keeps nothing yet, with room for three removed contacts (`rosterRemovals`). */
export function messagingContract(empty: () => Promise<MessagingStore>): void {
  const ids = new ArchiveIds('test');

  function message(time: number, peer = bob, owner = alice): ArchivedMessage {
    return { owner, id: ids.next(time), peer, time, stanza: `<message><body>œ '"&amp;\n ${time}</body></message>` };
  }

  /** Ten of bob and ten of carol by turns, at 1000, 1010, 1020... */
  async function filled() {
    const { archive } = await empty();
    const ids = new ArchiveIds('fill');
    const messages = Array.from({ length: 20 }, (_, i) => {
      const time = 1000 + i * 10;
      return { owner: alice, id: ids.next(time), peer: i % 2 ? 'carol@x' : bob, time, stanza: `<message id='${i}'/>` };
    });
    await archive.add(messages);
    const page = async (query: Partial<ArchiveQuery>) => {
      const found = await archive.page({ owner: alice, limit: 100, ...query });
      return [found.messages.map(({ time }) => (time - 1000) / 10), found.complete];
    };
    return { archive, messages, page };
  }

  test('an archive is paged through forwards and backwards, and says when it ends', async () => {
    const { page, messages } = await filled();
    expect(await page({ limit: 3 })).toEqual([[0, 1, 2], false]);
    expect(await page({ limit: 3, afterId: messages[2]!.id })).toEqual([[3, 4, 5], false]);
    expect(await page({ limit: 3, afterId: messages[16]!.id })).toEqual([[17, 18, 19], true]);
    expect(await page({ limit: 3, backwards: true })).toEqual([[17, 18, 19], false]);
    expect(await page({ limit: 3, backwards: true, beforeId: messages[17]!.id })).toEqual([[14, 15, 16], false]);
    expect(await page({ limit: 3, backwards: true, beforeId: messages[2]!.id })).toEqual([[0, 1], true]);
    expect(await page({ limit: 0 })).toEqual([[], false]);
    expect(await page({ limit: 0, owner: 'nobody@x' })).toEqual([[], true]);
  });

  test('an archive is asked by peer, by time and by ids', async () => {
    const { page, messages } = await filled();
    expect(await page({ peer: bob, limit: 2 })).toEqual([[0, 2], false]);
    expect(await page({ peer: bob, limit: 2, backwards: true })).toEqual([[16, 18], false]);
    expect(await page({ start: 1030, end: 1050 })).toEqual([[3, 4, 5], true]);
    expect(await page({ start: 1031, end: 1049 })).toEqual([[4], true]);
    expect(await page({ start: 1030, end: 1100, peer: 'carol@x', limit: 2 })).toEqual([[3, 5], false]);
    const wanted = [messages[7]!.id, messages[2]!.id, messages[4]!.id, 'unheard of'];
    expect(await page({ ids: wanted })).toEqual([[2, 4, 7], true]);
    expect(await page({ ids: wanted, peer: bob })).toEqual([[2, 4], true]);
    expect(await page({ ids: wanted, limit: 1, backwards: true })).toEqual([[7], false]);
    expect(await page({ ids: [] })).toEqual([[], true]);
  });

  test('an archive counts as far as it is asked to, and knows its ends', async () => {
    const { archive, messages } = await filled();
    const query = { owner: alice, limit: 1 };
    expect(await archive.count(query, 1000)).toBe(20);
    expect(await archive.count(query, 7)).toBe(7);
    expect(await archive.count({ ...query, peer: bob, start: 1100 }, 1000)).toBe(5);
    expect(await archive.count({ ...query, ids: [messages[1]!.id] }, 1000)).toBe(1);
    expect(await archive.ends(alice)).toEqual({ first: messages[0], last: messages[19] });
    expect(await archive.ends(bob)).toBeUndefined();
  });

  test('what is archived twice is kept once, in each owner’s archive', async () => {
    const { archive } = await empty();
    const one = message(5000);
    await Promise.all([archive.add([one, { ...one, owner: bob, peer: alice }]), archive.add([one])]);
    await archive.add([{ ...one, stanza: 'another' }]);
    expect(await archive.page({ owner: alice, limit: 9 })).toEqual({ messages: [one], complete: true });
    expect(await archive.find(bob, one.id)).toEqual({ ...one, owner: bob, peer: alice });
    expect(await archive.find('carol@x', one.id)).toBeUndefined();
  });

  test('half of a character is nobody else’s failure', async () => {
    const { archive } = await empty();
    await Promise.all([archive.add([message(1)]), archive.add([{ ...message(2), stanza: '<b>\ud83d</b>' }])]);
    const { messages } = await archive.page({ owner: alice, limit: 9 });
    expect(messages.map(({ stanza }) => stanza)[1]).toBe('<b>\ufffd</b>');
  });

  test('a message’s tombstone takes its place, also one that is put at once', async () => {
    const { archive } = await empty();
    const one = message(5000);
    await Promise.all([archive.add([one]), archive.replace(alice, one.id, '<message/>'), archive.add([message(5001)])]);
    expect(await archive.find(alice, one.id)).toEqual({ ...one, stanza: '<message/>' });
    expect(await archive.count({ owner: alice, limit: 1 }, 10)).toBe(2);
  });

  test('what is too old goes, of every owner', async () => {
    const { archive } = await empty();
    await archive.add(Array.from({ length: 2500 }, (_, i) => message(i, alice, i % 2 ? bob : 'z@x')));
    await archive.add([message(10_000), message(10_001, alice, bob)]);

    expect(await archive.expire(10_000)).toBe(2500);
    expect(await archive.count({ owner: alice, limit: 1 }, 10)).toBe(1);
    expect(await archive.count({ owner: bob, limit: 1 }, 10)).toBe(1);
    expect(await archive.expire(10_000)).toBe(0);
  });

  test('messages wait, up to a bound, until they are taken away', async () => {
    const { offline } = await empty();
    const waiting = [1, 2, 3].map((time) => {
      const { owner, id, stanza } = message(time);
      return { owner, id, time, stanza };
    });
    expect(await offline.any(alice)).toBe(false);
    expect(await Promise.all(waiting.map((one) => offline.add(one, 2)))).toEqual([true, true, false]);
    expect(await offline.any(alice)).toBe(true);
    expect(await offline.list(alice)).toEqual(waiting.slice(0, 2));
    await offline.remove(alice, waiting[0]!.id);
    expect(await offline.list(alice)).toEqual([waiting[1]]);
    expect(await offline.add(waiting[2]!, 2)).toBe(true);
    expect(await offline.list(bob)).toEqual([]);
  });

  const contact = (jid: string, version: number): RosterItem => ({
    ...{ jid, version, name: 'B. ☎', subscription: 'both', pendingOut: false, approved: true, listed: true },
    groups: ['Friends', 'Work'],
  });

  test('a roster remembers its items, its version, and as many removals as it may', async () => {
    const { rosters } = await empty();
    expect(await rosters.load(alice)).toMatchObject({ version: 0, items: [], removed: [] });
    await rosters.save(alice, contact('a@x', 1));
    await rosters.save(alice, contact('b@x', 2));
    await rosters.save(alice, { ...contact('a@x', 3), name: undefined, pendingIn: '<presence/>' });
    await rosters.remove(alice, 'b@x', 4);
    const { version, items, removed, forgotten } = await rosters.load(alice);
    expect([version, removed, forgotten]).toEqual([4, [{ jid: 'b@x', version: 4 }], 0]);
    const { name: _, ...rest } = contact('a@x', 3);
    expect(items).toEqual([{ ...rest, pendingIn: '<presence/>' }]);
    for (let i = 5; i < 9; i++) await rosters.remove(alice, `c${i}@x`, i);
    const later = await rosters.load(alice);
    expect(later.version).toBe(8);
    expect(later.removed.map(({ version }) => version).sort()).toEqual([6, 7, 8]);
    expect(later.forgotten).toBe(5);
    expect((await rosters.load(bob)).items).toEqual([]);
  });

  test('documents are kept by name, listed by how it begins, and found of every owner', async () => {
    const { documents } = await empty();
    expect(await documents.get(alice, 'vcard')).toBeUndefined();
    await documents.set(alice, 'vcard', 'one');
    await documents.set(alice, 'vcard', 'two');
    await documents.set(alice, 'push:%', 'a');
    await documents.set(alice, 'push:ü', 'b');
    await documents.set(alice, 'pushing', 'c');
    await documents.set(bob, 'vcard', 'three');
    expect(await documents.get(alice, 'vcard')).toBe('two');
    expect(await documents.list(alice, 'push:')).toEqual([
      { name: 'push:%', value: 'a' },
      { name: 'push:ü', value: 'b' },
    ]);
    expect(await documents.all('vcard')).toEqual([
      { owner: alice, value: 'two' },
      { owner: bob, value: 'three' },
    ]);
    await documents.set(alice, 'vcard', undefined);
    expect(await documents.get(alice, 'vcard')).toBeUndefined();
  });

  test('a node keeps its newest items in the order of publishing', async () => {
    const { pubsub } = await empty();
    const item = (id: string, node = 'n') => ({
      ...{ owner: alice, node, id, publisher: `${alice}/x`, time: 7, payload: `<p xmlns='u'>${id}</p>` },
    });
    for (const id of ['c', 'a', 'b']) await pubsub.publish(item(id), 3);
    await pubsub.publish(item('c'), 3);
    const idsOf = async (limit = 9) => (await pubsub.items(alice, 'n', limit)).map(({ id }) => id);
    expect(await idsOf()).toEqual(['a', 'b', 'c']);
    expect(await idsOf(2)).toEqual(['b', 'c']);
    await pubsub.publish(item('d'), 2);
    expect(await idsOf()).toEqual(['c', 'd']);
    expect(await pubsub.find(alice, 'n', 'd')).toEqual(item('d'));
    expect(await pubsub.retract(alice, 'n', 'd')).toBe(true);
    expect(await pubsub.retract(alice, 'n', 'd')).toBe(false);
    await pubsub.publish(item('x', 'm'), 1);
    expect(await pubsub.nodes(alice)).toEqual(['m', 'n']);
    expect(await pubsub.size(alice)).toBe(2 * `<p xmlns='u'>c</p>`.length);
    expect(await pubsub.size(bob)).toBe(0);
    await pubsub.purge(alice, 'n');
    expect(await pubsub.nodes(alice)).toEqual(['m']);
  });

  test('uploads count against their owner’s quota until they expire', async () => {
    const { uploads } = await empty();
    const upload = (id: string, size: number, created: number, owner = alice) => ({
      ...{ id, owner, name: 'ä.png', type: 'image/png', size, created, stored: false },
    });
    const quota = 100 + 4096;
    expect(await uploads.add(upload('1', 60, 100), quota)).toBe(true);
    expect(await uploads.add(upload('2', 41, 200), quota)).toBe(false);
    expect(await uploads.add(upload('2', 40, 200), quota)).toBe(true);
    expect(await uploads.add(upload('3', 60, 50, bob), quota)).toBe(true);
    expect(await uploads.markStored('1')).toBe(true);
    expect(await uploads.markStored('2')).toBe(true);
    expect(await uploads.markStored('none')).toBe(false);
    expect(await uploads.find('2')).toEqual({ ...upload('2', 40, 200), stored: true });
    expect(await uploads.expire(50, 250)).toEqual([upload('3', 60, 50, bob)]);
    expect(await uploads.expire(150, 250)).toEqual([{ ...upload('1', 60, 100), stored: true }]);
    expect(await uploads.find('1')).toBeUndefined();
    expect(await uploads.add(upload('1', 60, 300), quota)).toBe(true);
  });

  test('what is kept for an owner is written out, and nothing of it is left when it is erased', async () => {
    const store = await empty();
    const time = 5;
    await Promise.all([
      store.archive.add(Array.from({ length: 1201 }, (_, i) => message(i))),
      store.archive.add([message(1, alice, bob)]),
      store.offline.add({ owner: alice, id: '1', time, stanza: '<message/>' }, 9),
      store.rosters.save(alice, contact('a@x', 1)),
      store.documents.set(alice, 'vcard', 'V'),
      store.pubsub.publish({ owner: alice, node: 'n', id: 'i', publisher: alice, time, payload: '<p/>' }, 1),
      store.uploads.add({ ...{ id: 'u', owner: alice, name: 'f', type: 't', size: 1 }, created: 1, stored: false }, 9),
    ]);
    const exported = async (owner: string) => {
      const kinds: Record<string, number> = {};
      for await (const line of store.export(owner)) {
        const { kind } = JSON.parse(line) as { kind: string };
        kinds[kind] = (kinds[kind] ?? 0) + 1;
      }
      return kinds;
    };
    expect(await exported(alice)).toEqual({ archive: 1201, offline: 1, roster: 1, document: 1, item: 1, upload: 1 });
    expect((await store.erase(alice)).map(({ id }) => id)).toEqual(['u']);
    expect(await exported(alice)).toEqual({});
    expect(await exported(bob)).toEqual({ archive: 1 });
  });
}
