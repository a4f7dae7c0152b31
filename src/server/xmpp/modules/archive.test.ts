import { describe, expect, it } from 'vitest';
import { type Client, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { dataForm } from '../../../protocol/xmpp/data-form.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { parseElement } from '../../../protocol/xmpp/tokenizer.ts';

/** Alice with ten messages from Bob and five from Carol, a minute apart. */
async function archived() {
  const world = new XmppWorld({ archivePage: 20 });
  const [bob, carol] = [await world.online('bob/desk'), await world.online('carol/x')];
  for (let i = 0; i < 10; i++) {
    await bob.write(`<message to='alice@example.test' type='chat'><body>b${i}</body></message>`);
    if (i % 2 === 0) await carol.write(`<message to='alice@example.test' type='chat'><body>c${i}</body></message>`);
    world.clock.advance(60_000);
  }
  const alice = world.bind('alice/page');
  const ids = new Map(
    world.store.archived
      .filter(({ owner }) => owner === 'alice@example.test')
      .map(({ id, stanza }) => [parseElement(stanza).childText('body') ?? '', id]),
  );
  return { world, alice, ids };
}

function query(fields: Record<string, string | string[]>, more = ''): string {
  const form = dataForm(
    'submit',
    NS.MAM,
    Object.entries(fields).map(([name, value]) => ({ name, value })),
  );
  return `<iq type='set' id='q'><query xmlns='${NS.MAM}' queryid='f'>${form}${more}</query></iq>`;
}
const set = (inside: string) => `<set xmlns='${NS.RSM}'>${inside}</set>`;

async function ask(client: Client, iq: string) {
  const answer = await client.ask(iq);
  const bodies = client.received.splice(0).map((message) => {
    const forwarded = message.child('result', NS.MAM)?.child('forwarded', NS.FORWARD);
    // What is inside is written, not built: as the client reads it.
    return parseElement(forwarded?.serialize() ?? '')
      .child('message', NS.CLIENT)
      ?.childText('body');
  });
  const fin = answer.child('fin', NS.MAM);
  const page = fin?.child('set', NS.RSM);
  return {
    bodies,
    complete: fin?.attributes['complete'] === 'true',
    first: page?.childText('first'),
    last: page?.childText('last'),
    count: page?.childText('count'),
    error: answer.child('error')?.elements()[0]?.name,
  };
}

describe('the archive (XEP-0313)', () => {
  it('gives all of it, oldest first, as messages of one’s own account', async () => {
    const { alice, ids } = await archived();
    await alice.write(query({}));
    await new Promise(setImmediate);
    const [message] = alice.received;
    expect(message?.attributes).toEqual({ to: 'alice@example.test/page' });
    const result = message?.child('result', NS.MAM);
    expect(result?.attributes).toEqual({ queryid: 'f', id: ids.get('b0') });
    const forwarded = parseElement(result?.child('forwarded', NS.FORWARD)?.serialize() ?? '');
    expect(forwarded.child('delay', NS.DELAY)?.attributes['stamp']).toBe(new Date(1_700_000_000_000).toISOString());
    expect(forwarded.child('message', NS.CLIENT)?.attributes['from']).toBe('bob@example.test/desk');
    expect(alice.received).toHaveLength(16);
    expect(alice.received.at(-1)?.name).toBe('iq');
  });

  it('is paged in either direction (XEP-0059)', async () => {
    const { alice, ids } = await archived();
    const first = await ask(alice, query({}, set('<max>4</max>')));
    expect(first).toMatchObject({ bodies: ['b0', 'c0', 'b1', 'b2'], complete: false, count: '15' });
    const second = await ask(alice, query({}, set(`<max>4</max><after>${first.last}</after>`)));
    expect(second).toMatchObject({ bodies: ['c2', 'b3', 'b4', 'c4'], complete: false, count: '15' });
    const newest = await ask(alice, query({}, set('<max>3</max><before/>')));
    expect(newest).toMatchObject({ bodies: ['b8', 'c8', 'b9'], complete: false });
    const before = await ask(alice, query({}, set(`<max>3</max><before>${newest.first}</before>`)));
    expect(before.bodies).toEqual(['b6', 'c6', 'b7']);
    const rest = await ask(alice, query({}, set(`<max>9</max><after>${ids.get('b7')}</after>`)));
    expect(rest).toMatchObject({ bodies: ['b8', 'c8', 'b9'], complete: true });
    expect(await ask(alice, query({}, set('<max>0</max>')))).toMatchObject({
      bodies: [],
      count: '15',
      first: undefined,
    });
  });

  it('may be flipped, and be of one person, a time, and ids', async () => {
    const { alice, ids } = await archived();
    const at = (minute: number) => new Date(1_700_000_000_000 + minute * 60_000).toISOString();
    expect((await ask(alice, query({ with: 'carol@example.test' }))).bodies).toEqual(['c0', 'c2', 'c4', 'c6', 'c8']);
    expect((await ask(alice, query({ start: at(3), end: at(4) }))).bodies).toEqual(['b3', 'b4', 'c4']);
    const flipped = await ask(alice, query({}, `${set('<max>3</max><before/>')}<flip-page/>`));
    expect(flipped.bodies).toEqual(['b9', 'c8', 'b8']);
    expect(flipped.first).toBe(ids.get('b8'));
    const wanted = [ids.get('b1'), ids.get('c4')] as string[];
    expect((await ask(alice, query({ ids: wanted }))).bodies).toEqual(['b1', 'c4']);
    expect(
      (await ask(alice, query({ 'after-id': ids.get('b7') as string, 'before-id': ids.get('b9') as string }))).bodies,
    ).toEqual(['b8', 'c8']);
  });

  it('has pages that a slow reader can hold, however long the messages are', async () => {
    const { alice } = await archived();
    const bob = await alice.world.online('bob/desk');
    for (const name of ['x', 'y', 'z'])
      await bob.write(`<message to='alice@example.test' type='chat'><body>${name.repeat(200_000)}</body></message>`);
    const initials = (page: { bodies: Array<string | undefined> }) => page.bodies.map((body) => body?.[0]).join('');
    const newest = await ask(alice, query({}, set('<max>3</max><before/>')));
    expect([initials(newest), newest.complete]).toEqual(['yz', false]);
    const rest = await ask(alice, query({}, set(`<max>10</max><before>${newest.first}</before>`)));
    expect(initials(rest)).toBe('bcbbcbbcbx');
    const forward = await ask(alice, query({ start: new Date(1_700_000_000_000 + 600_000).toISOString() }));
    expect([initials(forward), forward.complete]).toEqual(['xy', false]);
  });

  it('with one resource of somebody is what came from it or went to it', async () => {
    const { world, alice } = await archived();
    const other = await world.online('bob/o’ther');
    for (let i = 0; i < 3; i++)
      await other.write(`<message to='alice@example.test' type='chat'><body>o${i}</body></message>`);
    await alice.write(`<message to='bob@example.test/o’ther' type='chat'><body>a</body></message>`);
    const whom = { with: 'bob@example.test/o’ther' };
    expect(await ask(alice, query(whom))).toMatchObject({ bodies: ['o0', 'o1', 'o2', 'a'], complete: true });
    const newest = await ask(alice, query(whom, set('<max>2</max><before/>')));
    expect(newest).toMatchObject({ bodies: ['o2', 'a'], complete: false });
    const before = await ask(alice, query(whom, set(`<max>2</max><before>${newest.first}</before>`)));
    expect(before).toMatchObject({ bodies: ['o0', 'o1'], complete: true });
    expect((await ask(alice, query({ with: 'bob@example.test/none' }))).bodies).toEqual([]);
  });

  it('says what it cannot do', async () => {
    const { alice, ids } = await archived();
    for (const [iq, error] of [
      [query({ ids: [ids.get('b1') as string, 'none'] }), 'item-not-found'],
      [query({}, set('<after>none</after>')), 'item-not-found'],
      [query({ 'after-id': 'none' }), 'item-not-found'],
      [query({ start: 'yesterday' }), 'bad-request'],
      [query({ with: '@@' }), 'jid-malformed'],
      [query({ 'full-text': 'x' }), 'feature-not-implemented'],
      [query({}, set('<index>3</index>')), 'feature-not-implemented'],
      [query({}).replace(`queryid='f'`, `node='x'`), 'item-not-found'],
    ] as const)
      expect((await ask(alice, iq)).error, iq).toBe(error);
  });

  it('is nobody else’s to read', async () => {
    const { world } = await archived();
    const bob = await world.online('bob/other');
    for (const iq of [
      query({}),
      `<iq type='get' id='q'><metadata xmlns='${NS.MAM}'/></iq>`,
      `<iq type='get' id='q'><prefs xmlns='${NS.MAM}'/></iq>`,
    ])
      expect((await ask(bob, iq.replace('<iq', `<iq to='alice@example.test'`))).error).toBe('forbidden');
  });

  it('tells which fields it knows, and its ends', async () => {
    const { alice, ids } = await archived();
    const form = (await alice.ask(`<iq type='get' id='q'><query xmlns='${NS.MAM}'/></iq>`)).child('query', NS.MAM);
    expect(
      form
        ?.child('x', NS.DATA_FORMS)
        ?.elements('field')
        .map(({ attributes }) => attributes['var']),
    ).toContain('with');
    const ends = (await alice.ask(`<iq type='get' id='q'><metadata xmlns='${NS.MAM}'/></iq>`)).child(
      'metadata',
      NS.MAM,
    );
    expect(ends?.child('start')?.attributes['id']).toBe(ids.get('b0'));
    expect(ends?.child('end')?.attributes['id']).toBe(ids.get('b9'));
  });

  it('keeps its owner’s wishes (XEP-0441)', async () => {
    const { alice } = await archived();
    const prefs = `<prefs xmlns='${NS.MAM}' default='roster'><always><jid>bob@example.test</jid></always><never/></prefs>`;
    await alice.ask(`<iq type='set' id='q'>${prefs}</iq>`);
    const kept = await alice.ask(`<iq type='get' id='q'><prefs xmlns='${NS.MAM}'/></iq>`);
    expect(kept.child('prefs', NS.MAM)?.serialize()).toBe(prefs);
    const bad = await alice.ask(`<iq type='set' id='q'><prefs xmlns='${NS.MAM}' default='maybe'/></iq>`);
    expect(bad.child('error')?.elements()[0]?.name).toBe('bad-request');
  });
});
