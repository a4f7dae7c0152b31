import { describe, expect, it } from 'vitest';
import { settled, XmppWorld } from '../../../test/support/xmpp-world.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';

const conditionOf = (stanza: {
  child(name: string): { elements(): Array<{ name: string; namespace: string }> } | undefined;
}) =>
  stanza
    .child('error')
    ?.elements()
    .find(({ namespace }) => namespace === NS.STANZAS)?.name;

describe('routing (RFC 6121 section 8)', () => {
  it('a message to a bare address reaches every available resource that is not negative', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const phone = await world.online('bob/phone');
    const desk = await world.online('bob/desk', 5);
    const silent = await world.online('bob/silent', -1);
    phone.take();
    desk.take();
    await alice.write(`<message to='bob@example.test' type='chat' id='m1'><body>hello</body></message>`);
    for (const client of [phone, desk]) {
      const [message] = client.received;
      expect(message?.attributes).toEqual({
        to: 'bob@example.test',
        type: 'chat',
        id: 'm1',
        from: 'alice@example.test/page',
      });
      expect(message?.childText('body')).toBe('hello');
      expect(client.take()).toHaveLength(1);
    }
    expect(silent.received.filter(({ name }) => name === 'message')).toEqual([]);
    expect(world.faults).toEqual([]);
  });

  it('a message to a resource that has gone goes to the others', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const bob = await world.online('bob/desk');
    await alice.write(`<message to='bob@example.test/phone' type='chat'><body>hello</body></message>`);
    expect(bob.take()).toHaveLength(1);
    // Section 8.5.3.2.1: but news, which was for that one alone.
    await alice.write(`<message to='bob@example.test/phone' type='headline'><body>news</body></message>`);
    expect(bob.take()).toEqual([]);
    expect(alice.take()).toEqual([]);
  });

  it('stamps who wrote it, whatever the stanza says', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const bob = await world.online('bob/desk');
    await alice.write(
      `<message from='carol@example.test/x' to='bob@example.test' type='chat'><body>hello</body></message>`,
    );
    expect(bob.received[0]?.attributes['from']).toBe('alice@example.test/page');
  });

  it('what is not archived does not overtake what waits for the disk', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const bob = await world.online('bob/desk');
    world.store.held = true;
    const first = alice.write(`<message to='bob@example.test' type='chat'><body>one</body></message>`);
    alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    alice.write(`<message to='bob@example.test' type='chat'><body>two</body></message>`);
    alice.write(`<iq to='bob@example.test/desk' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await settled();
    expect(bob.take()).toEqual([]);
    expect(world.store.writes).toBe(2); // both messages, at once
    world.store.commit();
    await first;
    await settled();
    expect(bob.received.map((stanza) => stanza.childText('body') ?? stanza.elements()[0]?.name)).toEqual([
      'one',
      'composing',
      'two',
      'ping',
    ]);
  });

  it('what a client has changed counts for all that it sends behind that (RFC 6120 section 10.1)', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    const note = (text: string) =>
      `<iq type='set' id='${text}'><query xmlns='jabber:iq:private'><n xmlns='urn:n'>${text}</n></query></iq>`;
    await Promise.all([
      alice.write(note('one')),
      alice.write(note('two')),
      alice.write(`<iq type='get' id='read'><query xmlns='jabber:iq:private'><n xmlns='urn:n'/></query></iq>`),
      alice.write(
        `<iq type='set' id='block'><block xmlns='${NS.BLOCKING}'><item jid='bob@example.test'/></block></iq>`,
      ),
      alice.write(`<message to='bob@example.test' type='chat' id='late'><body>x</body></message>`),
    ]);
    expect(alice.received.map(({ attributes }) => attributes['id'])).toEqual(['one', 'two', 'read', 'block', 'late']);
    expect(alice.received[2]?.serialize()).toContain('two');
    expect(alice.received.slice(4).map(conditionOf)).toEqual(['not-acceptable']);
    expect(bob.received).toEqual([]);
  });

  it('a name that nobody has is refused as if he were away', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.write(`<message to='nobody@example.test' type='chat' id='m'><body>x</body></message>`);
    const answer = await alice.ask(
      `<iq to='nobody@example.test' type='get' id='q'><query xmlns='${NS.DISCO_INFO}'/></iq>`,
    );
    expect(alice.received.map((stanza) => [stanza.attributes['type'], conditionOf(stanza)])).toEqual([
      ['error', 'service-unavailable'],
    ]);
    expect(conditionOf(answer)).toBe('service-unavailable');
  });

  it('other domains are not served', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.write(`<message to='x@elsewhere.test' type='chat'><body>x</body></message>`);
    await alice.write(`<presence to='x@elsewhere.test' type='subscribe'/>`);
    await alice.write(`<iq to='elsewhere.test' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await settled();
    expect(alice.received.map(conditionOf)).toEqual(Array(3).fill('remote-server-not-found'));
    expect(world.store.archived).toEqual([]);
  });

  it('addresses that are none are refused, and errors are not answered', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.write(`<message to='@@' type='chat'><body>x</body></message>`);
    await alice.write(`<message to='@@' type='error'/>`);
    expect(alice.received.splice(0).map(conditionOf)).toEqual(['jid-malformed']);
    // RFC 6120 section 8.2.3, its second rule.
    for (const type of ['', ` type='question'`])
      await alice.write(`<iq id='q'${type}><ping xmlns='urn:xmpp:ping'/></iq>`);
    expect(alice.received.map(conditionOf)).toEqual(['bad-request', 'bad-request']);
  });
});
