import { describe, expect, it } from 'vitest';
import { conditionOf, itemOf, ROOM, RoomWorld, statusesOf } from '../../../../test/support/room-world.ts';
import type { Client } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { affiliationsOf } from './room-documents.ts';

/** Who may be in a moderated room, each twice: `owner`, `admin`, `mod` (a stranger made moderator), `member`, `voiced`, `visitor`. */
const KINDS = ['owner', 'admin', 'mod', 'member', 'voiced', 'visitor'] as const;

async function crowd(): Promise<{ world: RoomWorld; people: Map<string, Client> }> {
  const world = await RoomWorld.open();
  const alice = await world.room({ moderatedroom: '1' });
  const people = new Map<string, Client>();
  for (const kind of KINDS)
    for (const name of [`${kind}1`, `${kind}2`]) {
      world.accounts.add(name);
      people.set(name, await world.guest(`${name}/x`, name));
    }
  for (const kind of ['owner', 'admin', 'member'])
    for (const name of [`${kind}1`, `${kind}2`])
      await world.admin(alice, `<item jid='${name}@example.test' affiliation='${kind}'/>`);
  for (const name of ['mod1', 'mod2']) await world.admin(alice, `<item nick='${name}' role='moderator'/>`);
  for (const name of ['voiced1', 'voiced2']) await world.admin(alice, `<item nick='${name}' role='participant'/>`);
  for (const client of people.values()) client.take();
  return { world, people };
}

/** `.` done, `f` forbidden, `n` not-allowed. */
const LETTERS: Readonly<Record<string, string>> = { forbidden: 'f', 'not-allowed': 'n' };

describe('who may change whose role (XEP-0045 sections 5.1.3, 8.2 to 8.5, 9.6, 9.7)', () => {
  // Rows: who asks. Columns: owner, admin, mod, member, voiced, visitor.
  const TABLES = {
    none: { owner: '......', admin: 'n.....', mod: 'nnnn..', member: 'ffffff', voiced: 'ffffff', visitor: 'ffffff' },
    visitor: { owner: 'nn....', admin: 'nn....', mod: 'fffn..', member: 'ffffff', voiced: 'ffffff', visitor: 'ffffff' },
    participant: {
      owner: 'nn....',
      admin: 'nn....',
      mod: 'fff...',
      member: 'ffffff',
      voiced: 'ffffff',
      visitor: 'ffffff',
    },
    moderator: {
      owner: '......',
      admin: '......',
      mod: '...fff',
      member: 'ffffff',
      voiced: 'ffffff',
      visitor: 'ffffff',
    },
  } as const;

  for (const [role, rows] of Object.entries(TABLES))
    it.each(Object.entries(rows))(`to ${role}, asked by %s`, async (actor, expected) => {
      let outcome = '';
      for (const target of KINDS) {
        const { world, people } = await crowd();
        const answer = await world.admin(people.get(`${actor}1`) as Client, `<item nick='${target}2' role='${role}'/>`);
        outcome += answer.attributes['type'] === 'result' ? '.' : (LETTERS[conditionOf(answer) ?? ''] ?? '?');
        const told = people.get('visitor1')?.received.filter(({ name }) => name === 'presence') ?? [];
        if (answer.attributes['type'] === 'error') expect(told).toEqual([]);
        else expect(itemOf(told[0])?.role).toBe(role);
      }
      expect(outcome).toBe(expected);
    });
});

