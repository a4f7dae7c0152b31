import { describe, expect, it } from 'vitest';
import { type Client, DOMAIN, settled, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { capabilitiesHash } from '../../../protocol/xmpp/entity-capabilities.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { primitives } from '../../../transport/primitives.ts';
import type { PepLimits } from './limits.ts';

const NICK = 'http://jabber.org/protocol/nick';
const BOOKMARKS = 'urn:xmpp:bookmarks:1';
const alice = `alice@${DOMAIN}`;

let id = 0;
const iq = (type: string, inside: string, to?: string) =>
  `<iq type='${type}' id='p${++id}'${to === undefined ? '' : ` to='${to}'`}>${inside}</iq>`;
const pubsub = (inside: string) => `<pubsub xmlns='${NS.PUBSUB}'>${inside}</pubsub>`;
const owner = (inside: string) => `<pubsub xmlns='${NS.PUBSUB_OWNER}'>${inside}</pubsub>`;
const publish = (node: string, payload: string, more = '', item = `id='i'`) =>
  iq('set', pubsub(`<publish node='${node}'><item ${item}>${payload}</item></publish>${more}`));
const items = (node: string, to?: string, more = '') => iq('get', pubsub(`<items node='${node}'${more}/>`), to);
const nick = (text: string) => `<nick xmlns='${NICK}'>${text}</nick>`;
const form = (type: string, fields: Record<string, string>) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${type}</value></field>${Object.entries(
    fields,
  )
    .map(([name, value]) => `<field var='pubsub#${name}'><value>${value}</value></field>`)
    .join('')}</x>`;
const options = (fields: Record<string, string>) =>
  `<publish-options>${form(`${NS.PUBSUB}#publish-options`, fields)}</publish-options>`;

const payloads = (answer: Element) =>
  answer
    .child('pubsub', NS.PUBSUB)
    ?.child('items')
    ?.elements('item')
    .map((item) => item.elements()[0]?.text ?? '');
const conditions = (answer: Element) =>
  answer
    .child('error')
    ?.elements()
    .map(({ name }) => name);

/** What a client that wants to hear of these nodes answers to disco#info. */
function features(nodes: readonly string[]): Element {
  return xml(
    'query',
    NS.DISCO_INFO,
    {},
    xml('identity', NS.DISCO_INFO, { category: 'client', type: 'pc' }),
    ...nodes.map((node) => xml('feature', NS.DISCO_INFO, { var: `${node}+notify` })),
  );
}

/** Available, with the capabilities; `answer`: what it says when it is asked (undefined: it is not to be asked). */
async function interested(world: XmppWorld, address: string, nodes: readonly string[], answer?: Element) {
  const client = world.bind(address);
  const ver = capabilitiesHash(features(nodes), 'sha-1', primitives);
  await client.write(`<presence><c xmlns='${NS.CAPS}' hash='sha-1' node='x' ver='${ver}'/></presence>`);
  await settled();
  const asked = client.received.find(({ name, attributes }) => name === 'iq' && attributes['type'] === 'get');
  expect(asked !== undefined).toBe(answer !== undefined);
  if (asked !== undefined && answer !== undefined) {
    expect(asked.elements()[0]?.attributes['node']).toBe(`x#${ver}`);
    await client.write(iq('result', answer.serialize()).replace(/id='p\d+'/, `id='${asked.attributes['id']}'`));
    await settled();
  }
  return client;
}

const events = (client: Client) =>
  client.received.splice(0).flatMap((stanza) => stanza.child('event', NS.PUBSUB_EVENT)?.elements() ?? []);
const told = (client: Client) => events(client).map((event) => event.elements()[0]?.elements()[0]?.text);

/** `watcher` sees the presence of `seen`, who has put him into groups. */
async function subscribed(world: XmppWorld, watcher: string, seen: string, groups: string[] = []) {
  const item = { pendingOut: false, approved: false, listed: true, version: 1 };
  const [a, b] = [`${watcher}@${DOMAIN}`, `${seen}@${DOMAIN}`];
  await world.store.rosters.save(a, { ...item, jid: b, subscription: 'to', groups: [] });
  await world.store.rosters.save(b, { ...item, jid: a, subscription: 'from', groups });
}

