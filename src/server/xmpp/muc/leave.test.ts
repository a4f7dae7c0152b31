import { describe, expect, it } from 'vitest';
import { conditionOf, itemOf, ROOM, RoomWorld, statusesOf } from '../../../../test/support/room-world.ts';
import { type Client, settled } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

describe('leaving a room (XEP-0045 sections 7.14 and 18.1.2)', () => {
  it('is told to all, with the last words', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await bob.write(`<presence type='unavailable' to='${ROOM}/Bob'><status>to the goblins</status></presence>`);
    expect(alice.received[0]?.childText('status')).toBe('to the goblins');
    expect(itemOf(alice.received[0])).toEqual({ affiliation: 'none', role: 'none', jid: bob.jid });
    expect(statusesOf(alice.received[0])).toEqual([]);
    expect(statusesOf(bob.received[0])).toEqual([110]);
  });

  it.each([
    ['his session ends', async (bob: Client) => bob.close(), []],
    ['he is unavailable to all', (bob: Client) => bob.write(`<presence type='unavailable'/>`), []],
    [
      'a stanza to him comes back',
      (bob: Client) =>
        bob.write(
          `<message type='error' to='${ROOM}/Alice'><error type='cancel'><recipient-unavailable xmlns='${NS.STANZAS}'/></error></message>`,
        ),
      [333],
    ],
  ])('nobody stays when %s', async (_what, go, statuses) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await go(bob);
    await settled();
    const gone = alice.received.filter(({ attributes }) => attributes['from'] === `${ROOM}/Bob`);
    expect(gone.map(({ attributes }) => attributes['type'])).toEqual(['unavailable']);
    expect(statusesOf(gone[0])).toEqual(statuses);
    expect(world.faults).toEqual([]);
  });

  it('an error that says nothing of the way leaves him where he is', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await bob.write(
      `<message type='error' to='${ROOM}/Alice'><error type='modify'><not-acceptable xmlns='${NS.STANZAS}'/></error></message>`,
    );
    await bob.write(`<presence type='subscribe' to='${ROOM}/Bob'/>`);
    await bob.write(`<presence type='probe' to='${ROOM}/Bob'/>`);
    expect(alice.received).toEqual([]);
  });

  it('with several clients, the nickname stays until the last has gone', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const phone = await world.guest('bob/phone', 'Bob');
    const desk = await world.online('bob/desk');
    await desk.write(`<presence to='${ROOM}/Bob'><show>away</show><x xmlns='${NS.MUC}'/></presence>`);
    expect(alice.received.at(-1)?.childText('show')).toBe('away');
    alice.take();
    phone.take();
    desk.take();
    await desk.write(`<presence type='unavailable' to='${ROOM}/Bob'/>`);
    expect(desk.received.map(({ attributes }) => attributes['type'])).toEqual(['unavailable']);
    // What is shown now is the presence of the one that stays.
    expect(alice.received.map((stanza) => [stanza.attributes['type'], stanza.childText('show')])).toEqual([
      [undefined, undefined],
    ]);
    await phone.write(`<presence type='unavailable' to='${ROOM}/Bob'/>`);
    expect(alice.received.at(-1)?.attributes['type']).toBe('unavailable');
  });

  it('a temporary room ends with its last occupant; a persistent one stays', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.say(alice, 'gone soon');
    await alice.write(`<presence type='unavailable' to='${ROOM}/Alice'/>`);
    await settled();
    expect(world.store.archived).toEqual([]);
    alice.take();
    await world.enter(alice, 'Alice');
    expect(statusesOf(alice.received[0])).toContain(201);
    await world.configure(alice, { persistentroom: '1' });
    await alice.write(`<presence type='unavailable' to='${ROOM}/Alice'/>`);
    alice.take();
    await world.enter(alice, 'Alice');
    expect(statusesOf(alice.received[0])).not.toContain(201);
    expect(itemOf(alice.received[0])?.affiliation).toBe('owner');
  });

  it('a room whose maker leaves before he has configured it has never been', async () => {
    const world = await RoomWorld.open();
    const alice = await world.online('alice/page');
    await world.enter(alice, 'Alice');
    await alice.write(`<presence type='unavailable' to='${ROOM}/Alice'/>`);
    expect(world.clock.pending).toBe(0);
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(statusesOf(bob.received[0])).toContain(201);
  });

  it('when the service stops, whoever is in a room is told', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    world.rooms.close();
    for (const client of [alice, bob]) {
      expect(client.received.map(({ attributes }) => attributes['type'])).toEqual(['unavailable']);
      expect(statusesOf(client.received[0])).toEqual([110, 332]);
    }
  });
});

