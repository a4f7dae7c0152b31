import { describe, expect, it } from 'vitest';
import { type Client, settled, XmppWorld } from '../../../test/support/xmpp-world.ts';
import { xml } from '../../protocol/xmpp/element.ts';
import type { Jid } from '../../protocol/xmpp/jid.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';

/** Presence that has come: its type or `available`, and from whom. */
function seen(client: Client): string[] {
  return client.received
    .splice(0)
    .filter(({ name }) => name === 'presence')
    .map(({ attributes }) => `${attributes['type'] ?? 'available'} ${attributes['from']}`);
}

/** Alice and Bob see each other. */
async function friends(world: XmppWorld): Promise<{ alice: Client; bob: Client }> {
  const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
  await alice.write(`<presence to='bob@example.test' type='subscribe'/>`);
  await bob.write(`<presence to='alice@example.test' type='subscribed'/>`);
  await bob.write(`<presence to='alice@example.test' type='subscribe'/>`);
  await alice.write(`<presence to='bob@example.test' type='subscribed'/>`);
  await settled();
  alice.take();
  bob.take();
  return { alice, bob };
}

describe('presence (RFC 6121 section 4)', () => {
  it('is seen by contacts and by the account itself, and by nobody else', async () => {
    const world = new XmppWorld();
    const { alice, bob } = await friends(world);
    const carol = await world.online('carol/x');
    await alice.write('<presence><show>away</show></presence>');
    expect(seen(alice)).toEqual(['available alice@example.test/page']);
    expect(bob.received[0]?.childText('show')).toBe('away');
    expect(seen(bob)).toEqual(['available alice@example.test/page']);
    expect(seen(carol)).toEqual([]);
    await alice.write(`<presence type='unavailable'><status>gone</status></presence>`);
    expect(bob.received[0]?.childText('status')).toBe('gone');
    expect(seen(bob)).toEqual(['unavailable alice@example.test/page']);
  });

  it('of contacts and of the own devices comes to a new device', async () => {
    const world = new XmppWorld();
    const { alice } = await friends(world);
    const phone = world.bind('alice/phone');
    await phone.write('<presence/>');
    expect(seen(phone).sort()).toEqual([
      'available alice@example.test/page',
      'available alice@example.test/phone',
      'available bob@example.test/desk',
    ]);
    expect(seen(alice)).toEqual(['available alice@example.test/phone']);
  });

  it('ends for all who saw it when the stream is lost', async () => {
    const world = new XmppWorld();
    const { alice, bob } = await friends(world);
    const carol = await world.online('carol/x');
    await alice.write(`<presence to='carol@example.test/x'/>`);
    expect(seen(carol)).toEqual(['available alice@example.test/page']);
    alice.close();
    expect(seen(bob)).toEqual(['unavailable alice@example.test/page']);
    expect(seen(carol)).toEqual(['unavailable alice@example.test/page']);
    expect([...world.part.presences.of('alice')]).toEqual([]);
  });

  it('of a resource ends behind what it wrote before, and ahead of whoever takes that resource', async () => {
    const world = new XmppWorld();
    const { alice, bob } = await friends(world);
    world.store.held = true;
    alice.write(`<message to='bob@example.test' type='chat'><body>waits for the disk</body></message>`);
    alice.close();
    const again = world.bind('alice/page');
    const back = again.write('<presence/>');
    await settled();
    expect(bob.received).toEqual([]);
    world.store.commit();
    await back;
    expect(bob.received.shift()?.childText('body')).toBe('waits for the disk');
    expect(seen(bob)).toEqual(['unavailable alice@example.test/page', 'available alice@example.test/page']);
    expect([...world.part.presences.of('alice')]).toHaveLength(1);
  });

  it('sent directly and taken back is not ended again', async () => {
    const world = new XmppWorld();
    const [alice, carol] = [await world.online('alice/page'), await world.online('carol/x')];
    await alice.write(`<presence to='carol@example.test/x'/>`);
    await alice.write(`<presence to='carol@example.test/x' type='unavailable'/>`);
    seen(carol);
    alice.close();
    expect(seen(carol)).toEqual([]);
  });

  it('sent directly to a domain of ours arrives there, and its end as well', async () => {
    const world = new XmppWorld();
    const stanzas: string[] = [];
    world.part.xmpp.addDomain('rooms.example.test', 'Rooms', {
      receive: (stanza, from: Jid, to: Jid) => void stanzas.push(`${stanza.attributes['type'] ?? ''} ${from} ${to}`),
    });
    const alice = await world.online('alice/page');
    await alice.write(`<presence to='r@rooms.example.test/Alice'/>`);
    alice.close();
    expect(stanzas).toEqual([
      ' alice@example.test/page r@rooms.example.test/Alice',
      'unavailable alice@example.test/page r@rooms.example.test/Alice',
    ]);
  });

  it('that was sent directly alone ends where it was sent to', async () => {
    const world = new XmppWorld();
    const { bob } = await friends(world);
    const phone = world.bind('alice/phone');
    await phone.write(`<presence to='bob@example.test/desk'/>`);
    expect(seen(bob)).toEqual(['available alice@example.test/phone']);
    await phone.write(`<presence type='unavailable'/>`);
    expect(seen(bob)).toEqual(['unavailable alice@example.test/phone']);
    await phone.write(`<presence to='bob@example.test/desk'/>`);
    phone.close();
    expect(seen(bob)).toEqual(['available alice@example.test/phone', 'unavailable alice@example.test/phone']);
  });

  it('is sent directly to a bounded number', async () => {
    const world = new XmppWorld({ directedPresences: 2 });
    const alice = await world.online('alice/page');
    for (const name of ['a', 'b', 'c']) await alice.write(`<presence to='carol@example.test/${name}'/>`);
    expect(alice.received.map((stanza) => stanza.child('error')?.elements()[0]?.name)).toEqual(['resource-constraint']);
  });

  it('is refused for the moment when the database is away, and can be said again', async () => {
    const world = new XmppWorld();
    world.store.away = true;
    const alice = world.bind('alice/page');
    world.store.failure = Object.assign(new Error('away'), { code: 'STORAGE_FAILED' });
    await alice.write('<presence/>');
    expect(alice.received.splice(0).map((stanza) => stanza.child('error')?.attributes['type'])).toEqual(['wait']);
    world.store.away = false;
    await alice.write('<presence/>');
    expect(seen(alice)).toEqual(['available alice@example.test/page']);
    expect(world.faults).toEqual([]);
  });

  it('has a priority from -128 to 127', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page', 5);
    expect(alice.session.priority).toBe(5);
    for (const bad of ['x', '128', '-129', '1.5'])
      await alice.write(`<presence><priority>${bad}</priority></presence>`);
    expect(alice.received.filter(({ attributes }) => attributes['type'] === 'error')).toHaveLength(4);
    expect(alice.session.priority).toBe(5);
  });

  it('of a probe is told to whoever may see it', async () => {
    const world = new XmppWorld();
    const { alice } = await friends(world);
    await alice.write(`<presence to='bob@example.test' type='probe'/>`);
    const carol = await world.online('carol/x');
    await carol.write(`<presence to='bob@example.test' type='probe'/>`);
    await carol.write(`<presence to='nobody@example.test' type='probe'/>`);
    await settled();
    expect(seen(alice)).toEqual(['available bob@example.test/desk']);
    expect(seen(carol)).toEqual(['unsubscribed bob@example.test', 'unsubscribed nobody@example.test']);
  });

  it('of a phone is seen as any other', async () => {
    const world = new XmppWorld();
    const { bob } = await friends(world);
    const from = 'alice@example.test/sip-1';
    const presence = xml('presence', NS.CLIENT, { from });
    world.part.presences.set({ account: 'alice', resource: 'sip-1', presence, source: 'sip' });
    await settled();
    expect(seen(bob)).toEqual([`available ${from}`]);
    world.part.presences.remove('alice', 'sip-1');
    await settled();
    expect(seen(bob)).toEqual([`unavailable ${from}`]);
  });
});

