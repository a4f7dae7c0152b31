import { describe, expect, it } from 'vitest';
import { conditionOf, itemOf, ROOM, RoomWorld, statusesOf } from '../../../../test/support/room-world.ts';
import { settled } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const get = (inside: string, to = ROOM, type = 'get') => `<iq type='${type}' id='q' to='${to}'>${inside}</iq>`;
const ping = `<ping xmlns='urn:xmpp:ping'/>`;
const register = (inside = '') => `<query xmlns='jabber:iq:register'>${inside}</query>`;
const nick = (name: string) =>
  register(
    `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#register</value></field><field var='muc#register_roomnick'><value>${name}</value></field></x>`,
  );

describe('what a room tells of itself (XEP-0045 section 6)', () => {
  it('its type and what it can do', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ roomname: 'A dark cave', membersonly: '1', whois: 'anyone', publicroom: '0' });
    const info = (await alice.ask(get(`<query xmlns='${NS.DISCO_INFO}'/>`))).child('query', NS.DISCO_INFO);
    expect(info?.child('identity')?.attributes).toEqual({ category: 'conference', type: 'text', name: 'A dark cave' });
    const features = info?.elements('feature').map(({ attributes }) => attributes['var']) ?? [];
    for (const feature of [
      NS.MUC,
      NS.MAM,
      'muc_membersonly',
      'muc_nonanonymous',
      'muc_hidden',
      'muc_temporary',
      'muc_unmoderated',
      'muc_unsecured',
      'urn:xmpp:occupant-id:0',
      'urn:xmpp:message-moderate:1',
    ])
      expect(features).toContain(feature);
    expect(new Set(features).size).toBe(features.length);
  });

  it('who is in it is told to nobody; there is no node but those of XEP-0045', async () => {
    const world = await RoomWorld.open();
    await world.room();
    const dave = await world.online('dave/desk');
    const items = await dave.ask(get(`<query xmlns='${NS.DISCO_ITEMS}'/>`));
    expect(items.child('query', NS.DISCO_ITEMS)?.children).toEqual([]);
    const node = (name: string) => dave.ask(get(`<query xmlns='${NS.DISCO_INFO}' node='${name}'/>`));
    expect(conditionOf(await node('http://jabber.org/protocol/muc#traffic'))).toBe('service-unavailable');
    expect(conditionOf(await node('other'))).toBe('item-not-found');
    expect((await node('x-roomuser-item')).child('query', NS.DISCO_INFO)?.children).toEqual([]);
  });
});

describe('registering with a room (section 7.10)', () => {
  it('makes a member, whose nickname is his', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    expect((await bob.ask(get(register()))).serialize()).toContain('muc#register_roomnick');
    expect((await bob.ask(get(nick('Robert'), ROOM, 'set'))).attributes['type']).toBe('result');
    expect(itemOf(alice.received.at(-1))?.affiliation).toBe('member');
    const known = (await bob.ask(get(register()))).child('query', 'jabber:iq:register');
    expect(known?.child('registered')).toBeDefined();
    expect(known?.childText('username')).toBe('Robert');
    const reserved = await bob.ask(get(`<query xmlns='${NS.DISCO_INFO}' node='x-roomuser-item'/>`));
    expect(reserved.child('query', NS.DISCO_INFO)?.child('identity')?.attributes['name']).toBe('Robert');
    const carol = await world.online('carol/pad');
    await world.enter(carol, 'robert');
    expect(conditionOf(carol.received[0])).toBe('conflict');
    expect(conditionOf(await carol.ask(get(nick('ROBERT'), ROOM, 'set')))).toBe('conflict');
    expect(conditionOf(await carol.ask(get(nick('Alice'), ROOM, 'set')))).toBe('conflict');
    await bob.ask(get(register('<remove/>'), ROOM, 'set'));
    expect(itemOf(alice.received.at(-1))?.affiliation).toBe('none');
    await world.enter(carol, 'Robert');
    expect(itemOf(carol.received.at(-2))?.role).toBe('participant');
  });

  it('is not allowed in a members-only room, nor to whoever is banned', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ membersonly: '1' });
    const bob = await world.online('bob/phone');
    expect(conditionOf(await bob.ask(get(register())))).toBe('not-allowed');
    expect(conditionOf(await bob.ask(get(nick('Bob'), ROOM, 'set')))).toBe('not-allowed');
    await world.configure(alice, { membersonly: '0' });
    await world.admin(alice, `<item jid='bob@example.test' affiliation='outcast'/>`);
    expect(conditionOf(await bob.ask(get(nick('Bob'), ROOM, 'set')))).toBe('not-allowed');
    expect(conditionOf(await bob.ask(get(register('<remove/>'), ROOM, 'set')))).toBe('registration-required');
  });

  it('keeps an owner an owner, and does without a form that is none', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await alice.ask(get(nick('Alice'), ROOM, 'set'));
    await alice.ask(get(register('<remove/>'), ROOM, 'set'));
    expect(itemOf(alice.received.at(-1))?.affiliation).toBe('owner');
    expect(conditionOf(await alice.ask(get(register('<username>x</username>'), ROOM, 'set')))).toBe('bad-request');
  });
});

