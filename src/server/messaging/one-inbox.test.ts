import { describe, expect, it } from 'vitest';
import { type Client, settled, XmppWorld } from '../../../test/support/xmpp-world.ts';
import { xml } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import { parseElement } from '../../protocol/xmpp/tokenizer.ts';
import type { MessageDevices } from './inbox.ts';

const chat = (to: string, body: string, more = '') =>
  `<message to='${to}' type='chat' id='${body}'><body>${body}</body>${more}</message>`;
const bodies = (client: Client) => client.received.splice(0).map((stanza) => stanza.childText('body'));
const errors = (client: Client) =>
  client.received.splice(0).map((stanza) => stanza.child('error')?.elements()[0]?.name);

async function twoOnline(limits = {}) {
  const world = new XmppWorld(limits);
  return { world, alice: await world.online('alice/page'), bob: await world.online('bob/desk') };
}

/** Phones of one account, which take what they are given or do not answer. */
class Phones implements MessageDevices {
  readonly protocol = 'sip';
  readonly got: Array<[string | undefined, string | undefined]> = [];
  online = true;
  answers = 1;

  reachable(): boolean {
    return this.online;
  }

  async deliver(_: string, message: { childText(name: string): string | undefined }, except?: string): Promise<number> {
    await settled();
    if (this.answers > 0) this.got.push([message.childText('body'), except]);
    return this.answers;
  }
}

describe('the archive', () => {
  it('has a message once for each side, under an id that its owner is told and the other is not', async () => {
    const { world, alice, bob } = await twoOnline();
    await alice.write(chat('bob@example.test', 'hello'));
    expect(world.store.archived.map(({ owner, peer }) => [owner, peer])).toEqual([
      ['alice@example.test', 'bob@example.test'],
      ['bob@example.test', 'alice@example.test'],
    ]);
    const [message] = bob.received;
    const ids = message?.elements('stanza-id', NS.SID).map(({ attributes }) => attributes);
    expect(ids).toEqual([{ by: 'bob@example.test', id: world.store.archived[1]?.id }]);
    const stored = parseElement(world.store.archived[1]?.stanza ?? '');
    expect(stored.attributes['from']).toBe('alice@example.test/page');
    expect(stored.childText('body')).toBe('hello');
  });

  it('is written before the message is given to anybody', async () => {
    const { world, alice, bob } = await twoOnline();
    world.store.held = true;
    const sent = alice.write(chat('bob@example.test', 'hello'));
    await settled();
    expect(bob.received).toEqual([]);
    world.store.commit();
    await sent;
    expect(bodies(bob)).toEqual(['hello']);
  });

  it('of a message to oneself has it once', async () => {
    const { world, alice } = await twoOnline();
    await alice.write(chat('alice@example.test', 'note'));
    expect(world.store.archived).toHaveLength(1);
    expect(bodies(alice)).toEqual(['note']);
  });

  it('leaves out what is only for the moment', async () => {
    const { world, alice, bob } = await twoOnline();
    await alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    await alice.write(chat('bob@example.test', 'secret', `<no-store xmlns='${NS.HINTS}'/>`));
    expect(world.store.archived).toEqual([]);
    expect(bob.received).toHaveLength(2);
  });

  it('and the time that something has waited cannot be made up', async () => {
    const { alice, bob } = await twoOnline();
    await alice.write(
      chat('bob@example.test', 'x', `<delay xmlns='${NS.DELAY}' from='example.test' stamp='2001-01-01T00:00:00Z'/>`),
    );
    expect(bob.received[0]?.child('delay', NS.DELAY)).toBeUndefined();
  });

  it('cannot be written into by a forged id', async () => {
    const { alice, bob } = await twoOnline();
    const forged = `<stanza-id xmlns='${NS.SID}' by='bob@example.test' id='forged'/>`;
    const foreign = `<stanza-id xmlns='${NS.SID}' by='room@conference.elsewhere' id='kept'/>`;
    await alice.write(chat('bob@example.test', 'x', forged + foreign));
    const ids = bob.received[0]?.elements('stanza-id', NS.SID).map(({ attributes }) => attributes['id']);
    expect(ids).toHaveLength(2);
    expect(ids).toContain('kept');
    expect(ids).not.toContain('forged');
  });

  it('is kept as its owner wants (XEP-0441)', async () => {
    const { world, alice, bob } = await twoOnline();
    await bob.ask(
      `<iq type='set' id='p'><prefs xmlns='${NS.MAM}' default='never'><always><jid>carol@example.test</jid></always></prefs></iq>`,
    );
    await alice.write(chat('bob@example.test', 'one'));
    const carol = await world.online('carol/x');
    await carol.write(chat('bob@example.test', 'two'));
    expect(world.store.archived.map(({ owner }) => owner)).toEqual([
      'alice@example.test',
      'carol@example.test',
      'bob@example.test',
    ]);
    await bob.ask(`<iq type='set' id='p'><prefs xmlns='${NS.MAM}' default='roster'><never/></prefs></iq>`);
    await bob.ask(`<iq type='set' id='r'><query xmlns='${NS.ROSTER}'><item jid='alice@example.test'/></query></iq>`);
    world.store.archived.length = 0;
    await carol.write(chat('bob@example.test', 'three'));
    await alice.write(chat('bob@example.test', 'four'));
    expect(world.store.archived.map(({ owner, peer }) => `${owner} ${peer}`)).toEqual([
      'carol@example.test bob@example.test',
      'alice@example.test bob@example.test',
      'bob@example.test alice@example.test',
    ]);
  });
});

