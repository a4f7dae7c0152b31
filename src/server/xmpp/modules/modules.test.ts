import { describe, expect, it } from 'vitest';
import { type Client, settled, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

const get = (payload: string, to = 'example.test') => `<iq to='${to}' type='get' id='g'>${payload}</iq>`;
const condition = async (client: Client, iq: string) => (await client.ask(iq)).child('error')?.elements()[0]?.name;

describe('what the server tells of itself', () => {
  it('answers pings (XEP-0199)', async () => {
    const alice = await new XmppWorld().online('alice/page');
    for (const to of ['example.test', 'alice@example.test'])
      expect((await alice.ask(get(`<ping xmlns='urn:xmpp:ping'/>`, to))).attributes).toMatchObject({
        type: 'result',
        from: to,
      });
  });

  it('its time (XEP-0202) and version (XEP-0092)', async () => {
    const alice = await new XmppWorld().online('alice/page');
    const time = (await alice.ask(get(`<time xmlns='urn:xmpp:time'/>`))).child('time', 'urn:xmpp:time');
    expect(time?.childText('utc')).toBe(new Date(1_700_000_000_000).toISOString());
    const version = (await alice.ask(get(`<query xmlns='jabber:iq:version'/>`))).child('query', 'jabber:iq:version');
    expect([version?.childText('name'), version?.childText('version')]).toEqual(['Chappe', '1.2.3']);
  });

  it('and is not told otherwise', async () => {
    const alice = await new XmppWorld().online('alice/page');
    for (const payload of [
      `<ping xmlns='urn:xmpp:ping'/>`,
      `<time xmlns='urn:xmpp:time'/>`,
      `<query xmlns='jabber:iq:version'/>`,
      `<query xmlns='jabber:iq:last'/>`,
    ])
      expect(await condition(alice, get(payload).replace(`'get'`, `'set'`))).toBe('bad-request');
  });

  it('features, identity, domains, and the hash of that (XEP-0030, XEP-0115)', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const info = (await alice.ask(get(`<query xmlns='${NS.DISCO_INFO}'/>`))).child('query', NS.DISCO_INFO);
    expect(info?.child('identity')?.attributes).toMatchObject({ category: 'server', type: 'im' });
    const features = info?.elements('feature').map(({ attributes }) => attributes['var']);
    for (const feature of [NS.DISCO_INFO, NS.CARBONS, NS.BLOCKING, 'urn:xmpp:ping', 'jabber:iq:private', 'vcard-temp'])
      expect(features).toContain(feature);
    world.part.xmpp.addDomain('rooms.example.test', 'Rooms', { receive: () => {} });
    const items = (await alice.ask(get(`<query xmlns='${NS.DISCO_ITEMS}'/>`))).child('query', NS.DISCO_ITEMS);
    expect(items?.child('item')?.attributes).toEqual({ jid: 'rooms.example.test', name: 'Rooms' });
    const caps = () => world.part.xmpp.streamFeatures().find(({ name }) => name === 'c')?.attributes;
    const { node, ver } = caps() ?? {};
    const again = await alice.ask(get(`<query xmlns='${NS.DISCO_INFO}' node='${node}#${ver}'/>`));
    expect(again.child('query', NS.DISCO_INFO)?.attributes['node']).toBe(`${node}#${ver}`);
    expect(await condition(alice, get(`<query xmlns='${NS.DISCO_INFO}' node='other'/>`))).toBe('item-not-found');
    world.part.xmpp.addFeature('server', 'urn:new');
    expect(caps()?.['ver']).not.toBe(ver);
  });

  it('of an account only to those who may see it', async () => {
    const world = new XmppWorld();
    const alice = await world.online('alice/page');
    const query = `<query xmlns='${NS.DISCO_INFO}'/>`;
    const own = (await alice.ask(get(query, 'alice@example.test'))).child('query', NS.DISCO_INFO);
    expect(own?.elements('feature').map(({ attributes }) => attributes['var'])).toContain(NS.MAM);
    expect(await condition(alice, get(query, 'bob@example.test'))).toBe('service-unavailable');
    expect(await condition(alice, get(query, 'nobody@example.test'))).toBe('service-unavailable');
    const items = `<query xmlns='${NS.DISCO_ITEMS}'/>`;
    for (const name of ['bob', 'nobody'])
      expect(await condition(alice, get(items, `${name}@example.test`))).toBe('service-unavailable');
  });

  it('what nobody knows is refused', async () => {
    const alice = await new XmppWorld().online('alice/page');
    expect(await condition(alice, get(`<x xmlns='urn:x'/>`))).toBe('service-unavailable');
    expect(await condition(alice, `<iq type='get' id='g'><a xmlns='urn:a'/><b xmlns='urn:b'/></iq>`)).toBe(
      'bad-request',
    );
  });
});

