import { describe, expect, it } from 'vitest';
import { MemoryMessagingStore } from '../../../test/support/memory-messaging-store.ts';
import { type Roster, Rosters } from './rosters.ts';

const OWNER = 'alice@example.test';

async function rosters(forgotten = 0) {
  const store = new MemoryMessagingStore();
  const source = {
    ...store.rosters,
    load: async (owner: string) => ({ ...(await store.rosters.load(owner)), forgotten }),
  };
  const made = new Rosters({ store: source, cachedAccounts: 10 });
  const add = (roster: Roster, jid: string) => made.put(roster, { ...roster.blank(jid), listed: true });
  return { store, rosters: made, roster: await made.of(OWNER), add };
}

describe('a roster', () => {
  it('has one version for each change, and knows what has changed since', async () => {
    const { rosters: made, roster, add } = await rosters();
    await add(roster, 'bob@x').durable;
    await add(roster, 'carol@x').durable;
    await made.take(roster, 'bob@x').durable;
    expect(roster.version).toBe(3);
    expect(roster.since(1)?.map(({ jid, item }) => [jid, item !== undefined])).toEqual([
      ['carol@x', true],
      ['bob@x', false],
    ]);
    await add(roster, 'bob@x').durable; // again: the removal is no more
    expect(roster.since(2)?.map(({ jid }) => jid)).toEqual(['bob@x']);
    expect(roster.since(99)).toBeUndefined();
  });

  it('does not know changes from before what was forgotten', async () => {
    const { roster, add } = await rosters(5);
    await add(roster, 'bob@x').durable;
    expect(roster.since(4)).toBeUndefined();
  });

  it('with a change that could not be written is read again when its other writes are done', async () => {
    const { store, rosters: made, roster, add } = await rosters();
    store.held = true;
    const first = add(roster, 'bob@x').durable;
    store.failure = new Error('full');
    store.commit();
    store.failure = undefined;
    const second = add(roster, 'carol@x').durable;
    await expect(first).rejects.toMatchObject({ type: 'wait' });
    expect(made.peek(OWNER)).toBe(roster); // the second is still under way
    store.held = false;
    store.commit();
    await second;
    const again = await made.of(OWNER);
    expect([...again.items].map(({ jid }) => jid)).toEqual(['carol@x']);
  });
});
