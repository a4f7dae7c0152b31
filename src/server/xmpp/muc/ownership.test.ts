import { describe, expect, it } from 'vitest';
import { conditionOf, itemOf, ROOM, RoomWorld, statusesOf } from '../../../../test/support/room-world.ts';
import { settled } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const OWNER = (inside: string, type = 'set') =>
  `<iq type='${type}' id='o' to='${ROOM}'><query xmlns='${NS.MUC_OWNER}'>${inside}</query></iq>`;

describe('configuration of a room (XEP-0045 sections 10.1 and 10.2)', () => {
  it('the form says what is so now', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ roomname: 'A dark cave', whois: 'anyone', maxusers: '13' });
    const form = (await alice.ask(OWNER('', 'get'))).serialize();
    expect(form).toContain(`var='muc#roomconfig_roomname'`);
    expect(form).toContain('<value>A dark cave</value>');
    expect(form).toContain('<value>13</value>');
    expect(form).toContain('<value>alice@example.test</value>');
  });

  it.each([
    ['another number of occupants than there may be', { maxusers: '100000' }],
    ['no number', { maxusers: 'many' }],
    ['a password that is empty', { passwordprotectedroom: '1', roomsecret: '' }],
    ['neither true nor false', { membersonly: 'perhaps' }],
    ['another choice', { whois: 'nobody' }],
    ['a name that is too long', { roomname: 'x'.repeat(201) }],
    ['roles that there are not', { presencebroadcast: ['king'] }],
    ['admins without an address', { roomadmins: ['@'] }],
  ])('%s is not acceptable, and nothing is changed', async (_what, configuration) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const answer = await world.configure(alice, { ...(configuration as Record<string, string>), moderatedroom: '1' });
    expect(conditionOf(answer)).toBe('not-acceptable');
    expect(alice.received).toEqual([]);
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(itemOf(bob.received[1])?.role).toBe('participant');
  });

  it.each([
    ['the form', OWNER('', 'get')],
    ['a change', OWNER(`<x xmlns='jabber:x:data' type='submit'/>`)],
    ['a cancellation', OWNER(`<x xmlns='jabber:x:data' type='cancel'/>`)],
    ['the end of the room', OWNER('<destroy/>')],
  ])('%s is forbidden to an admin', async (_what, iq) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.admin(alice, `<item jid='bob@example.test' affiliation='admin'/>`);
    const bob = await world.guest('bob/phone', 'Bob');
    expect(conditionOf(await bob.ask(iq))).toBe('forbidden');
  });

  it.each([
    [{ whois: 'anyone' }, [172]],
    [{ enablelogging: '0' }, [171]],
    [{ roomname: 'Cave' }, [104]],
    [{ enablelogging: '0', whois: 'anyone', roomname: 'Cave' }, [171, 172, 104]],
    [{}, []],
  ])('occupants are told that %j has changed', async (configuration, statuses) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    await world.configure(alice, configuration as Record<string, string>);
    expect(bob.received.map(statusesOf)).toEqual(statuses.length === 0 ? [] : [statuses]);
  });

  it('a room that is for members only from now on is left by all others', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.admin(alice, `<item jid='carol@example.test' affiliation='member'/>`);
    const bob = await world.guest('bob/phone', 'Bob');
    const carol = await world.guest('carol/pad', 'Carol');
    await world.configure(alice, { membersonly: '1' });
    expect(statusesOf(bob.received.at(-1))).toEqual([110, 322]);
    expect(statusesOf(carol.received.at(-1))).toEqual([322]);
    await world.enter(bob, 'Bob');
    expect(conditionOf(bob.received.at(-1))).toBe('registration-required');
  });

  it('lists in the form are whole: whoever is left out is what he was no more', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({
      roomowners: ['alice@example.test', 'bob@example.test'],
      roomadmins: ['carol@example.test'],
    });
    const bob = await world.guest('bob/phone', 'Bob');
    const carol = await world.guest('carol/pad', 'Carol');
    bob.take();
    await world.configure(alice, { roomowners: ['alice@example.test'] });
    expect(itemOf(bob.received.find(({ name }) => name === 'presence'))?.affiliation).toBe('admin');
    await world.configure(alice, { roomadmins: ['bob@example.test'] });
    expect(itemOf(carol.received.at(-1))).toMatchObject({ affiliation: 'none', role: 'participant' });
    expect(conditionOf(await world.configure(alice, { roomowners: [] }))).toBe('conflict');
  });

  it('in a room that is moderated no more everybody may speak', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ moderatedroom: '1' });
    const bob = await world.guest('bob/phone', 'Bob');
    await world.configure(alice, { moderatedroom: '0' });
    expect(itemOf(bob.received.at(-1))?.role).toBe('participant');
  });

  it('calling off the first configuration ends the room; a later one changes nothing', async () => {
    const world = await RoomWorld.open();
    const alice = await world.online('alice/page');
    const cancel = OWNER(`<x xmlns='jabber:x:data' type='cancel'/>`);
    await world.enter(alice, 'Alice');
    alice.take();
    await alice.ask(cancel);
    expect(alice.received[0]?.child('x', NS.MUC_USER)?.child('destroy')).toBeDefined();
    await world.enter(alice, 'Alice');
    await world.configure(alice, {});
    alice.take();
    await alice.ask(cancel);
    expect(alice.received).toEqual([]);
  });
});

describe('the end of a room (section 10.9)', () => {
  it('is told to each once, with where to go instead; nothing of it is left', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ persistentroom: '1' });
    const bob = await world.guest('bob/phone', 'Bob');
    await world.guest('carol/pad', 'Carol');
    await world.say(alice, 'said');
    bob.take();
    await alice.ask(OWNER(`<destroy jid='den@rooms.example.test'><reason>Macbeth doth come</reason></destroy>`));
    expect(bob.received.map(({ attributes }) => attributes['type'])).toEqual(['unavailable']);
    const destroy = bob.received[0]?.child('x', NS.MUC_USER)?.child('destroy');
    expect(destroy?.attributes['jid']).toBe('den@rooms.example.test');
    expect(destroy?.childText('reason')).toBe('Macbeth doth come');
    await settled();
    expect(world.store.archived.filter(({ owner }) => owner === ROOM)).toEqual([]);
    await world.restart();
    bob.take();
    await world.enter(bob, 'Bob');
    expect(statusesOf(bob.received[0])).toContain(201);
    // The new room's archive begins with it.
    expect(bob.received.map((stanza) => stanza.childText('body')).filter(Boolean)).toEqual([]);
  });
});
