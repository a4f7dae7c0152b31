import { describe, expect, it } from 'vitest';
import { conditionOf, ROOM, RoomWorld } from '../../../../test/support/room-world.ts';
import { settled } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const invite = (...people: string[]) =>
  `<message to='${ROOM}' id='i'><x xmlns='${NS.MUC_USER}'>${people
    .map((name) => `<invite to='${name}@example.test'><reason>Come</reason></invite>`)
    .join('')}</x></message>`;
const decline = (to = 'alice') =>
  `<message to='${ROOM}'><x xmlns='${NS.MUC_USER}'><decline to='${to}@example.test'><reason>Busy</reason></decline></x></message>`;

describe('invitations through the room (XEP-0045 section 7.8.2)', () => {
  it('reach whoever is invited, with the password; he may decline to whoever invited him', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ passwordprotectedroom: '1', roomsecret: 'cauldron' });
    const dave = await world.online('dave/desk');
    await alice.write(invite('dave'));
    await settled();
    const x = dave.received[0]?.child('x', NS.MUC_USER);
    expect(dave.received[0]?.attributes['from']).toBe(ROOM);
    expect(x?.child('invite')?.attributes['from']).toBe('alice@example.test');
    expect(x?.child('invite')?.childText('reason')).toBe('Come');
    expect(x?.childText('password')).toBe('cauldron');
    // Wherever he says it should go.
    await dave.write(decline('carol'));
    await settled();
    const declined = alice.received.at(-1)?.child('x', NS.MUC_USER)?.child('decline');
    expect(declined?.attributes['from']).toBe('dave@example.test');
    expect(declined?.childText('reason')).toBe('Busy');
    await dave.write(decline());
    expect(conditionOf(dave.received.at(-1))).toBe('item-not-found');
  });

  it.each([
    ['somebody outside', 'dave', {}, 'forbidden'],
    ['a visitor', 'bob', { moderatedroom: '1' }, undefined],
    ['a member of a members-only room', 'carol', { membersonly: '1' }, 'forbidden'],
    ['a member, where that is allowed', 'carol', { membersonly: '1', allowinvites: '1' }, undefined],
    ['an owner of a members-only room', 'alice', { membersonly: '1' }, undefined],
  ])('from %s', async (_who, who, configuration, condition) => {
    const world = await RoomWorld.open();
    const alice = await world.room(configuration as Record<string, string>);
    await world.admin(alice, `<item jid='carol@example.test' affiliation='member'/>`);
    const people = {
      alice,
      bob: await world.guest('bob/phone', 'Bob'),
      carol: await world.guest('carol/pad', 'Carol'),
      dave: await world.online('dave/desk'),
    };
    const eve = await world.online('eve/x');
    const client = people[who as keyof typeof people];
    client.take();
    await client.write(invite('eve'));
    await settled();
    expect(client.received.map(conditionOf)).toEqual(condition === undefined ? [] : [condition]);
    expect(eve.received).toHaveLength(condition === undefined ? 1 : 0);
    if (condition !== undefined || !('membersonly' in (configuration as object))) return;
    eve.take();
    await world.enter(eve, 'Eve');
    expect(conditionOf(eve.received[0])).toBeUndefined();
  });

  it.each([
    ['nobody of that name', invite('nobody'), 'item-not-found'],
    ['somebody who is banned', invite('mallory'), 'not-allowed'],
    ['too many at once', invite(...Array<string>(101).fill('dave')), 'policy-violation'],
    ['no address', `<message to='${ROOM}'><x xmlns='${NS.MUC_USER}'><invite/></x></message>`, 'jid-malformed'],
  ])('%s is refused', async (_what, message, condition) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.admin(alice, `<item jid='mallory@example.test' affiliation='outcast'/>`);
    alice.take();
    await alice.write(message);
    await settled();
    expect(alice.received.map(conditionOf)).toEqual([condition]);
  });

  it('a room remembers a bounded number of them', async () => {
    const world = await RoomWorld.open({ invitations: 1 });
    const alice = await world.room();
    const dave = await world.online('dave/desk');
    const eve = await world.online('eve/x');
    await alice.write(invite('dave', 'eve'));
    await dave.write(decline());
    expect(conditionOf(dave.received.at(-1))).toBe('item-not-found');
    await eve.write(decline());
    expect(conditionOf(eve.received.at(-1))).toBeUndefined();
  });
});
