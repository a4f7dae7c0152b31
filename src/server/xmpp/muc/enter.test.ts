import { describe, expect, it } from 'vitest';
import { conditionOf, itemOf, ROOM, RoomWorld, statusesOf } from '../../../../test/support/room-world.ts';
import { settled } from '../../../../test/support/xmpp-world.ts';

describe('entering a room (XEP-0045 section 7.2)', () => {
  it('whoever enters is told of the others, of himself, of what was said, and of the subject, in that order', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.guest('carol/pad', 'Carol');
    await world.say(alice, 'one');
    await alice.write(`<message to='${ROOM}' type='groupchat'><subject>Spells</subject></message>`);
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    const told = bob.received.map((stanza) => `${stanza.name} ${stanza.attributes['from']?.split('/')[1]}`);
    expect(told).toEqual(['presence Alice', 'presence Carol', 'presence Bob', 'message Alice', 'message Alice']);
    expect(statusesOf(bob.received[2])).toEqual([110, 170]);
    expect(bob.received[3]?.childText('body')).toBe('one');
    expect(bob.received[3]?.child('delay', 'urn:xmpp:delay')?.attributes['from']).toBe(ROOM);
    expect(bob.received[4]?.childText('subject')).toBe('Spells');
    expect(alice.received.at(-1)?.attributes['from']).toBe(`${ROOM}/Bob`);
    expect(world.faults).toEqual([]);
  });

  it('in a semi-anonymous room moderators alone see real addresses; in a non-anonymous one all, who are warned', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const carol = await world.guest('carol/pad', 'Carol');
    alice.take();
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(itemOf(alice.received[0])).toEqual({ affiliation: 'none', role: 'participant', jid: bob.jid });
    expect(itemOf(carol.received[0])).toEqual({ affiliation: 'none', role: 'participant' });
    expect(itemOf(bob.received[0])).toEqual({ affiliation: 'owner', role: 'moderator' });
    carol.take();
    await world.configure(alice, { whois: 'anyone' });
    expect(statusesOf(carol.received[0])).toEqual([172]);
    const dave = await world.online('dave/desk');
    await world.enter(dave, 'Dave');
    expect(itemOf(dave.received[0])?.jid).toBe(alice.jid);
    expect(statusesOf(dave.received.find(({ attributes }) => attributes['from'] === `${ROOM}/Dave`))).toEqual([
      100, 110, 170,
    ]);
  });

  it('a new room is its maker’s, and nobody else’s until he has configured it', async () => {
    const world = await RoomWorld.open();
    const alice = await world.online('alice/page');
    await world.enter(alice, 'Alice');
    expect(statusesOf(alice.received[0])).toEqual([110, 170, 201]);
    expect(itemOf(alice.received[0])).toMatchObject({ affiliation: 'owner', role: 'moderator' });
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(conditionOf(bob.received[0])).toBe('item-not-found');
    await world.configure(alice, {});
    bob.take();
    await world.enter(bob, 'Bob');
    expect(statusesOf(bob.received[1])).toEqual([110, 170]);
  });

  it('a new room that nobody configures is opened as it is after a while', async () => {
    const world = await RoomWorld.open();
    await world.enter(await world.online('alice/page'), 'Alice');
    world.clock.advance(60_000);
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(bob.received[1]?.attributes['from']).toBe(`${ROOM}/Bob`);
    expect(world.clock.pending).toBe(0);
  });

  it.each([
    [
      'without a nickname',
      {},
      `<presence to='${ROOM}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
      'jid-malformed',
    ],
    ['with an invisible nickname', {}, 'enter:\u00a0', 'not-acceptable'],
    ['with somebody else’s nickname, in another case', {}, 'enter:ALICE', 'conflict'],
    ['without the password', { passwordprotectedroom: '1', roomsecret: 'secret' }, 'enter:Bob', 'not-authorized'],
    ['a members-only room', { membersonly: '1' }, 'enter:Bob', 'registration-required'],
    ['a full room', { maxusers: '1' }, 'enter:Bob', 'service-unavailable'],
  ])('is refused %s', async (_what, configuration, how, condition) => {
    const world = await RoomWorld.open();
    await world.room(configuration as Record<string, string>);
    const bob = await world.online('bob/phone');
    if (how.startsWith('enter:')) await world.enter(bob, how.slice(6));
    else await bob.write(how);
    await settled();
    expect(bob.received.map((stanza) => [stanza.attributes['type'], conditionOf(stanza)])).toEqual([
      ['error', condition],
    ]);
    expect(bob.received[0]?.child('error')?.attributes['by']).toBe(ROOM);
    expect(bob.received[0]?.child('x', 'http://jabber.org/protocol/muc')).toBeDefined();
  });
});