describe('in a room', () => {
  it('another nickname is told to all as one that has gone and one that has come (section 7.6)', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await bob.write(`<presence to='${ROOM}/Robert' id='n'/>`);
    for (const client of [alice, bob]) {
      expect(client.received.map(({ attributes }) => [attributes['type'], attributes['from']])).toEqual([
        ['unavailable', `${ROOM}/Bob`],
        [undefined, `${ROOM}/Robert`],
      ]);
      expect(itemOf(client.received[0])).toMatchObject({ nick: 'Robert', role: 'participant' });
    }
    expect(statusesOf(alice.received[0])).toEqual([303]);
    expect(statusesOf(bob.received[0])).toEqual([110, 303]);
    expect(bob.received[1]?.attributes['id']).toBe('n');
    await world.say(bob, 'me');
    expect(alice.received.at(-1)?.attributes['from']).toBe(`${ROOM}/Robert`);
  });

  it('a nickname that somebody else has, or has reserved, is refused', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.admin(alice, `<item jid='carol@example.test' affiliation='member' nick='Carol'/>`);
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    for (const nick of ['Alice', 'ａｌｉｃｅ', 'carol']) {
      await bob.write(`<presence to='${ROOM}/${nick}'/>`);
      expect(conditionOf(bob.received.pop())).toBe('conflict');
    }
    await bob.write(`<presence to='${ROOM}/BOB'/>`);
    expect(bob.received.at(-1)?.attributes['from']).toBe(`${ROOM}/BOB`);
    expect(alice.received).toHaveLength(2);
  });

  it('availability is told to all, without what only the room may say (sections 7.7 and 17.3)', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    const forged = `<x xmlns='${NS.MUC_USER}'><item affiliation='owner' role='moderator'/></x><occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/>`;
    await bob.write(
      `<presence to='${ROOM}/Bob'><show>xa</show><c xmlns='${NS.CAPS}' node='n' ver='v'/>${forged}</presence>`,
    );
    expect(alice.received[0]?.childText('show')).toBe('xa');
    expect(alice.received[0]?.child('c', NS.CAPS)).toBeDefined();
    expect(alice.received[0]?.serialize()).not.toContain('forged');
    expect(alice.received[0]?.elements('x', NS.MUC_USER)).toHaveLength(1);
    expect(itemOf(alice.received[0])?.affiliation).toBe('none');
    await bob.write(`<presence to='${ROOM}/Bob'><status>${'x'.repeat(9_000)}</status></presence>`);
    expect(conditionOf(bob.received.at(-1))).toBe('policy-violation');
  });

  it('a client that asks to enter again is told all again, and nobody else anything but its presence', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    await world.say(alice, 'one');
    alice.take();
    bob.take();
    await world.enter(bob, 'Bob');
    expect(bob.received.map((stanza) => stanza.attributes['from'])).toEqual([
      `${ROOM}/Alice`,
      `${ROOM}/Bob`,
      `${ROOM}/Alice`,
      ROOM,
    ]);
    expect(alice.received).toHaveLength(1);
  });

  it('whoever takes himself for an occupant is told that he is none (section 7.2.18)', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.online('bob/phone');
    await bob.write(`<presence to='${ROOM}/Bob'/>`);
    await bob.write(`<presence to='nowhere@rooms.example.test/Bob'/>`);
    for (const told of bob.received) expect(statusesOf(told)).toEqual([110, 307, 333]);
    expect(bob.received).toHaveLength(2);
    expect(alice.received).toEqual([]);
  });

  it('visitors whose presence is not shown are seen by moderators alone', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ moderatedroom: '1', presencebroadcast: ['moderator', 'participant'] });
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    const carol = await world.online('carol/pad');
    await world.enter(carol, 'Carol');
    expect(carol.received.map(({ attributes }) => attributes['from'])).not.toContain(`${ROOM}/Bob`);
    expect(bob.received).toEqual([]);
    expect(alice.received).toHaveLength(1);
    carol.take();
    await world.admin(alice, `<item nick='Bob' role='participant'/>`);
    expect(carol.received.map(({ attributes }) => attributes['type'])).toEqual([undefined]);
    await world.admin(alice, `<item nick='Bob' role='visitor'/>`);
    expect(carol.received.map(({ attributes }) => attributes['type'])).toEqual([undefined, 'unavailable']);
  });
});