describe('what is taken back (XEP-0424)', () => {
  const retract = (to: string, id: string) =>
    `<message to='${to}' type='chat' id='r'><retract xmlns='urn:xmpp:message-retract:1' id='${id}'/></message>`;
  const inArchive = (world: XmppWorld, owner: string) =>
    world.store.archived
      .filter((row) => row.owner === owner)
      .map(({ stanza }) => parseElement(stanza))
      .map((stanza) => stanza.childText('body') ?? stanza.elements()[0]?.name);

  it('leaves a tombstone in both archives, of its corrections as well', async () => {
    const { world, alice } = await twoOnline();
    await alice.write(chat('bob@example.test', 'one'));
    await alice.write(chat('bob@example.test', 'two', `<replace xmlns='urn:xmpp:message-correct:0' id='one'/>`));
    await alice.write(chat('bob@example.test', 'three'));
    await alice.write(retract('bob@example.test/desk', 'one'));
    await settled();
    for (const owner of ['alice@example.test', 'bob@example.test'])
      expect(inArchive(world, owner)).toEqual(['retracted', 'retracted', 'three', 'retract']);
    const stone = parseElement(world.store.archived[0]?.stanza ?? '');
    expect(stone.attributes).toMatchObject({ from: 'alice@example.test/page', id: 'one' });
    expect(stone.elements()[0]?.attributes).toMatchObject({ id: 'r' });
  });

  it('has to be one’s own', async () => {
    const { world, alice, bob } = await twoOnline();
    await alice.write(chat('bob@example.test', 'one'));
    await bob.write(retract('alice@example.test', 'one'));
    const carol = await world.online('carol/x');
    await carol.write(retract('bob@example.test', 'one'));
    await settled();
    expect(inArchive(world, 'alice@example.test')).toEqual(['one', 'retract']);
    expect(inArchive(world, 'bob@example.test')).toEqual(['one', 'retract', 'retract']);
    expect(world.faults).toEqual([]);
  });
});