describe('subscriptions (RFC 6121 section 3)', () => {
  it('are asked for, wait for an answer over a night, and begin with it', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.ask(`<iq type='get' id='r'><query xmlns='${NS.ROSTER}'/></iq>`);
    await alice.write(
      `<presence to='bob@example.test/whatever' type='subscribe' id='s'><status>please</status></presence>`,
    );
    const [push] = alice.received.splice(0);
    expect(push?.child('query', NS.ROSTER)?.child('item')?.attributes).toEqual({
      jid: 'bob@example.test',
      subscription: 'none',
      ask: 'subscribe',
    });
    for (const resource of ['desk', 'phone']) {
      const bob = world.bind(`bob/${resource}`);
      await bob.write('<presence/>');
      const request = bob.received.find(({ attributes }) => attributes['type'] === 'subscribe');
      expect(request?.attributes['from']).toBe('alice@example.test');
      expect(request?.childText('status')).toBe('please');
    }
    const bob = await world.online('bob/third');
    await bob.write(`<presence to='alice@example.test' type='subscribed'/>`);
    const order = alice.received.splice(0).map(({ name, attributes }) => `${name} ${attributes['type'] ?? ''}`);
    expect(order).toEqual(['iq set', 'presence subscribed', 'presence ', 'presence ', 'presence ']);
    expect(await world.part.subscriptions.mayWatch('bob', 'alice@example.test')).toBe('yes');
    expect(await world.part.subscriptions.mayWatch('alice', 'bob@example.test')).toBe('no');
  });

  it('end with an unavailable presence of every device', async () => {
    const world = new XmppWorld();
    const { alice, bob } = await friends(world);
    await bob.write(`<presence to='alice@example.test' type='unsubscribed'/>`);
    expect(seen(alice)).toEqual(['unavailable bob@example.test/desk', 'unsubscribed bob@example.test']);
    await alice.write('<presence><show>xa</show></presence>');
    expect(seen(bob)).toEqual(['available alice@example.test/page']); // that direction goes on
  });

  it('may be approved before they are asked for (section 3.4)', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    await bob.write(`<presence to='alice@example.test' type='subscribed'/>`);
    expect(alice.received).toEqual([]);
    await alice.write(`<presence to='bob@example.test' type='subscribe'/>`);
    expect(seen(alice)).toEqual(['subscribed bob@example.test', 'available bob@example.test/desk']);
    expect(seen(bob)).toEqual([]);
  });

  it('are asked for by other protocols as well', async () => {
    const world = new XmppWorld();
    const bob = await world.online('bob/desk');
    const changes: unknown[] = [];
    world.part.subscriptions.onChange((...change) => changes.push(change));
    await world.part.subscriptions.ask('bob', 'alice@example.test');
    expect(await world.part.subscriptions.mayWatch('bob', 'alice@example.test')).toBe('pending');
    expect(seen(bob)).toEqual(['subscribe alice@example.test']);
    await world.part.subscriptions.ask('bob', 'alice@example.test');
    expect(seen(bob)).toEqual([]);
    await bob.write(`<presence to='alice@example.test' type='subscribed'/>`);
    expect(changes).toEqual([['bob', 'alice@example.test', true]]);
  });

  it('that wait are bounded', async () => {
    const world = new XmppWorld({ pendingRequests: 1 });
    await world.part.subscriptions.ask('bob', 'alice@example.test');
    const carol = await world.online('carol/x');
    await carol.write(`<presence to='bob@example.test' type='subscribe'/>`);
    expect(carol.received.map((stanza) => stanza.child('error')?.elements()[0]?.name)).toEqual(['resource-constraint']);
    // And it has not been asked.
    const roster = await carol.ask(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`);
    expect(roster.child('query', NS.ROSTER)?.elements()).toEqual([]);
  });

  it('are not for guests, nor for oneself', async () => {
    const world = new XmppWorld();
    const [guest, alice] = [await world.online('guest.1/page'), await world.online('alice/page')];
    await guest.write(`<presence to='bob@example.test' type='subscribe'/>`);
    await alice.write(`<presence to='alice@example.test' type='subscribe'/>`);
    expect(guest.received.map((stanza) => stanza.child('error')?.elements()[0]?.name)).toEqual(['not-allowed']);
    expect([...((await world.part.rosters.of('alice@example.test')).items ?? [])]).toEqual([]);
  });

  it('that could not be stored have not happened', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    world.store.failure = new Error('disk full');
    await alice.write(`<presence to='bob@example.test' type='subscribe'/>`);
    expect(alice.received.map((stanza) => stanza.child('error')?.attributes['type'])).toEqual(['wait']);
    expect(bob.received).toEqual([]);
    world.store.failure = undefined;
    await alice.write(`<presence to='bob@example.test' type='subscribe'/>`);
    expect(seen(bob)).toEqual(['subscribe alice@example.test']);
  });
});