describe('questions from one occupant to another (section 17.4)', () => {
  it('and the answers pass through the room, which tells neither who the other is', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    await bob.write(get(`<query xmlns='jabber:iq:version'/>`, `${ROOM}/Alice`));
    const [question] = alice.received;
    expect(question?.attributes['from']).toBe(`${ROOM}/Bob`);
    const id = question?.attributes['id'];
    expect(id).not.toBe('q');
    // Nobody else can answer it.
    const mallory = await world.guest('mallory/x', 'Mallory');
    await mallory.write(`<iq type='result' id='${id}' to='${ROOM}/Bob'/>`);
    expect(bob.received.filter(({ name }) => name === 'iq')).toEqual([]);
    await alice.write(`<iq type='result' id='${id}' to='${ROOM}/Bob'><query xmlns='jabber:iq:version'/></iq>`);
    const answer = bob.received.at(-1);
    expect(answer?.attributes).toEqual({ type: 'result', id: 'q', from: `${ROOM}/Alice`, to: bob.jid });
  });

  it('of too many that nobody answers the first is given up', async () => {
    const world = await RoomWorld.open({ forwardedIqs: 1 });
    await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    for (const id of ['first', 'second'])
      await bob.write(`<iq type='get' id='${id}' to='${ROOM}/Alice'><query xmlns='jabber:iq:version'/></iq>`);
    expect(bob.received.map((stanza) => [stanza.attributes['id'], conditionOf(stanza)])).toEqual([
      ['first', 'remote-server-timeout'],
    ]);
  });

  it('a ping to oneself tells whether one is still there (XEP-0410)', async () => {
    const world = await RoomWorld.open();
    await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    expect((await bob.ask(get(ping, `${ROOM}/Bob`))).attributes).toMatchObject({ type: 'result', from: `${ROOM}/Bob` });
    expect(bob.received).toEqual([]);
    const desk = await world.online('bob/desk');
    expect(conditionOf(await desk.ask(get(ping, `${ROOM}/Bob`)))).toBe('not-acceptable');
    await bob.write(`<presence type='unavailable' to='${ROOM}/Bob'/>`);
    expect(conditionOf(await bob.ask(get(ping, `${ROOM}/Bob`)))).toBe('not-acceptable');
    expect((await bob.ask(get(ping))).attributes['type']).toBe('result');
  });

  it.each([
    ['to nobody', `${ROOM}/Nobody`, 'bob', ping, 'item-not-found'],
    ['of discovery from outside', `${ROOM}/Alice`, 'dave', `<query xmlns='${NS.DISCO_INFO}'/>`, 'bad-request'],
    ['from outside', `${ROOM}/Alice`, 'dave', `<query xmlns='jabber:iq:version'/>`, 'not-acceptable'],
    ['to a room that there is not', 'den@rooms.example.test', 'bob', ping, 'item-not-found'],
    ['that no room answers', ROOM, 'bob', `<query xmlns='jabber:iq:version'/>`, 'service-unavailable'],
  ])('%s are refused', async (_what, to, who, payload, condition) => {
    const world = await RoomWorld.open();
    await world.room();
    const people = { bob: await world.guest('bob/phone', 'Bob'), dave: await world.online('dave/desk') };
    const answer = await people[who as 'bob' | 'dave'].ask(get(payload, to));
    expect(conditionOf(answer)).toBe(condition);
  });
});

