import { describe, expect, it } from 'vitest';
import { type Client, settled, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const command = (name: string, ...jids: string[]) =>
  `<iq type='set' id='b'><${name} xmlns='${NS.BLOCKING}'>${jids.map((jid) => `<item jid='${jid}'/>`).join('')}</${name}></iq>`;
const list = `<iq type='get' id='l'><blocklist xmlns='${NS.BLOCKING}'/></iq>`;
const conditions = (client: Client) =>
  client.received.splice(0).map((stanza) =>
    stanza
      .child('error')
      ?.elements()
      .map(({ name }) => name)
      .join(' '),
  );
const text = (to: string) => `<message to='${to}' type='chat'><body>x</body></message>`;

async function world(limits = {}) {
  const made = new XmppWorld(limits);
  return { world: made, alice: await made.online('alice/page'), bob: await made.online('bob/desk') };
}

describe('the block list (XEP-0191)', () => {
  it('is read, changed and pushed to whoever has read it', async () => {
    const { world: made, alice } = await world();
    const phone = await made.online('alice/phone');
    alice.take();
    await phone.ask(list);
    await alice.ask(command('block', 'Bob@example.test', 'spam.test'));
    expect(alice.received).toEqual([]);
    expect(phone.received.splice(0).map((push) => push.elements()[0]?.serialize())).toEqual([
      `<block xmlns='${NS.BLOCKING}'><item jid='bob@example.test'/><item jid='spam.test'/></block>`,
    ]);
    expect((await alice.ask(list)).child('blocklist', NS.BLOCKING)?.children).toHaveLength(2);
    await alice.ask(command('unblock'));
    expect((await alice.ask(list)).child('blocklist', NS.BLOCKING)?.children).toEqual([]);
    expect(phone.received.splice(0)[0]?.elements()[0]?.serialize()).toBe(`<unblock xmlns='${NS.BLOCKING}'/>`);
  });

  it('stops messages, presence and questions, both ways, with an error to who sent them', async () => {
    const { world: made, alice, bob } = await world();
    await alice.ask(command('block', 'bob@example.test'));
    await bob.write(text('alice@example.test'));
    await bob.write(`<iq to='alice@example.test/page' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await bob.write(`<presence to='alice@example.test/page'/>`);
    expect(conditions(bob)).toEqual(['service-unavailable', 'service-unavailable']);
    expect(alice.received).toEqual([]);
    await alice.write(text('bob@example.test'));
    await alice.write(`<iq to='bob@example.test/desk' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await alice.write(`<presence to='bob@example.test/desk'/>`);
    await alice.write(`<presence to='bob@example.test' type='subscribe'/>`);
    await alice.write(`<presence to='bob@example.test' type='subscribed'/>`);
    expect(conditions(alice)).toEqual(Array(5).fill('not-acceptable blocked'));
    await alice.write(`<presence to='bob@example.test' type='unsubscribe'/>`);
    expect(conditions(alice)).toEqual([]);
    bob.received.length = 0;
    expect(bob.received).toEqual([]);
    expect(made.store.archived).toEqual([]);
  });

  it('makes one go, and come again, in the eyes of who is on it', async () => {
    const { alice, bob } = await world();
    await bob.write(`<presence to='alice@example.test' type='subscribe'/>`);
    await alice.write(`<presence to='bob@example.test' type='subscribed'/>`);
    bob.take();
    await alice.ask(command('block', 'example.test'));
    expect(bob.received.splice(0).map(({ attributes }) => attributes['type'])).toEqual(['unavailable']);
    await alice.write('<presence><show>away</show></presence>');
    expect(bob.received).toEqual([]);
    await alice.ask(command('unblock', 'example.test'));
    expect(bob.received.splice(0).map(({ attributes }) => attributes['type'])).toEqual([undefined]);
  });

  it('hides who is on it, by any form of address, from whoever blocks', async () => {
    const { world: made, alice, bob } = await world();
    await bob.write(`<presence to='alice@example.test' type='subscribe'/>`);
    await alice.write(`<presence to='bob@example.test' type='subscribed'/>`);
    for (const address of [alice.jid, 'example.test']) {
      await bob.ask(command('block', address));
      bob.take();
      await alice.write('<presence><show>away</show></presence>');
      expect(bob.received).toEqual([]);
      const phone = await made.online('bob/phone');
      expect(phone.received.filter(({ attributes }) => attributes['from'] === alice.jid)).toEqual([]);
      await bob.ask(command('unblock', address));
    }
  });

  it('of one’s own domain leaves oneself', async () => {
    const { world: made, alice, bob } = await world();
    await alice.ask(command('block', 'example.test'));
    const phone = await made.online('alice/phone');
    expect(alice.received.splice(0).map(({ attributes }) => attributes['from'])).toEqual([phone.jid]);
    await alice.write(text('alice@example.test'));
    expect([alice, phone].map(({ received }) => received.splice(0).map(({ name }) => name))).toEqual([
      ['message'],
      ['message'],
    ]);
    await bob.write(text('alice@example.test'));
    expect(conditions(bob)).toEqual(['service-unavailable']);
  });

  it('is kept to from the first presence after a restart on', async () => {
    const { world: before, alice, bob } = await world();
    await bob.write(`<presence to='alice@example.test' type='subscribe'/>`);
    await alice.write(`<presence to='bob@example.test' type='subscribed'/>`);
    await alice.ask(command('block', 'bob@example.test'));
    const after = new XmppWorld({}, {}, before.store);
    const watcher = await after.online('bob/desk');
    await after.online('alice/page');
    expect(watcher.take()).toEqual([]);
    const late = after.bind('bob/late');
    await late.write('<presence/>');
    expect(late.received.map(({ attributes }) => attributes['from']).sort()).toEqual([
      'bob@example.test/desk',
      'bob@example.test/late',
    ]);
  });

  it('is kept to for a phone whose owner has not signed in otherwise', async () => {
    const { world: before, alice, bob } = await world();
    await bob.write(`<presence to='alice@example.test' type='subscribe'/>`);
    await alice.write(`<presence to='bob@example.test' type='subscribed'/>`);
    const after = new XmppWorld({}, {}, before.store);
    const presence = xml('presence', NS.CLIENT, { from: 'alice@example.test/sip-1' });
    after.part.presences.set({ account: 'alice', resource: 'sip-1', presence, source: 'sip' });
    const seen = async (name: string) => {
      const client = after.bind(name);
      await client.write('<presence/>');
      await settled();
      return client.received.some(({ attributes }) => attributes['from'] === 'alice@example.test/sip-1');
    };
    expect(await seen('bob/one')).toBe(true);
    await after.part.blockLists.save('alice@example.test', ['bob@example.test']);
    expect(await seen('bob/two')).toBe(false);
    const again = new XmppWorld({}, {}, before.store);
    again.part.presences.set({ account: 'alice', resource: 'sip-1', presence, source: 'sip' });
    const client = again.bind('bob/three');
    await client.write('<presence/>');
    await settled();
    expect(client.received.some(({ attributes }) => attributes['from'] === 'alice@example.test/sip-1')).toBe(false);
  });

  it('hears nothing of requests from who is on it', async () => {
    const { alice, bob } = await world();
    await alice.ask(command('block', 'bob@example.test'));
    await bob.write(`<presence to='alice@example.test' type='subscribe'/>`);
    await settled();
    expect(alice.received).toEqual([]);
  });

  it('is bounded, one’s own, and of addresses', async () => {
    const { alice } = await world({ blockedAddresses: 2 });
    const refused = async (iq: string) => (await alice.ask(iq)).child('error')?.elements()[0]?.name;
    expect(await refused(command('block'))).toBe('bad-request');
    expect(await refused(command('block', '@@'))).toBe('jid-malformed');
    expect(await refused(command('block', 'alice@example.test'))).toBe('not-acceptable');
    expect(await refused(command('block', 'a@x.test', 'b@x.test', 'c@x.test'))).toBe('policy-violation');
    await alice.ask(command('block', 'a@x.test', 'b@x.test'));
    expect(await refused(command('block', 'c@x.test'))).toBe('policy-violation');
    expect(await refused(list.replace('<iq', `<iq to='bob@example.test'`))).toBe('forbidden');
  });
});