describe('who may change whose affiliation (sections 5.2.2, 9.1 to 9.5, 10.3 to 10.8)', () => {
  // Columns: owner, admin, member, somebody of no affiliation, outcast.
  const TARGETS = ['owner2', 'admin2', 'member2', 'voiced2', 'banned'];
  const TABLES = {
    outcast: { owner: '.....', admin: 'nn...', mod: 'fffff', member: 'fffff', voiced: 'fffff' },
    none: { owner: '.....', admin: 'ff...', mod: 'fffff', member: 'fffff', voiced: 'fffff' },
    member: { owner: '.....', admin: 'ff...', mod: 'fffff', member: 'fffff', voiced: 'fffff' },
    admin: { owner: '.....', admin: 'fffff', mod: 'fffff', member: 'fffff', voiced: 'fffff' },
    owner: { owner: '.....', admin: 'fffff', mod: 'fffff', member: 'fffff', voiced: 'fffff' },
  } as const;

  for (const [affiliation, rows] of Object.entries(TABLES))
    it.each(Object.entries(rows))(`to ${affiliation}, asked by %s`, async (actor, expected) => {
      let outcome = '';
      for (const target of TARGETS) {
        const { world, people } = await crowd();
        await world.admin(people.get('owner2') as Client, `<item jid='banned@example.test' affiliation='outcast'/>`);
        const jid = `${target}@example.test`;
        const answer = await world.admin(
          people.get(`${actor}1`) as Client,
          `<item jid='${jid}' affiliation='${affiliation}'/>`,
        );
        outcome += answer.attributes['type'] === 'result' ? '.' : (LETTERS[conditionOf(answer) ?? ''] ?? '?');
      }
      expect(outcome).toBe(expected);
    });
});