describe('the archive of a room (XEP-0313 section 6.1.2)', () => {
  const query = (inside = '') => get(`<query xmlns='${NS.MAM}' queryid='f'>${inside}</query>`, ROOM, 'set');

  async function spoken(configuration: Record<string, string> = {}) {
    const world = await RoomWorld.open();
    const alice = await world.room(configuration);
    for (const text of ['one', 'two', 'three']) await world.say(alice, text);
    alice.take();
    return { world, alice };
  }

  it('gives what was said, a page at a time, to somebody who was not there', async () => {
    const { world } = await spoken();
    const dave = await world.online('dave/desk');
    const fin = (await dave.ask(query(`<set xmlns='${NS.RSM}'><max>2</max><before/></set>`))).child('fin', NS.MAM);
    const texts = dave.take();
    expect(texts).toHaveLength(2);
    expect(texts[0]).toContain('<body>two</body>');
    expect(texts[0]).toContain(`from='${ROOM}/Alice'`);
    expect(texts[0]).not.toContain('alice@example.test');
    expect(fin?.attributes['complete']).toBeUndefined();
    expect(fin?.child('set', NS.RSM)?.childText('count')).toBe('3');
  });

  it('tells real addresses to whoever may know them', async () => {
    const { world, alice } = await spoken();
    await alice.ask(query());
    expect(alice.take()[0]).toContain(`jid='${alice.jid}'`);
    await world.configure(alice, { whois: 'anyone' });
    const bob = await world.guest('bob/phone', 'Bob');
    await bob.ask(query());
    expect(bob.take()[0]).toContain(`jid='${alice.jid}'`);
  });

  it.each([
    ['banned', {}, 'outcast', 'forbidden'],
    ['no member, of a members-only room', { membersonly: '1' }, 'none', 'forbidden'],
    ['a member of it', { membersonly: '1' }, 'member', undefined],
    ['outside a room with a password', { passwordprotectedroom: '1', roomsecret: 's' }, 'none', 'forbidden'],
    ['on the lists of one', { passwordprotectedroom: '1', roomsecret: 's' }, 'member', undefined],
  ])('to somebody who is %s', async (_who, configuration, affiliation, condition) => {
    const { world, alice } = await spoken(configuration as Record<string, string>);
    await world.admin(alice, `<item jid='dave@example.test' affiliation='${affiliation}'/>`);
    const dave = await world.online('dave/desk');
    for (const question of [query(), get(`<query xmlns='${NS.MAM}'/>`), get(`<metadata xmlns='${NS.MAM}'/>`)]) {
      dave.take();
      expect(conditionOf(await dave.ask(question))).toBe(condition);
    }
  });

  it('finds what was said under a nickname, and not by a real address', async () => {
    const { world, alice } = await spoken();
    const by = (jid: string) =>
      query(
        `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${NS.MAM}</value></field><field var='with'><value>${jid}</value></field></x>`,
      );
    for (const [jid, count] of [
      [`${ROOM}/Alice`, 3],
      [`${ROOM}/Bob`, 0],
      ['alice@example.test', 0],
      [ROOM, 3],
    ] as const) {
      await alice.ask(by(jid));
      expect(alice.take()).toHaveLength(count);
    }
    expect(world.faults).toEqual([]);
  });

  it('has nothing where nothing is to be kept', async () => {
    const { alice } = await spoken({ enablelogging: '0' });
    await alice.ask(query());
    expect(alice.take()).toEqual([]);
  });

  it('what a moderator takes back is a tombstone there, and is repeated to nobody (XEP-0425)', async () => {
    const { world, alice } = await spoken();
    const bob = await world.guest('bob/phone', 'Bob');
    const id = world.store.archived.find(({ stanza }) => stanza.includes('two'))?.id ?? '';
    const request = get(
      `<moderate xmlns='urn:xmpp:message-moderate:1' id='${id}'><retract xmlns='urn:xmpp:message-retract:1'/><reason>Spam</reason></moderate>`,
      ROOM,
      'set',
    );
    expect(conditionOf(await bob.ask(request))).toBe('forbidden');
    expect((await alice.ask(request)).attributes['type']).toBe('result');
    const retract = bob.received.at(-1)?.child('retract', 'urn:xmpp:message-retract:1');
    expect(bob.received.at(-1)?.attributes['from']).toBe(ROOM);
    expect(retract?.attributes['id']).toBe(id);
    expect(retract?.child('moderated', 'urn:xmpp:message-moderate:1')?.attributes['by']).toBe(`${ROOM}/Alice`);
    bob.take();
    await bob.ask(query());
    const texts = bob.take();
    expect(texts).toHaveLength(4);
    expect(texts[1]).toContain('<retracted ');
    expect(texts.join('')).not.toContain('<body>two</body>');
    const carol = await world.online('carol/pad');
    await world.enter(carol, 'Carol');
    expect(carol.received.map((stanza) => stanza.childText('body')).filter(Boolean)).toEqual(['one', 'three']);
    expect(conditionOf(await alice.ask(request.replace(id, 'nothing')))).toBe('item-not-found');
  });

  it('whoever takes back his own words leaves a tombstone; another’s words stay (XEP-0424)', async () => {
    const { world, alice } = await spoken();
    const bob = await world.guest('bob/phone', 'Bob');
    const id = world.store.archived.find(({ stanza }) => stanza.includes('two'))?.id ?? '';
    const retract = `<message type='groupchat' to='${ROOM}' id='r'><retract xmlns='urn:xmpp:message-retract:1' id='${id}'/></message>`;
    await bob.write(retract);
    await settled();
    expect(world.store.archived.find((message) => message.id === id)?.stanza).toContain('<body>two</body>');
    await alice.write(retract);
    await settled();
    expect(world.store.archived.find((message) => message.id === id)?.stanza).toContain('<retracted ');
  });
});