describe('a node', () => {
  it('is made by publishing, and keeps its newest item', async () => {
    const client = await new XmppWorld().online('alice/page');
    const answer = await client.ask(publish(NICK, nick('Al')));
    expect(answer.child('pubsub', NS.PUBSUB)?.child('publish')?.child('item')?.attributes['id']).toBe('i');
    await client.ask(publish(NICK, nick('Ally'), '', ''));
    expect(payloads(await client.ask(items(NICK)))).toEqual(['Ally']);
    expect(conditions(await client.ask(items('unheard of')))).toEqual(['item-not-found']);
  });

  it('is as publish-options say, and what is published expecting another is refused (XEP-0223)', async () => {
    const client = await new XmppWorld().online('alice/page');
    const wanted = {
      persist_items: 'true',
      max_items: 'max',
      access_model: 'whitelist',
      send_last_published_item: 'never',
    };
    for (const room of ['a', 'b', 'c'])
      expect((await client.ask(publish('n', nick(room), options(wanted), `id='${room}'`))).attributes['type']).toBe(
        'result',
      );
    expect(payloads(await client.ask(items('n')))).toEqual(['a', 'b', 'c']);
    expect(payloads(await client.ask(items('n', undefined, ` max_items='2'`)))).toEqual(['b', 'c']);
    const answer = await client.ask(publish('n', nick('d'), options({ access_model: 'open' })));
    expect(conditions(answer)).toEqual(['conflict', 'precondition-not-met']);
    expect(payloads(await client.ask(items('n')))).toHaveLength(3);
  });

  it('is configured, purged and deleted by its owner', async () => {
    const client = await new XmppWorld().online('alice/page');
    await client.ask(publish(NICK, nick('Al')));
    const got = await client.ask(iq('get', owner(`<configure node='${NICK}'/>`)));
    expect(got.serialize()).toMatch(/access_model.*presence/);
    const set = form(`${NS.PUBSUB}#node_config`, { access_model: 'open', max_items: '7' });
    await client.ask(iq('set', owner(`<configure node='${NICK}'>${set}</configure>`)));
    expect((await client.ask(iq('get', owner(`<configure node='${NICK}'/>`)))).serialize()).toMatch(/max_items[^/]*>7/);
    const wrong = form(`${NS.PUBSUB}#node_config`, { access_model: 'authorize' });
    const refused = await client.ask(iq('set', owner(`<configure node='${NICK}'>${wrong}</configure>`)));
    expect(conditions(refused)?.[0]).toBe('not-acceptable');
    await client.ask(iq('set', owner(`<purge node='${NICK}'/>`)));
    expect(payloads(await client.ask(items(NICK)))).toEqual([]);
    await client.ask(iq('set', owner(`<delete node='${NICK}'/>`)));
    expect(conditions(await client.ask(items(NICK)))).toEqual(['item-not-found']);
    expect(conditions(await client.ask(iq('set', owner(`<delete node='${NICK}'/>`))))).toEqual(['item-not-found']);
  });

  it('can be made first, once', async () => {
    const client = await new XmppWorld().online('alice/page');
    const create = (inside = '') => client.ask(iq('set', pubsub(`<create node='n'/>${inside}`)));
    const configure = `<configure>${form(`${NS.PUBSUB}#node_config`, { max_items: '5' })}</configure>`;
    expect((await create(configure)).attributes['type']).toBe('result');
    expect(conditions(await create())).toEqual(['conflict']);
    const list = await client.ask(iq('get', `<query xmlns='${NS.DISCO_ITEMS}'/>`, alice));
    expect(list.serialize()).toContain(`node='n'`);
    const info = await client.ask(iq('get', `<query xmlns='${NS.DISCO_INFO}' node='n'/>`, alice));
    expect(info.serialize()).toMatch(/type='leaf'.*#meta-data/);
  });

  it('loses an item that is retracted', async () => {
    const client = await new XmppWorld().online('alice/page');
    await client.ask(publish('n', nick('x')));
    const retract = () => client.ask(iq('set', pubsub(`<retract node='n' notify='true'><item id='i'/></retract>`)));
    expect((await retract()).attributes['type']).toBe('result');
    expect(conditions(await retract())).toEqual(['item-not-found']);
  });
});

describe('who may read', () => {
  async function asked(access: string, prepare: (world: XmppWorld) => Promise<unknown> = async () => {}) {
    const world = new XmppWorld();
    await prepare(world);
    const client = await world.online('alice/page');
    const bob = await world.online('bob/page');
    await client.ask(publish(NICK, nick('Al'), options({ access_model: access })));
    const answer = await bob.ask(items(NICK, alice));
    return payloads(answer) ?? conditions(answer);
  }

  it('is everybody of an open node', async () => {
    expect(await asked('open')).toEqual(['Al']);
  });

  it('is who sees the owner’s presence, where nothing else is said', async () => {
    expect(await asked('presence')).toEqual(['not-authorized', 'presence-subscription-required']);
    expect(await asked('presence', (world) => subscribed(world, 'bob', 'alice'))).toEqual(['Al']);
  });

  it('is who is in the roster, in one of its groups where the node names any', async () => {
    expect(await asked('roster')).toEqual(['not-authorized', 'not-in-roster-group']);
    expect(await asked('roster', (world) => subscribed(world, 'bob', 'alice'))).toEqual(['Al']);
  });

  it('is the owner alone of a private node, and of the bookmarks whatever the client forgot to say', async () => {
    expect(await asked('whitelist')).toEqual(['not-allowed', 'closed-node']);
    const world = new XmppWorld();
    await subscribed(world, 'bob', 'alice');
    const client = await world.online('alice/page');
    const bob = await world.online('bob/page');
    await client.ask(publish(BOOKMARKS, nick('room')));
    expect(conditions(await bob.ask(items(BOOKMARKS, alice)))).toEqual(['not-allowed', 'closed-node']);
  });

  it('is nobody who is blocked', async () => {
    const block = (world: XmppWorld) => world.part.blockLists.save(alice, [`bob@${DOMAIN}`]);
    expect(await asked('open', block)).not.toEqual(['Al']);
  });
});

describe('who hears', () => {
  it('is each client of one’s own and of one’s subscribers that wants to hear of the node', async () => {
    const world = new XmppWorld();
    await subscribed(world, 'bob', 'alice');
    const page = await interested(world, 'alice/page', [NICK], features([NICK]));
    // The same kind of client is not asked again.
    const phone = await interested(world, 'alice/phone', [NICK]);
    const bob = await interested(world, 'bob/page', [NICK]);
    const deaf = await world.online('bob/phone');
    const carol = await interested(world, 'carol/page', [NICK]);
    for (const client of [page, phone, bob, deaf, carol]) client.take();
    await page.ask(publish(NICK, nick('Al')));
    await settled();
    expect([page, phone, bob, deaf, carol].map(told)).toEqual([['Al'], ['Al'], ['Al'], [], []]);
    await page.ask(iq('set', pubsub(`<retract node='${NICK}' notify='1'><item id='i'/></retract>`)));
    await settled();
    expect(events(bob)[0]?.elements()[0]?.name).toBe('retract');
  });

  it('is told the last item when it comes, of those it sees', async () => {
    const world = new XmppWorld();
    await subscribed(world, 'bob', 'alice');
    const client = await world.online('alice/page');
    await client.ask(publish(NICK, nick('Al')));
    await client.ask(publish('other', nick('x')));
    const bob = await interested(world, 'bob/page', [NICK], features([NICK]));
    await settled();
    expect(told(bob)).toEqual(['Al']);
    const own = await interested(world, 'alice/phone', [NICK]);
    await settled();
    expect(told(own)).toEqual(['Al']);
    expect(told(await interested(world, 'carol/page', [NICK]))).toEqual([]);
  });

  it('is told the last item when it is let see the owner’s presence', async () => {
    const world = new XmppWorld();
    const client = await world.online('alice/page');
    await client.ask(publish(NICK, nick('Al')));
    const bob = await interested(world, 'bob/page', [NICK], features([NICK]));
    await bob.write(`<presence to='${alice}' type='subscribe'/>`);
    await settled();
    expect(told(bob)).toEqual([]);
    await client.write(`<presence to='bob@${DOMAIN}' type='subscribed'/>`);
    await settled();
    expect(told(bob)).toEqual(['Al']);
  });

  it('is not who has blocked the owner', async () => {
    const world = new XmppWorld();
    await subscribed(world, 'bob', 'alice');
    const client = await world.online('alice/page');
    const bob = await interested(world, 'bob/page', [NICK], features([NICK]));
    await bob.ask(iq('set', `<block xmlns='${NS.BLOCKING}'><item jid='${alice}'/></block>`));
    await client.ask(publish(NICK, nick('Al')));
    await settled();
    expect(told(bob)).toEqual([]);
    expect(told(await interested(world, 'bob/phone', [NICK]))).toEqual([]);
  });

  it('is not who claims another’s hash: what it says counts for itself', async () => {
    const world = new XmppWorld();
    const liar = await interested(world, 'alice/liar', [NICK], features(['secret']));
    expect(liar.session.features).toEqual(new Set(['secret+notify']));
    // Whoever comes with that hash is asked himself.
    const honest = await interested(world, 'alice/page', [NICK], features([NICK]));
    expect(honest.session.features).toEqual(new Set([`${NICK}+notify`]));
  });

  it('is not who cannot read', async () => {
    const world = new XmppWorld();
    await subscribed(world, 'bob', 'alice');
    const bob = await interested(world, 'bob/page', ['n'], features(['n']));
    const client = await world.online('alice/page');
    bob.take();
    await client.ask(publish('n', nick('x'), options({ access_model: 'whitelist' })));
    await settled();
    expect(told(bob)).toEqual([]);
  });
});

describe('bounds', () => {
  const bounded = (limits: Partial<PepLimits>) => new XmppWorld({}, limits).online('alice/page');

  it('of nodes, items, payloads and names', async () => {
    const client = await bounded({ nodes: 2, items: 3, itemCharacters: 100, nameCharacters: 10 });
    for (const node of ['a', 'b']) await client.ask(publish(node, nick('x')));
    expect(conditions(await client.ask(publish('c', nick('x'))))?.[0]).toBe('resource-constraint');
    expect(conditions(await client.ask(publish('a', nick('x'.repeat(100)))))).toEqual([
      'not-acceptable',
      'payload-too-big',
    ]);
    expect(conditions(await client.ask(publish('a', nick('x'), '', `id='${'i'.repeat(11)}'`)))?.[0]).toBe(
      'not-acceptable',
    );
    const many = form(`${NS.PUBSUB}#node_config`, { max_items: '4' });
    const answer = await client.ask(iq('set', owner(`<configure node='a'>${many}</configure>`)));
    expect(conditions(answer)).toEqual(['not-acceptable', 'text']);
  });

  it('of all that an account has published, less what it has retracted', async () => {
    const client = await bounded({ accountCharacters: 300 });
    const text = nick('x'.repeat(80));
    expect((await client.ask(publish('a', text))).attributes['type']).toBe('result');
    expect((await client.ask(publish('a', text))).attributes['type']).toBe('result'); // in the place of the first
    expect((await client.ask(publish('b', text))).attributes['type']).toBe('result');
    expect(conditions(await client.ask(publish('c', text)))?.[0]).toBe('resource-constraint');
    await client.ask(iq('set', owner(`<purge node='a'/>`)));
    expect((await client.ask(publish('c', text))).attributes['type']).toBe('result');
  });

  it('of an answer: the newest that fit', async () => {
    const client = await bounded({ answerCharacters: 200 });
    const wanted = options({ max_items: 'max' });
    for (const name of ['a', 'b', 'c']) await client.ask(publish('n', nick(name.repeat(30)), wanted, `id='${name}'`));
    expect(payloads(await client.ask(items('n')))).toEqual(['b'.repeat(30), 'c'.repeat(30)]);
  });

  it('nobody publishes for another, nor a guest, nor by halves', async () => {
    const world = new XmppWorld();
    const bob = await world.online('bob/page');
    const forged = publish(NICK, nick('x')).replace('<iq ', `<iq to='${alice}' `);
    expect(conditions(await bob.ask(forged))).toEqual(['forbidden']);
    expect(conditions(await bob.ask(iq('get', owner(`<configure node='n'/>`), alice)))).toEqual(['forbidden']);
    const guest = await world.online('guest.1/page');
    expect(conditions(await guest.ask(publish(NICK, nick('x'))))?.[0]).toMatch(/not-allowed|service-unavailable/);
    for (const [bad, why] of [
      [`<publish/>`, 'nodeid-required'],
      [`<publish node='n'/>`, 'item-required'],
      [`<publish node='n'><item/><item/></publish>`, 'max-items-exceeded'],
      [`<publish node='n'><item><a xmlns='x'/><b xmlns='x'/></item></publish>`, 'invalid-payload'],
      [`<retract node='n'/>`, 'item-required'],
      [`<subscribe node='n' jid='x'/>`, 'unsupported'],
      [`<nonsense/>`, 'unsupported'],
    ])
      expect(conditions(await bob.ask(iq('set', pubsub(bad!)))), bad).toContain(why);
    expect(world.faults).toEqual([]);
  });
});

it('what was erased is remembered by nobody, and whoever it was of is signed out', async () => {
  const world = new XmppWorld();
  const client = await world.online('alice/page');
  await client.ask(publish(NICK, nick('Al')));
  for (const { name } of await world.store.documents.list(alice, ''))
    await world.store.documents.set(alice, name, undefined);
  world.part.forget('alice');
  expect(client.ended).toBe('reset');
  const again = await world.online('alice/phone');
  expect(conditions(await again.ask(items(NICK)))).toEqual(['item-not-found']);
});

describe('one’s picture and card', () => {
  const DATA = 'urn:xmpp:avatar:data';
  const METADATA = 'urn:xmpp:avatar:metadata';
  const vcard = (inside = '') => `<vCard xmlns='vcard-temp'>${inside}</vCard>`;
  const open = options({ access_model: 'open' });

  it('published as an avatar is in the card (XEP-0398), which keeps the rest', async () => {
    const client = await new XmppWorld().online('alice/page');
    await client.ask(iq('set', vcard('<FN>Alice</FN>')));
    await client.ask(publish(DATA, `<data xmlns='${DATA}'>aGVsbG8=</data>`, open, `id='h'`));
    const info = (inside: string) => `<metadata xmlns='${METADATA}'>${inside}</metadata>`;
    await client.ask(publish(METADATA, info(`<info id='h' type='image/png' bytes='5'/>`), open, `id='h'`));
    await settled();
    const card = async () => (await client.ask(iq('get', vcard()))).child('vCard', 'vcard-temp');
    expect((await card())?.child('PHOTO')?.childText('BINVAL')).toBe('aGVsbG8=');
    expect((await card())?.childText('FN')).toBe('Alice');
    await client.ask(publish(METADATA, info(''), open, `id='none'`));
    await settled();
    expect((await card())?.child('PHOTO')).toBeUndefined();
  });

  it.each([
    ['retracted', pubsub(`<retract node='${METADATA}'><item id='h'/></retract>`)],
    ['purged', owner(`<purge node='${METADATA}'/>`)],
    ['deleted', owner(`<delete node='${METADATA}'/>`)],
  ])('that is %s is in the card no more', async (_, removal) => {
    const client = await new XmppWorld().online('alice/page');
    await client.ask(publish(DATA, `<data xmlns='${DATA}'>aGVsbG8=</data>`, open, `id='h'`));
    const info = `<metadata xmlns='${METADATA}'><info id='h' type='image/png' bytes='5'/></metadata>`;
    await client.ask(publish(METADATA, info, open, `id='h'`));
    const card = async () => (await client.ask(iq('get', vcard()))).child('vCard', 'vcard-temp');
    expect((await card())?.child('PHOTO')).toBeDefined();
    expect((await client.ask(iq('set', removal))).attributes['type']).toBe('result');
    await settled();
    expect((await card())?.child('PHOTO')).toBeUndefined();
  });

  it('in a card is published as an avatar, for everybody as the card is', async () => {
    const world = new XmppWorld();
    const client = await world.online('alice/page');
    const bob = await world.online('bob/page');
    const photo = '<PHOTO><TYPE>image/gif</TYPE><BINVAL>aGVs\nbG8=</BINVAL></PHOTO>';
    await client.ask(iq('set', vcard(photo)));
    await settled();
    const metadata = (await bob.ask(items(METADATA, alice))).serialize();
    expect(metadata).toContain(`id='aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'`); // SHA-1 of hello
    expect(metadata).toContain(`type='image/gif'`);
    expect(payloads(await bob.ask(items(DATA, alice)))).toEqual(['aGVsbG8=']);
    expect(world.faults).toEqual([]);
  });

  it('is named in every presence of one’s clients, whatever they say of it, at once when it changes', async () => {
    const world = new XmppWorld();
    await subscribed(world, 'bob', 'alice');
    const bob = await world.online('bob/page');
    const client = await world.online('alice/page');
    bob.take();
    const photo = (base64: string) => iq('set', vcard(`<PHOTO><BINVAL>${base64}</BINVAL></PHOTO>`));
    const seen = () => {
      const hashes = bob.received
        .splice(0)
        .map((stanza) => stanza.child('x', 'vcard-temp:x:update')?.childText('photo'));
      return hashes;
    };
    await client.ask(photo('aGVsbG8='));
    await settled();
    expect(seen()).toEqual(['aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d']);
    await client.write(
      `<presence><x xmlns='vcard-temp:x:update'><photo>outdated</photo></x><show>away</show></presence>`,
    );
    await settled();
    expect(seen()).toEqual(['aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d']);
    const again = await world.online('alice/phone');
    await settled();
    expect(seen()).toEqual(['aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d']);
    await again.write(`<presence to='bob@${DOMAIN}/page'/>`);
    expect(seen()).toEqual(['aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d']);
    await client.ask(publish(METADATA, `<metadata xmlns='${METADATA}'/>`, '', `id='none'`));
    await settled();
    expect(seen()).toEqual(['', '']); // of both
    await client.ask(photo('aGVsbG8='));
    await settled();
    bob.take();
    await client.ask(iq('set', owner(`<delete node='${METADATA}'/>`)));
    await settled();
    expect(seen()).toEqual(['', '']);
    expect(world.faults).toEqual([]);
  });

  it('as vCard4 is a node that may be asked for without pubsub (XEP-0292)', async () => {
    const client = await new XmppWorld().online('alice/page');
    const VCARD4 = 'urn:ietf:params:xml:ns:vcard-4.0';
    await client.ask(iq('set', `<vcard xmlns='${VCARD4}'><fn><text>Alice</text></fn></vcard>`));
    const answer = await client.ask(iq('get', `<vcard xmlns='${VCARD4}'/>`));
    expect(answer.child('vcard', VCARD4)?.child('fn')?.childText('text')).toBe('Alice');
    expect((await client.ask(items('urn:xmpp:vcard4'))).serialize()).toContain('Alice');
  });
});
