// What every store keeps of accounts, sessions, keys, bindings and calls, whatever engine is behind it.
import { expect, test } from 'vitest';
import type { StorageLimits } from '../../src/storage/limits.ts';
import type { Store } from '../../src/storage/ports.ts';

const sealed = Buffer.from('sealed');

type Open = (options?: { limits?: Partial<StorageLimits>; now?: () => number }) => Promise<Store>;

/** `fresh` makes room for a new store, which may then be opened more than once. */
export function storeContract(fresh: () => Open): void {
  test('a changed password ends the account’s sessions and nobody else’s', async () => {
    const store = await fresh()({ now: () => 1000 });
    const [a, b] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    await store.sessions.add({ hash: a, name: 'alice', expires: 2000 }, 5);
    await store.sessions.add({ hash: b, name: 'bob', expires: 2000 }, 5);
    await store.accounts.save({ name: 'alice', admin: false, sealed, endSessions: true });
    expect(store.sessions.find(a, 1000)).toBeUndefined();
    expect(store.sessions.find(b, 1000)).toMatchObject({ name: 'bob' });
    expect(store.sessions.find(b, 2000)).toBeUndefined();
  });

  test('an account keeps its newest sessions only', async () => {
    const store = await fresh()({ now: () => 0 });
    for (let i = 1; i <= 5; i++)
      await store.sessions.add({ hash: Buffer.alloc(32, i), name: 'alice', expires: 100 + i }, 2);
    expect([1, 2, 3, 4, 5].filter((i) => store.sessions.find(Buffer.alloc(32, i), 0))).toEqual([4, 5]);
  });

  test('bindings are replaced by address of record, and the expired ones are not loaded', async () => {
    const store = await fresh()({ now: () => 1000 });
    await store.bindings.save('alice', [
      { id: '1', expires: 5000, data: '{}' },
      { id: '2', expires: 900, data: '{}' },
    ]);
    await store.bindings.save('bob', [{ id: '1', expires: 5000, data: '{}' }]);
    expect((await store.bindings.load()).map(({ aor, id }) => aor + id)).toEqual(['alice1', 'bob1']);
    await store.bindings.save('alice', []);
    expect(await store.bindings.load()).toHaveLength(1);
    expect(await store.accounts.ownsData('bob', 'bob@x')).toBe(true);
    expect(await store.accounts.ownsData('alice', 'alice@x')).toBe(false);
  });

  test('one write that fails leaves its neighbours of the batch alone', async () => {
    const store = await fresh()();
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
    const store = await fresh()({ limits: { queuedWrites: 10 } });
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => store.settings.set(`k${i}`, 'v')));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(20);
    expect(refused[0]).toMatchObject({ reason: { code: 'STORAGE_BUSY' } });
  });

  test('records of calls come back newest first: all, or those of an account', async () => {
    const open = fresh();
    const first = await open({ now: () => 1_000 });
    const record = { callId: 'a', from: 'alice@x', to: 'bob@x', started: 1, ended: 9, status: 200 } as const;
    const legs = [{ side: 'caller', codec: 'opus' }];
    first.calls.add({
      ...record,
      ...{ caller: 'alice', callee: 'bob', answered: 3, endedBy: 'callee', reason: 'sœur', media: 'embedded', legs },
    });
    first.calls.add({ ...record, callId: 'b', started: 2, caller: 'bob', endedBy: 'server', media: 'direct' });
    first.calls.add({ ...record, callId: 'c', started: 3, callee: 'carol', endedBy: 'caller', media: 'direct' });
    await first.close();
    const { calls, accounts } = await open({ now: () => 1_000 });
    const ids = async (query: Parameters<typeof calls.list>[0]) =>
      (await calls.list(query)).map(({ callId }) => callId);
    expect(await ids({ limit: 10 })).toEqual(['c', 'b', 'a']);
    expect(await ids({ limit: 10, before: 3 })).toEqual(['b', 'a']);
    expect(await ids({ limit: 1 })).toEqual(['c']);
    expect(await ids({ account: 'bob', limit: 10 })).toEqual(['b', 'a']);
    expect(await ids({ account: 'nobody', limit: 10 })).toEqual([]);
    expect(await calls.list({ account: 'alice', limit: 10 })).toEqual([
      expect.objectContaining({
        callee: 'bob',
        answered: 3,
        endedBy: 'callee',
        reason: 'sœur',
        media: 'embedded',
        legs,
      }),
    ]);
    // Whoever has called or was spoken to has left something behind; to be dialled is not enough.
    const owning = ['alice', 'bob', 'carol'].map((name) => accounts.ownsData(name, `${name}@x`));
    expect(await Promise.all(owning)).toEqual([true, true, false]);
  });

  test('an account’s bindings, sessions and records of calls are erased, nobody else’s', async () => {
    const open = fresh();
    const { sessions, bindings, calls, close } = await open({ now: () => 1_000 });
    const hash = Buffer.alloc(32, 1);
    await sessions.add({ hash, name: 'alice', expires: 2000 }, 5);
    for (const name of ['alice', 'bob']) await bindings.save(name, [{ id: '1', expires: 5000, data: '{}' }]);
    const record = { from: '', to: '', started: 1, ended: 9, status: 200, endedBy: 'caller', media: 'direct' } as const;
    calls.add({ ...record, callId: 'a', caller: 'alice', callee: 'bob', answered: 2 });
    calls.add({ ...record, callId: 'b', caller: 'carol', callee: 'bob' });
    await close();
    const again = await open({ now: () => 1_000 });
    await again.accounts.erase('alice');
    expect(again.sessions.find(hash, 1_000)).toBeUndefined();
    expect((await again.bindings.load()).map(({ aor }) => aor)).toEqual(['bob']);
    expect((await again.calls.list({ limit: 9 })).map(({ callId }) => callId)).toEqual(['b']);
    expect(await again.accounts.ownsData('alice', 'alice@x')).toBe(false);
  });

  test('only the newest records of calls are kept, and none that is too old', async () => {
    const open = fresh();
    const add = async (limits: { callRecords: number; callRecordAge: number }, ids: number[], now: number) => {
      const { calls, close } = await open({ limits, now: () => now });
      for (const id of ids)
        calls.add({
          ...{ callId: String(id), from: '', to: '', started: id, ended: id, status: 487 },
          ...{ endedBy: 'caller', media: 'direct' },
        });
      await close();
    };
    await add({ callRecords: 3, callRecordAge: 1_000 }, [1, 2, 3, 4, 5], 10);
    const kept = async () => (await (await open()).calls.list({ limit: 10 })).map(({ callId }) => callId);
    expect(await kept()).toEqual(['5', '4', '3']);
    await add({ callRecords: 9, callRecordAge: 1_000 }, [1_005], 1_005);
    expect(await kept()).toEqual(['1005', '5']);
  });
}