describe('the service (sections 6.1 to 6.3)', () => {
  it('lists public rooms, and hidden ones to whoever belongs to them', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ roomname: 'Cave' });
    const dave = await world.online('dave/desk');
    const list = async (client = dave) =>
      (await client.ask(get(`<query xmlns='${NS.DISCO_ITEMS}'/>`, 'rooms.example.test')))
        .child('query', NS.DISCO_ITEMS)
        ?.elements('item', NS.DISCO_ITEMS)
        .map(({ attributes }) => [attributes['jid'], attributes['name']]);
    expect(await list()).toEqual([[ROOM, 'Cave']]);
    await world.configure(alice, { publicroom: '0' });
    expect(await list()).toEqual([]);
    expect(await list(alice)).toEqual([[ROOM, 'Cave']]);
    const server = await dave.ask(get(`<query xmlns='${NS.DISCO_ITEMS}'/>`, 'example.test'));
    expect(server.serialize()).toContain(`jid='rooms.example.test'`);
  });

  it('gives many rooms in pages', async () => {
    const world = await RoomWorld.open();
    const alice = await world.online('alice/page');
    for (const name of ['a', 'b', 'c']) {
      await alice.write(`<presence to='${name}@rooms.example.test/Alice'><x xmlns='${NS.MUC}'/></presence>`);
      world.clock.advance(60_000);
    }
    const query = `<query xmlns='${NS.DISCO_ITEMS}'><set xmlns='${NS.RSM}'><max>1</max><after>a@rooms.example.test</after></set></query>`;
    const page = (await alice.ask(get(query, 'rooms.example.test'))).child('query', NS.DISCO_ITEMS);
    expect(page?.elements('item').map(({ attributes }) => attributes['jid'])).toEqual(['b@rooms.example.test']);
    expect(page?.child('set', NS.RSM)?.childText('count')).toBe('3');
  });

  it('says what it is, answers pings, and makes up names for rooms', async () => {
    const world = await RoomWorld.open();
    const dave = await world.online('dave/desk');
    const ask = (payload: string, type = 'get') => dave.ask(get(payload, 'rooms.example.test', type));
    expect((await ask(`<query xmlns='${NS.DISCO_INFO}'/>`)).serialize()).toContain(`category='conference'`);
    expect((await ask(ping)).attributes['type']).toBe('result');
    const unique = await ask(`<unique xmlns='http://jabber.org/protocol/muc#unique'/>`);
    expect(unique.child('unique', 'http://jabber.org/protocol/muc#unique')?.text).toMatch(/^[\w-]{16}$/);
    expect(conditionOf(await ask(ping, 'set'))).toBe('service-unavailable');
  });

  it('persistent rooms are as they were after a restart, with their last messages', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({
      persistentroom: '1',
      roomname: 'Cave',
      passwordprotectedroom: '1',
      roomsecret: 's',
    });
    await world.admin(alice, `<item jid='bob@example.test' affiliation='member' nick='Bob'/>`);
    await world.say(alice, 'one');
    await alice.write(`<message to='${ROOM}' type='groupchat'><subject>Spells</subject></message>`);
    await settled();
    await world.restart();
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob', '<password>s</password>');
    await settled();
    expect(itemOf(bob.received[0])?.affiliation).toBe('member');
    expect(statusesOf(bob.received[0])).toEqual([110, 170]);
    expect(bob.received[1]?.childText('body')).toBe('one');
    expect(bob.received[1]?.serialize()).not.toContain('alice@example.test');
    expect(bob.received[2]?.childText('subject')).toBe('Spells');
    expect(world.faults).toEqual([]);
  });
});