describe('a store that fails', () => {
  it('is told to the sender as something to try again, nothing is delivered, and it recovers by itself', async () => {
    const { world, alice, bob } = await twoOnline();
    world.store.failure = Object.assign(new Error('database or disk is full'), { code: 'STORAGE_FAILED' });
    await alice.write(chat('bob@example.test', 'lost'));
    expect(alice.received[0]?.child('error')?.attributes['type']).toBe('wait');
    expect(errors(alice)).toEqual(['internal-server-error']);
    await alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    expect(bob.received.splice(0)).toHaveLength(1);
    world.store.failure = Object.assign(new Error('busy'), { code: 'STORAGE_BUSY' });
    await alice.write(chat('bob@example.test', 'lost too'));
    expect(errors(alice)).toEqual(['resource-constraint']);
    world.store.failure = undefined;
    await alice.write(chat('bob@example.test', 'kept'));
    expect(bodies(bob)).toEqual(['kept']);
    expect(world.faults).toEqual([]);
  });
});

describe('carbons (XEP-0280)', () => {
  it('show the other devices of both sides what one wrote and one read', async () => {
    const { world, alice, bob } = await twoOnline();
    const [page, desk] = [await world.online('alice/tablet'), await world.online('bob/phone')];
    for (const client of [alice, bob, page, desk]) {
      await client.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
      client.take();
    }
    await alice.write(chat('bob@example.test/desk', 'hello'));
    expect(bodies(bob)).toEqual(['hello']);
    expect(alice.received).toEqual([]);
    for (const [client, direction, owner] of [
      [page, 'sent', 'alice@example.test'],
      [desk, 'received', 'bob@example.test'],
    ] as const) {
      const [copy, ...more] = client.received.splice(0);
      expect(more).toEqual([]);
      expect(copy?.attributes).toEqual({ from: owner, to: client.jid, type: 'chat' });
      const inside = copy?.child(direction, NS.CARBONS)?.child('forwarded', NS.FORWARD)?.child('message', NS.CLIENT);
      expect(inside?.childText('body')).toBe('hello');
      expect(inside?.child('stanza-id', NS.SID)?.attributes['by']).toBe(owner);
    }
  });

  it('are not made of what is private, nor twice for whoever got the message', async () => {
    const { world, alice, bob } = await twoOnline();
    const phone = await world.online('bob/phone');
    for (const client of [bob, phone]) await client.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
    for (const client of [bob, phone]) client.take();
    await alice.write(chat('bob@example.test/desk', 'private', `<private xmlns='${NS.CARBONS}'/>`));
    expect([bodies(bob), bodies(phone)]).toEqual([['private'], []]);
    await alice.write(chat('bob@example.test', 'to all'));
    expect([bodies(bob), bodies(phone)]).toEqual([['to all'], ['to all']]);
  });

  it('cannot be forged: what a client writes has its own address outside', async () => {
    const { alice, bob } = await twoOnline();
    await alice.write(
      `<message from='bob@example.test' to='bob@example.test/desk' type='chat'><received xmlns='${NS.CARBONS}'><forwarded xmlns='${NS.FORWARD}'><message xmlns='${NS.CLIENT}' from='carol@example.test/x'><body>give me money</body></message></forwarded></received></message>`,
    );
    expect(bob.received[0]?.attributes['from']).toBe('alice@example.test/page');
  });

  it('of what one’s devices write to each other do not come back to the one that wrote', async () => {
    const { world, alice } = await twoOnline();
    const [phone, tablet] = [await world.online('alice/phone'), await world.online('alice/tablet')];
    for (const client of [alice, phone, tablet])
      await client.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
    for (const client of [alice, phone, tablet]) client.take();
    await alice.write(chat('alice@example.test/phone', 'over there'));
    expect(bodies(phone)).toEqual(['over there']);
    expect(alice.received).toEqual([]);
    expect(tablet.received.map((stanza) => stanza.child('received', NS.CARBONS) !== undefined)).toEqual([true]);
    expect(world.store.archived).toHaveLength(1);
  });

  it('of a negative resource show it what it does not get itself', async () => {
    const world = new XmppWorld();
    const [alice, silent] = [await world.online('alice/page'), await world.online('bob/silent', -1)];
    await silent.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
    silent.take();
    await alice.write(chat('bob@example.test', 'hello'));
    const lost = silent.received.splice(0);
    expect(lost.map((stanza) => stanza.child('received', NS.CARBONS) !== undefined)).toEqual([true]);
    expect(world.store.waiting).toHaveLength(1); // no device took it
    silent.close(lost);
    await settled();
    expect(world.store.waiting).toHaveLength(1);
  });
});

