import { describe, expect, it } from 'vitest';
import { conditionOf, ROOM, RoomWorld } from '../../../../test/support/room-world.ts';
import { settled } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { OCCUPANT_ID } from './presence-broadcast.ts';

describe('messages to all (XEP-0045 section 7.4)', () => {
  it('go to everybody, the sender too, from his nickname and with his id', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await world.say(bob, 'hello', `<active xmlns='${NS.CHAT_STATES}'/>`);
    for (const client of [alice, bob]) {
      const [message] = client.received;
      expect(message?.attributes).toEqual({ type: 'groupchat', from: `${ROOM}/Bob`, to: client.jid, id: 'hello' });
      expect(message?.childText('body')).toBe('hello');
      expect(message?.child('active', NS.CHAT_STATES)).toBeDefined();
      expect(message?.child('stanza-id', NS.SID)?.attributes['by']).toBe(ROOM);
    }
  });

  it.each([
    ['from outside the room', 'dave', `to='${ROOM}' type='groupchat'`, 'not-acceptable'],
    ['to a room that there is not', 'bob', `to='den@rooms.example.test' type='groupchat'`, 'item-not-found'],
    ['to one occupant', 'bob', `to='${ROOM}/Alice' type='groupchat'`, 'bad-request'],
    ['of another type', 'bob', `to='${ROOM}' type='chat'`, 'bad-request'],
    ['of another type from outside', 'dave', `to='${ROOM}' type='chat'`, 'forbidden'],
    ['to the service itself', 'bob', `to='rooms.example.test'`, 'service-unavailable'],
  ])('are refused %s', async (_what, who, attributes, condition) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    const dave = await world.online('dave/desk');
    alice.take();
    await (who === 'bob' ? bob : dave).write(`<message ${attributes}><body>x</body></message>`);
    await settled();
    expect([...bob.received, ...dave.received].map(conditionOf)).toEqual([condition]);
    expect(alice.received).toEqual([]);
  });

  it('carry no id, delay, extension or moderation of the sender’s own making', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    const forged = [
      `<stanza-id xmlns='${NS.SID}' by='${ROOM}' id='forged'/>`,
      `<occupant-id xmlns='${OCCUPANT_ID}' id='forged'/>`,
      `<delay xmlns='${NS.DELAY}' from='${ROOM}' stamp='1610-04-20T00:00:00Z'/>`,
      `<x xmlns='${NS.MUC_USER}'><status code='307'/></x>`,
      `<retract xmlns='urn:xmpp:message-retract:1' id='1'><moderated xmlns='urn:xmpp:message-moderate:1' by='forged'/></retract>`,
    ];
    await world.say(bob, 'honest', `${forged.join('')}<origin-id xmlns='${NS.SID}' id='mine'/>`);
    const text = alice.received[0]?.serialize() ?? '';
    expect(text).not.toContain('forged');
    expect(text).not.toContain('1610');
    expect(text).not.toContain('307');
    expect(text).toContain(`<origin-id xmlns='${NS.SID}' id='mine'/>`);
    expect(alice.received[0]?.elements('stanza-id', NS.SID)).toHaveLength(1);
    expect(alice.received[0]?.elements('occupant-id', OCCUPANT_ID)).toHaveLength(1);
  });

  it('the sender is who the stream says, whatever the stanza does', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const mallory = await world.online('mallory/x');
    await mallory.write(`<message from='${alice.jid}' to='${ROOM}' type='groupchat'><body>x</body></message>`);
    await mallory.write(`<presence from='${alice.jid}' to='${ROOM}/Alice' type='unavailable'/>`);
    expect(conditionOf(mallory.received[0])).toBe('not-acceptable');
    expect(alice.received).toEqual([]);
  });

  it('an occupant has one id under all nicknames and on all clients, another in another room (XEP-0421)', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const phone = await world.guest('bob/phone', 'Bob');
    const desk = await world.guest('bob/desk', 'Robert');
    alice.take();
    await world.say(phone, 'one');
    await world.say(desk, 'two');
    await world.say(alice, 'three');
    await phone.write(`<presence to='den@rooms.example.test/Bob'><x xmlns='${NS.MUC}'/></presence>`);
    const idOf = (stanza: (typeof alice.received)[number] | undefined) =>
      stanza?.child('occupant-id', OCCUPANT_ID)?.attributes['id'];
    const [one, two, three] = alice.received.map(idOf);
    expect(one).toMatch(/^[\w-]{43}$/);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    const elsewhere = idOf(phone.received.at(-2));
    expect(elsewhere).toBeDefined();
    expect(elsewhere).not.toBe(one);
  });

  it('are archived once, and go out when they are', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    world.store.held = true;
    const said = world.say(bob, 'one');
    await bob.write(`<message to='${ROOM}' type='groupchat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    await bob.write(`<presence to='${ROOM}/Bob' type='unavailable'/>`);
    await settled();
    expect(alice.received).toEqual([]);
    expect(world.store.writes).toBe(1);
    world.store.commit();
    await said;
    // What happened after it comes after it.
    expect(alice.received.map((stanza) => stanza.childText('body') ?? stanza.attributes['type'])).toEqual([
      'one',
      'groupchat',
      'unavailable',
    ]);
    expect(world.store.archived).toHaveLength(1);
    expect(world.store.archived[0]?.stanza).toContain(`jid='${bob.jid}'`);
  });

  it('that cannot be archived go to nobody, and the sender is told to try again', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    world.store.failure = Object.assign(new Error('disk full'), { code: 'STORAGE_FAILED' });
    await world.say(bob, 'lost');
    expect(alice.received).toEqual([]);
    expect(bob.received[0]?.child('error')?.attributes['type']).toBe('wait');
    await alice.write(`<message to='${ROOM}' type='groupchat'><subject>lost</subject></message>`);
    await settled();
    expect(conditionOf(alice.received.pop())).toBe('internal-server-error');
    world.store.failure = undefined;
    await world.say(bob, 'kept');
    expect(alice.received.map((stanza) => stanza.childText('body'))).toEqual(['kept']);
    const carol = await world.online('carol/pad');
    await world.enter(carol, 'Carol');
    expect(carol.received.map((stanza) => stanza.childText('body')).filter(Boolean)).toEqual(['kept']);
    expect(carol.received.at(-1)?.childText('subject')).toBe('');
  });

  it.each([
    ['a moderator', 'alice', {}, true],
    ['a participant', 'bob', {}, false],
    ['a participant, where that is allowed', 'bob', { changesubject: '1' }, true],
    ['a visitor, even then', 'bob', { changesubject: '1', moderatedroom: '1' }, false],
  ])('the subject is changed by %s', async (_who, who, configuration, may) => {
    const world = await RoomWorld.open();
    const alice = await world.room(configuration as Record<string, string>);
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await (who === 'alice' ? alice : bob).write(
      `<message to='${ROOM}' type='groupchat'><subject>Fire burn</subject></message>`,
    );
    await settled();
    expect(conditionOf(bob.received[0])).toBe(may ? undefined : 'forbidden');
    expect(alice.received.map((stanza) => stanza.childText('subject'))).toEqual(may ? ['Fire burn'] : []);
  });

  it('a subject with a body is a message; one that is too long is refused', async () => {
    const world = await RoomWorld.open({ subjectLength: 10 });
    const alice = await world.room();
    await world.say(alice, 'text', '<subject>no change</subject>');
    await alice.write(`<message to='${ROOM}' type='groupchat'><subject>${'x'.repeat(11)}</subject></message>`);
    expect(conditionOf(alice.received.at(-1))).toBe('not-acceptable');
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(bob.received.at(-1)?.childText('subject')).toBe('');
  });

  it.each([
    ['no limit', '', ['2', '3', '4']],
    ['two messages', `<history maxstanzas='2'/>`, ['3', '4']],
    ['none', `<history maxchars='0'/>`, []],
    ['one by its size', `<history maxchars='500'/>`, ['4']],
    ['those of the last minute', `<history seconds='60'/>`, ['4']],
    ['those since a time', `<history since='2023-11-14T22:14:00Z'/>`, ['3', '4']],
    ['more than the room gives', `<history maxstanzas='1000' since='1970-01-01T00:00:00Z'/>`, ['2', '3', '4']],
    ['nonsense', `<history maxstanzas='-1' since='yesterday'/>`, ['2', '3', '4']],
  ])('whoever enters gets of what was said before: %s', async (_what, history, expected) => {
    const world = await RoomWorld.open();
    const alice = await world.room({ 'muc#maxhistoryfetch': '3' });
    for (const text of ['1', '2', '3', '4']) {
      await world.say(alice, text);
      await alice.write(`<message to='${ROOM}' type='groupchat'><paused xmlns='${NS.CHAT_STATES}'/></message>`);
      world.clock.advance(20_000);
      if (text === '3') world.clock.advance(60_000);
    }
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob', history);
    expect(bob.received.map((stanza) => stanza.childText('body')).filter(Boolean)).toEqual(expected);
  });
});

describe('private messages (section 7.5)', () => {
  it('reach all clients of the other, and nobody else; they are in the archives of both, once, not in the room’s', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const phone = await world.guest('bob/phone', 'Bob');
    const desk = await world.guest('bob/desk', 'Bob');
    const carol = await world.guest('carol/pad', 'Carol');
    for (const client of [alice, phone, desk, carol]) client.take();
    await carol.write(`<message to='${ROOM}/Bob' type='chat' id='p'><body>psst</body></message>`);
    await settled();
    for (const client of [phone, desk]) {
      expect(client.received[0]?.attributes).toEqual({ type: 'chat', id: 'p', from: `${ROOM}/Carol`, to: client.jid });
      expect(client.received[0]?.child('x', NS.MUC_USER)).toBeDefined();
    }
    expect(alice.received).toEqual([]);
    const kept = world.store.archived.map(({ owner }) => owner);
    expect(kept.sort()).toEqual(['bob@example.test', 'carol@example.test']);
  });

  it('from whomever one has blocked do not come, nor does anything else of his; from others they do (XEP-0191)', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    const carol = await world.guest('carol/pad', 'Carol');
    await bob.ask(`<iq type='set' id='b'><block xmlns='${NS.BLOCKING}'><item jid='${ROOM}/Carol'/></block></iq>`);
    bob.take();
    await world.say(carol, 'one');
    await carol.write(`<message to='${ROOM}/Bob' type='chat'><body>psst</body></message>`);
    await carol.write(`<presence to='${ROOM}/Carol'><show>away</show></presence>`);
    await world.say(alice, 'two');
    expect(bob.received.map((stanza) => stanza.childText('body'))).toEqual(['two']);
  });

  it.each([
    ['anyone', 'visitor', undefined],
    ['participants', 'visitor', 'forbidden'],
    ['participants', 'participant', undefined],
    ['moderators', 'participant', 'forbidden'],
    ['moderators', 'moderator', undefined],
    ['none', 'moderator', 'forbidden'],
  ])('where %s may send them, from a %s', async (allowpm, role, condition) => {
    const world = await RoomWorld.open();
    const alice = await world.room({ allowpm, moderatedroom: '1' });
    const bob = await world.guest('bob/phone', 'Bob');
    await world.admin(alice, `<item nick='Bob' role='${role}'/>`);
    bob.take();
    await bob.write(`<message to='${ROOM}/Alice' type='chat'><body>psst</body></message>`);
    expect(bob.received.map(conditionOf)).toEqual(condition === undefined ? [] : [condition]);
  });

  it('to nobody, and from outside, are refused', async () => {
    const world = await RoomWorld.open();
    await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    const dave = await world.online('dave/desk');
    await bob.write(`<message to='${ROOM}/Nobody' type='chat'><body>psst</body></message>`);
    await dave.write(`<message to='${ROOM}/Alice' type='chat'><body>psst</body></message>`);
    expect(conditionOf(bob.received[0])).toBe('item-not-found');
    expect(conditionOf(dave.received[0])).toBe('not-acceptable');
  });
});