describe('administration', () => {
  it.each([
    ['himself banned', `<item jid='alice@example.test' affiliation='outcast'/>`, 'conflict'],
    ['himself put out', `<item nick='Alice' role='none'/>`, 'conflict'],
    ['the last owner none any more', `<item jid='alice@example.test' affiliation='admin'/>`, 'conflict'],
    ['a role and an affiliation at once', `<item nick='Bob' role='none' affiliation='none'/>`, 'bad-request'],
    ['neither', `<item nick='Bob'/>`, 'bad-request'],
    ['nothing', '', 'bad-request'],
    ['a role that there is not', `<item nick='Bob' role='king'/>`, 'bad-request'],
    ['an affiliation that there is not', `<item jid='bob@example.test' affiliation='king'/>`, 'bad-request'],
    ['somebody who is not there', `<item nick='Nobody' role='none'/>`, 'item-not-found'],
    ['what is no address', `<item jid='@@' affiliation='member'/>`, 'jid-malformed'],
    ['a domain as a member', `<item jid='example.test' affiliation='member'/>`, 'not-acceptable'],
    ['too much at once', `<item nick='Bob' role='visitor'/>`.repeat(101), 'policy-violation'],
  ])('is refused to an owner who wants %s', async (_what, items, condition) => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    await world.guest('bob/phone', 'Bob');
    expect(conditionOf(await world.admin(alice, items))).toBe(condition);
  });

  it('of several changes all are made, or none', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    const member = `<item jid='bob@example.test' affiliation='member'/>`;
    const answer = await world.admin(alice, member, `<item jid='alice@example.test' affiliation='outcast'/>`);
    expect(conditionOf(answer)).toBe('conflict');
    expect(bob.received).toEqual([]);
  });

  it('whoever is put out learns of it first, then the moderator of his success, then the others', async () => {
    const world = await RoomWorld.open();
    const order: string[] = [];
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    const carol = await world.guest('carol/pad', 'Carol');
    for (const client of [alice, bob, carol]) {
      const { send } = client.session;
      client.session.send = (stanza) => {
        order.push(`${client.session.account} ${stanza.name}`);
        send(stanza);
      };
    }
    await world.admin(alice, `<item nick='Bob' role='none'><reason>Avaunt</reason></item>`);
    expect(order).toEqual(['bob presence', 'alice iq', 'alice presence', 'carol presence']);
    expect(statusesOf(bob.received.at(-1))).toEqual([110, 307]);
    expect(statusesOf(carol.received.at(-1))).toEqual([307]);
    const item = bob.received.at(-1)?.child('x', NS.MUC_USER)?.child('item');
    expect(item?.childText('reason')).toBe('Avaunt');
    expect(item?.child('actor')?.attributes['nick']).toBe('Alice');
    bob.take();
    await world.say(bob, 'still here?');
    expect(conditionOf(bob.received[0])).toBe('not-acceptable');
  });

  it('whoever is banned is put out with all his clients, and cannot enter; the list tells why', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const phone = await world.guest('bob/phone', 'Bob');
    const desk = await world.guest('bob/desk', 'Robert');
    await world.admin(alice, `<item jid='bob@example.test/x' affiliation='outcast'><reason>Treason</reason></item>`);
    for (const client of [phone, desk]) {
      const gone = client.received.filter(({ attributes }) => attributes['type'] === 'unavailable').at(-1);
      expect(itemOf(gone)).toMatchObject({ affiliation: 'outcast', role: 'none' });
      client.take();
    }
    await world.enter(phone, 'Bob');
    expect(conditionOf(phone.received[0])).toBe('forbidden');
    const list = await alice.ask(
      `<iq type='get' id='l' to='${ROOM}'><query xmlns='${NS.MUC_ADMIN}'><item affiliation='outcast'/></query></iq>`,
    );
    expect(list.elements()[0]?.serialize(NS.CLIENT)).toContain(
      `<item affiliation='outcast' jid='bob@example.test'><reason>Treason</reason></item>`,
    );
  });

  it('a whole domain can be banned, but for whoever has an entry of his own', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room();
    const bob = await world.guest('bob/phone', 'Bob');
    await world.admin(alice, `<item jid='example.test' affiliation='outcast'/>`);
    expect(statusesOf(bob.received.at(-1))).toEqual([110, 301]);
    await world.say(alice, 'alone');
    expect(alice.received.at(-1)?.childText('body')).toBe('alone');
  });

  it('whoever is no member any more is put out of a members-only room', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ membersonly: '1' });
    await world.admin(alice, `<item jid='bob@example.test' affiliation='member'/>`);
    const bob = await world.online('bob/phone');
    await world.enter(bob, 'Bob');
    expect(itemOf(bob.received[1])?.affiliation).toBe('member');
    await world.admin(alice, `<item jid='bob@example.test' affiliation='none'/>`);
    expect(statusesOf(bob.received.at(-1))).toEqual([110, 321]);
  });

  it('a new member of a members-only room is invited, with the password', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ membersonly: '1', passwordprotectedroom: '1', roomsecret: 'cauldron' });
    const bob = await world.online('bob/phone');
    await world.admin(alice, `<item jid='bob@example.test' affiliation='member'/>`);
    const x = bob.received.at(-1)?.child('x', NS.MUC_USER);
    expect(x?.child('invite')?.attributes['from']).toBe('alice@example.test');
    expect(x?.childText('password')).toBe('cauldron');
  });

  it.each([
    ['outcast', 'moderators', 'admin', true],
    ['member', 'moderators', 'admin', true],
    ['admin', 'moderators', 'admin', false],
    ['owner', 'moderators', 'admin', false],
    ['member', 'moderators', 'member', false],
    ['member', 'anyone', 'member', true],
    ['owner', 'anyone', 'member', true],
    ['outcast', 'anyone', 'member', false],
    ['member', 'anyone', 'none', true],
    ['member', 'moderators', 'none', false],
  ])(
    'the list of %ss, where %s see addresses, for a person of affiliation %s: %s',
    async (list, whois, affiliation, may) => {
      const world = await RoomWorld.open();
      const alice = await world.room({ whois });
      await world.admin(alice, `<item jid='bob@example.test' affiliation='${affiliation}'/>`);
      const bob = await world.guest('bob/phone', 'Bob');
      const query = `<query xmlns='${NS.MUC_ADMIN}'><item affiliation='${list}'/></query>`;
      const answer = await bob.ask(`<iq type='get' id='l' to='${ROOM}'>${query}</iq>`);
      expect(conditionOf(answer)).toBe(may ? undefined : 'forbidden');
    },
  );

  it('whoever becomes a moderator sees real addresses, and those whom others do not see, until he is none any more', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ moderatedroom: '1', presencebroadcast: ['moderator', 'participant'] });
    const bob = await world.guest('bob/phone', 'Bob');
    const carol = await world.guest('carol/pad', 'Carol');
    const told = () =>
      bob.received
        .splice(0)
        .map((stanza) => [stanza.attributes['from'], stanza.attributes['type'], itemOf(stanza)?.jid]);
    await world.admin(alice, `<item nick='Bob' role='moderator'/>`);
    expect(told()).toEqual([
      [`${ROOM}/Bob`, undefined, bob.jid],
      [`${ROOM}/Alice`, undefined, alice.jid],
      [`${ROOM}/Carol`, undefined, carol.jid],
    ]);
    await world.admin(alice, `<item nick='Bob' role='participant'/>`);
    expect(told().map(([from, type]) => [from, type])).toEqual([
      [`${ROOM}/Bob`, undefined],
      [`${ROOM}/Carol`, 'unavailable'],
    ]);
  });

  it('the lists are bounded', async () => {
    const world = await RoomWorld.open({ affiliations: 3 });
    const alice = await world.room();
    const member = (n: number) => `<item jid='u${n}@example.test' affiliation='member'/>`;
    expect(conditionOf(await world.admin(alice, member(1), member(2), member(3)))).toBe('resource-constraint');
    expect((await world.admin(alice, member(1), member(2))).attributes['type']).toBe('result');
    expect(conditionOf(await world.admin(alice, member(3)))).toBe('resource-constraint');
  });

  it('somebody who is forgotten is on no list any more; a ban stays, and the last owner', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ persistentroom: '1' });
    const items = ['bob@example.test member', 'carol@example.test owner', 'dave@example.test outcast'];
    await world.admin(
      alice,
      ...items.map((item) => `<item jid='${item.split(' ')[0]}' affiliation='${item.split(' ')[1]}'/>`),
    );
    for (const name of ['bob', 'carol', 'dave', 'alice', 'eve']) await world.rooms.forget(`${name}@example.test`);
    const kept = [
      { address: 'alice', affiliation: 'owner' },
      { address: 'bob', affiliation: undefined },
      { address: 'carol', affiliation: undefined },
      { address: 'dave', affiliation: 'outcast' },
    ];
    for (const { address, affiliation } of kept) {
      const found = await affiliationsOf(world.store.documents, `${address}@example.test`);
      expect(found.map((entry) => entry.affiliation)).toEqual(affiliation === undefined ? [] : [affiliation]);
    }
  });

  it('a visitor asks for voice, a moderator is asked, and gives it', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ moderatedroom: '1' });
    const bob = await world.guest('bob/phone', 'Bob');
    alice.take();
    const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
    const form = (...fields: string[]) =>
      `<message to='${ROOM}'><x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', 'http://jabber.org/protocol/muc#request')}${fields.join('')}</x></message>`;
    await world.say(bob, 'mute');
    expect(conditionOf(bob.received.pop())).toBe('forbidden');
    await bob.write(form(field('muc#role', 'participant')));
    const question = alice.received[0]?.serialize() ?? '';
    expect(question).toContain('muc#request_allow');
    expect(question).toContain(bob.jid);
    // A visitor cannot answer it himself.
    const answer = form(
      field('muc#role', 'participant'),
      field('muc#roomnick', 'Bob'),
      field('muc#request_allow', '1'),
    );
    await bob.write(answer);
    expect(conditionOf(bob.received.pop())).toBe('forbidden');
    await alice.write(answer);
    expect(itemOf(bob.received.at(-1))?.role).toBe('participant');
    await world.say(bob, 'heard');
    expect(alice.received.at(-1)?.childText('body')).toBe('heard');
  });

  it('voice that was given or taken in a moderated room outlasts a visit', async () => {
    const world = await RoomWorld.open();
    const alice = await world.room({ moderatedroom: '1' });
    const bob = await world.guest('bob/phone', 'Bob');
    await world.admin(alice, `<item nick='Bob' role='participant'/>`);
    await bob.write(`<presence type='unavailable' to='${ROOM}/Bob'/>`);
    bob.take();
    await world.enter(bob, 'Bobby');
    expect(itemOf(bob.received[1])?.role).toBe('participant');
  });
});