describe('a message for somebody who is away (XEP-0160)', () => {
  it('waits, and comes once, in order, with the time it was written, to who comes first', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.write(chat('bob@example.test', 'one'));
    world.clock.advance(60_000);
    await alice.write(chat('bob@example.test', 'two'));
    await alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    expect(alice.received).toEqual([]);
    expect(world.store.waiting).toHaveLength(2);
    const silent = await world.online('bob/silent', -1);
    expect(bodies(silent)).toEqual([]);
    const bob = world.bind('bob/desk');
    await bob.write('<presence/>');
    await settled();
    const messages = bob.received.filter(({ name }) => name === 'message');
    expect(messages.map((stanza) => stanza.childText('body'))).toEqual(['one', 'two']);
    expect(messages[0]?.child('delay', NS.DELAY)?.attributes).toEqual({
      from: 'example.test',
      stamp: new Date(1_700_000_000_000).toISOString(),
    });
    expect(messages[0]?.child('stanza-id', NS.SID)?.attributes['id']).toBe(world.store.archived[1]?.id);
    expect(world.store.waiting).toEqual([]);
    const late = world.bind('bob/phone');
    await late.write('<presence/>');
    await settled();
    expect(late.received.filter(({ name }) => name === 'message')).toEqual([]);
  });

  it('is not repeated to a client that has read its archive before it said that it is there', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.write(chat('bob@example.test', 'archived'));
    await alice.write(chat('bob@example.test', 'not archived', `<no-permanent-store xmlns='${NS.HINTS}'/>`));
    const bob = world.bind('bob/desk');
    await bob.ask(`<iq type='set' id='m'><query xmlns='${NS.MAM}'/></iq>`);
    bob.take();
    await alice.write(chat('bob@example.test', 'behind that'));
    await bob.write('<presence/>');
    await settled();
    expect(bob.received.filter(({ name }) => name === 'message').map((stanza) => stanza.childText('body'))).toEqual([
      'not archived',
      'behind that',
    ]);
    expect(world.store.waiting).toEqual([]);
  });

  it('is not taken for read with what a client has read of somebody else, or from the end', async () => {
    const world = new XmppWorld();
    const [alice, carol] = [await world.online('alice/page'), await world.online('carol/page')];
    await alice.write(chat('bob@example.test', 'unread'));
    await carol.write(chat('bob@example.test', 'read'));
    const bob = world.bind('bob/desk');
    const query = (id: string, inside: string) =>
      `<iq type='set' id='${id}'><query xmlns='${NS.MAM}'>${inside}</query></iq>`;
    await bob.ask(query('newest', `<set xmlns='${NS.RSM}'><max>1</max><before/></set>`));
    const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
    await bob.ask(
      query(
        'with',
        `<x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', NS.MAM)}${field('with', 'carol@example.test')}</x>`,
      ),
    );
    bob.take();
    await bob.write('<presence/>');
    await settled();
    expect(bob.received.map((stanza) => stanza.childText('body'))).toContain('unread');
  });

  it('who comes while it is written gets it once', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    world.store.held = true;
    const sent = alice.write(chat('bob@example.test', 'hello'));
    await settled();
    const bob = world.bind('bob/desk');
    await bob.write('<presence/>');
    await settled();
    world.store.held = false;
    world.store.commit();
    await sent;
    await settled();
    expect(bob.received.filter(({ name }) => name === 'message')).toHaveLength(1);
    await settled();
    expect(world.store.waiting).toEqual([]);
  });

  it('is refused when too many wait and it is not archived', async () => {
    const world = new XmppWorld({ waitingMessages: 1 });
    const alice = await world.online('alice/page');
    const unarchived = `<no-permanent-store xmlns='${NS.HINTS}'/>`;
    await alice.write(chat('bob@example.test', 'one', unarchived));
    await alice.write(chat('bob@example.test', 'two', unarchived));
    expect(errors(alice)).toEqual(['resource-constraint']);
    await alice.write(chat('bob@example.test', 'three'));
    expect(errors(alice)).toEqual([]);
    expect(world.store.archived).toHaveLength(2);
  });

  it('comes as fast as it is acknowledged, and what is not taken stays for the next who comes', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    for (let i = 0; i < 150; i++) await alice.write(chat('bob@example.test', `${i}`));
    const bob = world.bind('bob/desk');
    const { send } = bob.session;
    let acknowledges = true;
    bob.session.send = (stanza) => {
      bob.session.backlog += 1;
      send(stanza);
    };
    const pass = async () => {
      for (let i = 0; i < 300; i++) {
        await settled();
        world.clock.advance(50);
        if (acknowledges && bob.session.backlog > 100) bob.session.backlog = 0;
      }
    };
    const messages = () => bob.received.filter(({ name }) => name === 'message').length;
    await bob.write('<presence/>');
    await pass();
    expect([messages(), world.store.waiting.length]).toEqual([150, 0]);
    bob.close();
    for (let i = 0; i < 150; i++) await alice.write(chat('bob@example.test', `${i}`));
    acknowledges = false;
    const deaf = world.bind('bob/deaf');
    deaf.session.send = (stanza) => {
      deaf.session.backlog += 1;
      deaf.received.push(stanza);
    };
    await deaf.write('<presence/>');
    await pass();
    const given = deaf.received.filter(({ name }) => name === 'message').length;
    expect(given).toBeLessThanOrEqual(101);
    expect(world.store.waiting).toHaveLength(150 - given);
  });

  it('that may not be kept is refused', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    await alice.write(chat('bob@example.test', 'x', `<no-store xmlns='${NS.HINTS}'/>`));
    expect(errors(alice)).toEqual(['service-unavailable']);
  });
});