describe('bounds', () => {
  it('one account makes so many rooms, and is in so many', async () => {
    const world = await RoomWorld.open({ roomsPerAccount: 2, visitsPerAccount: 3 });
    const alice = await world.online('alice/page');
    const into = (client: typeof alice, name: string) =>
      client.write(
        `<presence to='${name}@rooms.example.test/${client.session.account}'><x xmlns='${NS.MUC}'/></presence>`,
      );
    for (const name of ['a', 'b', 'c']) await into(alice, name);
    expect(conditionOf(alice.received.at(-1))).toBe('not-allowed');
    world.clock.advance(60_000);
    const bob = await world.online('bob/phone');
    for (const name of ['d', 'e', 'a', 'b']) await into(bob, name);
    expect(conditionOf(bob.received.at(-1))).toBe('resource-constraint');
    await bob.write(`<presence type='unavailable' to='a@rooms.example.test/bob'/>`);
    bob.take();
    await into(bob, 'b');
    expect(conditionOf(bob.received[0])).toBeUndefined();
  });

  it('all accounts together make so many', async () => {
    const world = await RoomWorld.open({ rooms: 1 });
    await world.room();
    const bob = await world.online('bob/phone');
    await bob.write(`<presence to='den@rooms.example.test/Bob'><x xmlns='${NS.MUC}'/></presence>`);
    expect(conditionOf(bob.received[0])).toBe('resource-constraint');
  });

  it('nobody enters, or changes his nickname, as often as he likes', async () => {
    const world = await RoomWorld.open({ joinBurst: 3, joinRate: 1 });
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    for (let n = 0; n < 10; n++) await bob.write(`<presence to='${ROOM}/Bob${n}'/>`);
    expect(bob.received.map(conditionOf).filter((condition) => condition === 'resource-constraint')).toHaveLength(8);
    expect(alice.received).toHaveLength(4);
    world.clock.advance(1_000);
    await bob.write(`<presence to='${ROOM}/Robert'/>`);
    expect(alice.received).toHaveLength(6);
  });

  it('what one account says and does reaches so many a second', async () => {
    const world = await RoomWorld.open({ deliveryBurst: 10, deliveryRate: 2 });
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    for (let n = 0; n < 10; n++) await world.say(bob, `${n}`);
    expect(alice.received).toHaveLength(4);
    expect(bob.received.map(conditionOf).filter((condition) => condition === 'resource-constraint')).toHaveLength(6);
    await bob.write(`<presence to='${ROOM}/Bob'><show>away</show></presence>`);
    expect(conditionOf(bob.received.at(-1))).toBe('resource-constraint');
    world.clock.advance(1_000);
    await world.say(bob, 'again');
    await bob.write(`<presence type='unavailable' to='${ROOM}/Bob'/>`);
    expect(alice.received.map((stanza) => stanza.name)).toEqual([...Array(5).fill('message'), 'presence']);
  });

  it('a message is so long, and of long ones few are kept', async () => {
    const world = await RoomWorld.open({ messageLength: 1_000, historyLength: 1_500 });
    const alice = await world.room();
    await world.say(alice, 'x'.repeat(1_000));
    expect(conditionOf(alice.received.at(-1))).toBe('policy-violation');
    for (const text of ['1', '2', '3']) await world.say(alice, text.repeat(200));
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(bob.received.map((stanza) => stanza.childText('body')?.[0]).filter(Boolean)).toEqual(['2', '3']);
  });

  it('whoever has no account makes temporary rooms only', async () => {
    const world = await RoomWorld.open();
    const zoe = await world.online('zoe/page');
    await world.enter(zoe, 'Zoe');
    expect(conditionOf(await world.configure(zoe, { persistentroom: '1' }))).toBe('not-acceptable');
    expect((await world.configure(zoe, {})).attributes['type']).toBe('result');
  });

  it('so many clients share a nickname; nicknames are so long', async () => {
    const world = await RoomWorld.open({ sessionsPerNick: 2, nickLength: 5 });
    await world.room();
    await world.guest('bob/1', 'Bob');
    await world.guest('bob/2', 'Bob');
    const third = await world.online('bob/3');
    await world.enter(third, 'Bob');
    expect(conditionOf(third.received[0])).toBe('resource-constraint');
    await world.enter(third, 'Robert');
    expect(conditionOf(third.received[1])).toBe('not-acceptable');
  });

  it('a full room has places left for those who run it', async () => {
    const world = await RoomWorld.open({ reservedForAdmins: 1 });
    const alice = await world.room({ maxusers: '1' });
    await world.admin(
      alice,
      `<item jid='bob@example.test' affiliation='admin'/>`,
      `<item jid='carol@example.test' affiliation='admin'/>`,
    );
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(itemOf(bob.received[1])?.affiliation).toBe('admin');
    const carol = await world.online('carol/pad');
    await world.enter(carol, 'Carol');
    expect(conditionOf(carol.received[0])).toBe('service-unavailable');
  });
});