describe('since when somebody is away (XEP-0012)', () => {
  it('is told to those who may see him', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    const ask = get(`<query xmlns='jabber:iq:last'/>`, 'bob@example.test');
    expect(await condition(alice, ask)).toBe('forbidden');
    await alice.write(`<presence to='bob@example.test' type='subscribe'/>`);
    await bob.write(`<presence to='alice@example.test' type='subscribed'/>`);
    alice.take();
    const seconds = async () => (await alice.ask(ask)).child('query', 'jabber:iq:last')?.attributes['seconds'];
    expect(await seconds()).toBe('0');
    bob.close();
    await settled();
    world.clock.advance(90_000);
    expect(await seconds()).toBe('90');
  });
});

describe('private XML (XEP-0049)', () => {
  const of = (inside: string, type = 'set') =>
    `<iq type='${type}' id='p'><query xmlns='jabber:iq:private'>${inside}</query></iq>`;

  it('is given back to its owner, and to nobody else', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    await alice.ask(of(`<storage xmlns='storage:bookmarks'><conference jid='r@x'/></storage>`));
    const again = await world.online('alice/phone');
    const kept = await again.ask(of(`<storage xmlns='storage:bookmarks'/>`, 'get'));
    expect(kept.child('query', 'jabber:iq:private')?.elements()[0]?.children).toHaveLength(1);
    const theirs = of(`<storage xmlns='storage:bookmarks'/>`, 'get').replace('<iq', `<iq to='alice@example.test'`);
    expect(await condition(bob, theirs)).toBe('forbidden');
    expect(
      (await bob.ask(of(`<storage xmlns='storage:bookmarks'/>`, 'get')))
        .child('query', 'jabber:iq:private')
        ?.elements()[0]?.children,
    ).toEqual([]);
  });

  it('is bounded in number and size', async () => {
    const world = new XmppWorld({ privateEntries: 2, privateCharacters: 200 });
    const alice = await world.online('alice/page');
    expect(await condition(alice, of(`<a xmlns='urn:a'>${'x'.repeat(200)}</a>`))).toBe('policy-violation');
    await alice.ask(of(`<a xmlns='urn:a'/>`));
    await alice.ask(of(`<b xmlns='urn:b'/>`));
    expect(await condition(alice, of(`<c xmlns='urn:c'/>`))).toBe('policy-violation');
    expect(await condition(alice, of(`<b xmlns='urn:b'>x</b>`))).toBeUndefined();
    expect(await condition(alice, of('', 'get'))).toBe('bad-request');
  });
});

describe('cards (XEP-0054)', () => {
  it('are read by everybody and written by their owner', async () => {
    const world = new XmppWorld({ vcardCharacters: 200 });
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    const card = (inside: string, to = '') =>
      `<iq type='set' id='v'${to}><vCard xmlns='vcard-temp'>${inside}</vCard></iq>`;
    await alice.ask(card('<FN>Alice</FN>'));
    const read = await bob.ask(get(`<vCard xmlns='vcard-temp'/>`, 'alice@example.test'));
    expect(read.child('vCard', 'vcard-temp')?.childText('FN')).toBe('Alice');
    expect(await condition(bob, card('<FN>x</FN>', ` to='alice@example.test'`))).toBe('forbidden');
    expect(await condition(bob, card(`<FN>${'x'.repeat(200)}</FN>`))).toBe('policy-violation');
    // Who has none and who is not there are the same (section 3.2).
    for (const name of ['bob', 'nobody'])
      expect(await condition(alice, get(`<vCard xmlns='vcard-temp'/>`, `${name}@example.test`))).toBe(
        'service-unavailable',
      );
  });
});

describe('a question of ours to a client', () => {
  it('is answered by that client alone, or not in time', async () => {
    const world = new XmppWorld();
    const [alice, bob] = [await world.online('alice/page'), await world.online('bob/desk')];
    const { xmpp } = world.part;
    const ask = () => {
      const answer = xmpp.requestIq(alice.session, 'get', (alice.received[0] ?? bob.session.presence)!);
      return { answer, id: alice.received.at(-1)?.attributes['id'] };
    };
    const first = ask();
    await bob.write(`<iq type='result' id='${first.id}' to='example.test'><forged xmlns='urn:x'/></iq>`);
    await alice.write(`<iq type='result' id='${first.id}' to='example.test'><true xmlns='urn:x'/></iq>`);
    expect((await first.answer)?.name).toBe('true');
    const second = ask();
    await alice.write(
      `<iq type='error' id='${second.id}' to='example.test'><error type='cancel'><item-not-found xmlns='${NS.STANZAS}'/></error></iq>`,
    );
    await expect(second.answer).rejects.toMatchObject({ condition: 'item-not-found' });
    const third = ask();
    world.clock.advance(30_000);
    await expect(third.answer).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    const fourth = ask();
    alice.close();
    await expect(fourth.answer).rejects.toMatchObject({ condition: 'recipient-unavailable' });
    expect(world.clock.pending).toBe(0);
  });
});