describe('what a dead session has not acknowledged', () => {
  it('waits when nobody else is there, under the id it has in the archive', async () => {
    const { world, alice, bob } = await twoOnline();
    await alice.write(chat('bob@example.test', 'hello'));
    const lost = bob.received.splice(0);
    bob.close(lost);
    await settled();
    expect(world.store.waiting.map(({ id }) => id)).toEqual([world.store.archived[1]?.id]);
    expect(world.store.archived).toHaveLength(2);
    const again = await world.online('bob/desk');
    again.take();
    expect(world.store.waiting).toEqual([]);
  });

  it('goes to a device that came later, marked as late', async () => {
    const { world, alice, bob } = await twoOnline();
    await alice.write(chat('bob@example.test', 'hello'));
    const phone = await world.online('bob/phone');
    bob.close(bob.received.splice(0).filter(({ name }) => name === 'message'));
    const [message] = phone.received.filter(({ name }) => name === 'message');
    expect(message?.childText('body')).toBe('hello');
    expect(message?.child('delay', NS.DELAY)).toBeDefined();
    expect(world.store.waiting).toEqual([]);
  });

  it('is not given again where another device has had it, be it as a carbon', async () => {
    const { world, alice, bob } = await twoOnline();
    const phone = await world.online('bob/phone');
    await phone.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
    for (const client of [bob, phone]) client.take();
    await alice.write(chat('bob@example.test', 'to all'));
    await alice.write(chat('bob@example.test/desk', 'to one'));
    const lost = bob.received.splice(0);
    expect(phone.received).toHaveLength(2);
    bob.close(lost);
    await settled();
    expect(phone.received.filter(({ name }) => name === 'message')).toHaveLength(2);
    expect(world.store.waiting).toEqual([]);
  });

  it('waits once all of them have lost it, a carbon as the message that it shows', async () => {
    const { world, alice, bob } = await twoOnline();
    const phone = await world.online('bob/phone');
    await phone.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
    for (const client of [bob, phone]) client.take();
    await alice.write(chat('bob@example.test/desk', 'to one'));
    const [first, second] = [bob.received.splice(0), phone.received.splice(0)];
    bob.close(first);
    phone.close(second);
    await settled();
    expect(world.store.waiting.map(({ stanza }) => parseElement(stanza).childText('body'))).toEqual(['to one']);
  });

  it('and was asked of it is answered for it', async () => {
    const { alice, bob } = await twoOnline();
    await alice.write(`<iq to='bob@example.test/desk' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
    bob.close(bob.received.splice(0));
    expect(errors(alice)).toEqual(['recipient-unavailable']);
  });
});

describe('phones (SIP)', () => {
  it('get what is for the account; what they do not answer to waits where nobody else is there', async () => {
    const world = new XmppWorld();
    const phones = new Phones();
    world.part.inbox.addDevices(phones);
    const alice = await world.online('alice/page');
    await alice.write(chat('bob@example.test', 'hello'));
    await settled();
    expect(phones.got).toEqual([['hello', undefined]]);
    phones.answers = 0;
    await alice.write(chat('bob@example.test', 'unanswered'));
    for (let i = 0; i < 2; i++) await settled();
    expect(world.store.waiting).toHaveLength(1);
    phones.answers = 1;
    world.part.inbox.arrived('bob', phones);
    for (let i = 0; i < 4; i++) await settled();
    expect(phones.got.map(([body]) => body)).toEqual(['hello', 'unanswered']);
    expect(world.store.waiting).toEqual([]);
  });

  it('write to XMPP, and to themselves but for the one that wrote', async () => {
    const world = new XmppWorld();
    const phones = new Phones();
    world.part.inbox.addDevices(phones);
    const bob = await world.online('bob/desk');
    const page = await world.online('alice/page');
    await page.ask(`<iq type='set' id='c'><enable xmlns='${NS.CARBONS}'/></iq>`);
    page.take();
    const message = (to: string) =>
      xml(
        'message',
        NS.CLIENT,
        { from: 'alice@example.test/sip-1', to, type: 'chat' },
        xml('body', NS.CLIENT, {}, 'hi'),
      );
    const origin = { protocol: 'sip', device: 'sip:alice@192.0.2.1' } as const;
    expect(await world.part.inbox.submit(message('bob@example.test'), origin)).toBe('delivered');
    expect(bodies(bob)).toEqual(['hi']);
    expect(page.received[0]?.child('sent', NS.CARBONS)).toBeDefined();
    await world.part.inbox.submit(message('alice@example.test'), origin);
    await settled();
    expect(phones.got.at(-1)).toEqual(['hi', 'sip:alice@192.0.2.1']);
  });

  it('are told what became of it', async () => {
    const world = new XmppWorld();
    const submit = (to: string, inside = xml('body', NS.CLIENT, {}, 'hi')) =>
      world.part.inbox.submit(xml('message', NS.CLIENT, { from: 'alice@example.test', to, type: 'chat' }, inside), {
        protocol: 'sip',
        device: 'x',
      });
    expect(await submit('bob@example.test')).toBe('stored');
    expect(await submit('bob@example.test', xml('composing', NS.CHAT_STATES))).toBe('dropped');
    await expect(submit('nobody@example.test')).rejects.toThrow(StanzaError);
  });
});

describe('guests, who have no account', () => {
  it('are written to while they are there, and nothing is kept for them', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const guest = await world.online('guest.1/page');
    await alice.write(chat('guest.1@example.test', 'hello'));
    await guest.write(chat('alice@example.test', 'hello too'));
    expect([bodies(guest), bodies(alice)]).toEqual([['hello'], ['hello too']]);
    expect(new Set(world.store.archived.map(({ owner }) => owner))).toEqual(new Set(['alice@example.test']));
    guest.close();
    await alice.write(chat('guest.1@example.test', 'gone'));
    expect(alice.received.some((stanza) => stanza.attributes['type'] === 'error')).toBe(true);
    expect(world.store.waiting).toEqual([]);
  });
});
