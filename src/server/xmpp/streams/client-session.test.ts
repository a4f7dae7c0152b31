import { expect, test } from 'vitest';
import { DOMAIN, type FakeConnection, StreamWorld } from '../../../../test/support/stream-world.ts';
import { parseElement } from '../../../protocol/xmpp/tokenizer.ts';

const SM = 'urn:xmpp:sm:3';
const ALICE = 'alice@example.test/desk';
const message = (id: string, inside = '<body>hello</body>') =>
  `<message xmlns='jabber:client' to='bob@${DOMAIN}' type='chat' id='${id}'>${inside}</message>`;
const incoming = (id: string, inside = '<body>hello</body>') =>
  parseElement(
    `<message xmlns='jabber:client' from='bob@${DOMAIN}/phone' to='${ALICE}' type='chat' id='${id}'>${inside}</message>`,
  );

async function bound(world: StreamWorld, resource = 'desk'): Promise<FakeConnection> {
  const client = world.connect();
  await client.bind(resource);
  return client;
}

/** Enables stream management; the id by which it is resumed. */
async function managed(client: FakeConnection): Promise<string> {
  client.say(`<enable xmlns='${SM}' resume='true'/>`);
  return (await client.hear()).attributes['id'] as string;
}

async function resume(world: StreamWorld, id: string, h: number, name = 'alice'): Promise<FakeConnection> {
  const client = world.connect();
  await client.login(name);
  client.say(`<resume xmlns='${SM}' previd='${id}' h='${h}'/>`);
  return client;
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const session = (world: StreamWorld) => world.router.bound.get(ALICE)!;
const ids = (stanzas: ReadonlyArray<{ attributes: Readonly<Record<string, string | undefined>> }>) =>
  stanzas.map(({ attributes }) => attributes['id']).join(' ');

test('a stanza is stamped with its sender; one that claims another sender ends the stream', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  client.say(`<message xmlns='jabber:client' from='alice@${DOMAIN}' to='bob@${DOMAIN}'/>`);
  client.say(`<presence xmlns='jabber:client' from='ALICE@${DOMAIN}/desk'/>`);
  expect(world.router.received.map(({ attributes }) => attributes['from'])).toEqual([ALICE, ALICE]);
  client.say(`<message xmlns='jabber:client' from='bob@${DOMAIN}' to='bob@${DOMAIN}'/>`);
  expect((await client.hear()).elements()[0]?.name).toBe('invalid-from');
  expect(world.router.received).toHaveLength(2);
  expect(world.router.log.at(-1)).toBe(`ended ${ALICE}`);
});

test('what is no stanza ends the stream', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  client.say(`<query xmlns='jabber:client'/>`);
  expect((await client.hear()).elements()[0]?.name).toBe('unsupported-stanza-type');
});

test('the session of RFC 3921 is established by doing nothing', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  client.say(`<iq xmlns='jabber:client' type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>`);
  expect((await client.hear()).attributes['type']).toBe('result');
  expect(world.router.received).toEqual([]);
});

test('h counts a stanza only when what it promised is kept, and so is all before it', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  await managed(client);
  const settle: Array<() => void> = [];
  world.router.promise = () => new Promise<void>((resolve) => settle.push(resolve));
  client.say(message('1'));
  client.say(message('2'));
  world.router.promise = () => undefined;
  client.say(message('3'));
  client.say(`<r xmlns='${SM}'/>`);
  settle[1]?.();
  await tick();
  expect(client.written).toEqual([]);
  settle[0]?.();
  expect((await client.hear()).attributes['h']).toBe('3');
  client.say(message('4'));
  client.say(`<r xmlns='${SM}'/>`);
  expect((await client.hear()).attributes['h']).toBe('4');
});

test('a stanza whose promise cannot be kept is never counted, and the stream ends', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  await managed(client);
  world.router.promise = () => Promise.reject(new Error('the disk is full'));
  client.say(message('1'));
  client.say(`<r xmlns='${SM}'/>`);
  expect((await client.hear()).elements()[0]?.name).toBe('internal-server-error');
  expect(world.faults).toHaveLength(1);
});

test('stanzas before <enable/> are not counted', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  let settle = () => {};
  world.router.promise = () => new Promise<void>((resolve) => (settle = resolve));
  client.say(message('before'));
  await managed(client);
  settle();
  world.router.promise = () => undefined;
  client.say(message('after'));
  client.say(`<r xmlns='${SM}'/>`);
  expect((await client.hear()).attributes['h']).toBe('1');
});

test('an acknowledgement is asked for after several stanzas, or a while after one; one request is out at a time', async () => {
  const world = await StreamWorld.make({ acknowledgeAfter: 3, acknowledgeDelay: 1_000 });
  const client = await bound(world);
  await managed(client);
  session(world).send(incoming('1'));
  await client.hear();
  world.clock.advance(999);
  expect(client.written).toEqual([]);
  world.clock.advance(1);
  expect((await client.hear()).name).toBe('r');
  for (const id of ['2', '3', '4', '5']) session(world).send(incoming(id));
  expect(client.written).toHaveLength(4);
  client.written.length = 0;
  client.say(`<a xmlns='${SM}' h='3'/>`);
  expect((await client.hear()).name).toBe('r');
  client.say(`<a xmlns='${SM}' h='5'/>`);
  expect(world.clock.pending).toBe(0);
});

test('an acknowledgement of more than was sent ends the stream', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  await managed(client);
  session(world).send(incoming('1'));
  await client.hear();
  client.say(`<a xmlns='${SM}' h='2'/>`);
  const error = await client.hear();
  expect(error.child('handled-count-too-high', SM)?.attributes).toEqual({ h: '2', 'send-count': '1' });
  expect(ids(world.router.lost)).toBe('1');
});

test.each(['', ' h=""', ' h="-1"', ' h="4294967296"', ' h="two"'])(
  'an acknowledgement%s is none, and ends the stream',
  async (h) => {
    const world = await StreamWorld.make();
    const client = world.connect();
    await client.bind('desk');
    client.say(`<enable xmlns='${SM}'/>`);
    await client.hear();
    client.say(`<a xmlns='${SM}'${h}/>`);
    expect((await client.hear()).elements()[0]?.name).toBe('bad-format');
  },
);

test('a session that was cut off is resumed: neither side loses a stanza, none comes twice', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  for (const sent of ['1', '2', '3']) session(world).send(incoming(sent));
  client.say(message('a'));
  client.cut();
  await tick();
  expect(session(world).open).toBe(true);
  session(world).send(incoming('4'));
  const again = await resume(world, id, 1);
  expect((await again.hear()).attributes).toEqual({ previd: id, h: '1' });
  expect([await again.hear(), await again.hear(), await again.hear()].map((it) => it.attributes['id'])).toEqual([
    '2',
    '3',
    '4',
  ]);
  expect(world.router.log).toEqual([`bound ${ALICE}`, `resumed ${ALICE}`]);
  again.say(message('b'));
  again.say(`<r xmlns='${SM}'/>`);
  while ((await again.hear()).name !== 'a');
  expect(ids(world.router.received)).toBe('a b');
  world.clock.advance(400_000);
  expect(again.open).toBe(true);
});

test('what comes for a client in the very moment of its resumption is sent once, and after <resumed/>', async () => {
  for (let moment = 0; moment < 30; moment++) {
    const world = await StreamWorld.make();
    const client = await bound(world);
    const id = await managed(client);
    client.cut();
    await tick();
    const again = world.connect();
    await again.login();
    again.say(`<resume xmlns='${SM}' previd='${id}' h='0'/>`);
    for (let i = 0; i < moment; i++) await Promise.resolve();
    session(world).send(incoming('1'));
    await tick();
    await tick();
    expect((await again.hear()).name).toBe('resumed');
    expect((await again.hear()).attributes['id']).toBe('1');
    expect(again.written).toEqual([]);
  }
});

test('of two that resume a session at once the later has it', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  let settle = () => {};
  world.router.promise = () => new Promise<void>((resolve) => (settle = resolve));
  client.say(message('a'));
  client.cut();
  await tick();
  const first = await resume(world, id, 0);
  const second = await resume(world, id, 0);
  settle();
  expect((await first.hear()).name).toBe('failed');
  expect((await second.hear()).name).toBe('resumed');
});

test('a resumption whose connection dies meanwhile leaves the session to be resumed again', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  let settle = () => {};
  world.router.promise = () => new Promise<void>((resolve) => (settle = resolve));
  client.say(message('a'));
  client.cut();
  await tick();
  (await resume(world, id, 0)).cut();
  settle();
  await tick();
  expect((await (await resume(world, id, 0)).hear()).name).toBe('resumed');
});

test('a resumption waits for what the client had sent before, so that it does not send it again', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  let settle = () => {};
  world.router.promise = () => new Promise<void>((resolve) => (settle = resolve));
  client.say(message('a'));
  client.cut();
  await tick();
  const again = await resume(world, id, 0);
  await tick();
  expect(again.written).toEqual([]);
  settle();
  expect((await again.hear()).attributes['h']).toBe('1');
});

test('a client that is back before its old connection is known to be dead takes it over', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  const again = await resume(world, id, 0);
  expect((await again.hear()).name).toBe('resumed');
  expect((await client.hear()).elements()[0]?.name).toBe('conflict');
  await tick();
  client.say(message('from the dead'));
  expect(world.router.received).toEqual([]);
  session(world).send(incoming('1'));
  expect((await again.hear()).attributes['id']).toBe('1');
});

test('what nobody comes back for is given back, and the session ends', async () => {
  const world = await StreamWorld.make({ resumeTimeout: 60_000 });
  const client = await bound(world);
  const id = await managed(client);
  session(world).send(incoming('1'));
  client.say(`<a xmlns='${SM}' h='1'/>`);
  session(world).send(incoming('2'));
  client.cut();
  await tick();
  session(world).send(incoming('3'));
  world.clock.advance(60_000);
  expect(ids(world.router.lost)).toBe('2 3');
  expect(world.router.log.at(-1)).toBe(`ended ${ALICE}`);
  expect(
    (await (await resume(world, id, 1)).hear()).child('item-not-found', 'urn:ietf:params:xml:ns:xmpp-stanzas'),
  ).toBeDefined();
});

test('nobody resumes the session of another, nor one by a wrong id', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  client.cut();
  await tick();
  expect((await (await resume(world, id, 0, 'bob')).hear()).name).toBe('failed');
  expect((await (await resume(world, `${id}x`, 0)).hear()).name).toBe('failed');
  expect((await (await resume(world, id, 0)).hear()).name).toBe('resumed');
});

test('without stream management a session ends with its connection; with it, when the client says so', async () => {
  const world = await StreamWorld.make();
  const plain = await bound(world);
  plain.cut();
  await tick();
  expect(world.router.log.at(-1)).toBe(`ended ${ALICE}`);
  const client = await bound(world);
  await managed(client);
  session(world).send(incoming('1'));
  client.say(`<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`);
  expect(world.router.log.at(-1)).toBe(`ended ${ALICE}`);
  expect(ids(world.router.lost)).toBe('1');
});

test('a client that never acknowledges is cut, and what it has not had is given back', async () => {
  const world = await StreamWorld.make({ unacknowledgedStanzas: 3 });
  const client = await bound(world);
  await managed(client);
  for (const id of ['1', '2', '3', '4']) session(world)?.send(incoming(id));
  expect(client.open).toBe(false);
  expect(ids(world.router.lost)).toBe('1 2 3 4');

  const large = await StreamWorld.make({ unacknowledgedBytes: 1_000 });
  const other = await bound(large);
  await managed(other);
  session(large).send(incoming('1', `<body>${'x'.repeat(2_000)}</body>`));
  expect(other.open).toBe(false);
});

test('h wraps at 2^32', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  await managed(client);
  client.say(`<a xmlns='${SM}' h='4294967295'/>`);
  expect((await client.hear()).elements()[0]?.name).toBe('undefined-condition');
});

test('while too much is being worked at, the stream is not read', async () => {
  const world = await StreamWorld.make({ pendingStanzas: 4 });
  const client = await bound(world);
  const settle: Array<() => void> = [];
  world.router.promise = () => new Promise<void>((resolve) => settle.push(resolve));
  for (let i = 0; i < 10; i++) client.say(message(String(i)));
  expect(world.router.received).toHaveLength(4);
  settle.splice(0, 3).map((done) => done());
  await tick();
  expect(world.router.received).toHaveLength(7);
  expect(ids(world.router.received)).toBe('0 1 2 3 4 5 6');
});

test('a client that sends too fast is read more slowly, and loses nothing', async () => {
  const world = await StreamWorld.make({ stanzaRate: 100, stanzaBurst: 5 });
  const client = await bound(world);
  for (let i = 0; i < 30; i++) client.say(message(String(i)));
  expect(world.router.received).toHaveLength(6);
  world.clock.advance(100);
  expect(world.router.received).toHaveLength(12);
  world.clock.advance(10_000);
  expect(world.router.received).toHaveLength(30);
});

test('what comes for somebody whose credential has expired is given back, and his stream ends', async () => {
  const world = await StreamWorld.make();
  const username = `${world.now / 1000 + 60}:alice`;
  const client = world.connect();
  await client.bind('desk', username, `hmac of ${username}`);
  world.now += 60_000;
  session(world).send(incoming('1'));
  expect((await client.hear()).elements()[0]?.name).toBe('not-authorized');
  expect(ids(world.router.lost)).toBe('1');
  expect(world.router.log.at(-1)).toBe(`ended ${ALICE}`);
});

test('a stanza that could not be written any more is given back', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  client.open = false;
  session(world).send(incoming('1'));
  expect(ids(world.router.lost)).toBe('1');
});

test('an inactive client is spared chat states and presence, of which it gets the last before anything else', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const presence = (from: string, show: string) =>
    parseElement(`<presence xmlns='jabber:client' from='${from}' to='${ALICE}'><show>${show}</show></presence>`);
  client.say(`<inactive xmlns='urn:xmpp:csi:0'/>`);
  session(world).send(presence('bob@example.test/phone', 'away'));
  session(world).send(incoming('typing', `<composing xmlns='http://jabber.org/protocol/chatstates'/>`));
  session(world).send(presence('carol@example.test/x', 'xa'));
  session(world).send(presence('bob@example.test/phone', 'dnd'));
  expect(client.written).toEqual([]);
  session(world).send(incoming('real', `<body>now</body><active xmlns='http://jabber.org/protocol/chatstates'/>`));
  const heard = [await client.hear(), await client.hear(), await client.hear(), await client.hear()];
  expect(heard.map((it) => it.childText('show') ?? it.attributes['id'])).toEqual(['typing', 'xa', 'dnd', 'real']);
  session(world).send(presence('bob@example.test/phone', 'chat'));
  client.say(`<active xmlns='urn:xmpp:csi:0'/>`);
  expect((await client.hear()).childText('show')).toBe('chat');
});

test('what was held back from an inactive client comes with its resumption', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const id = await managed(client);
  client.say(`<inactive xmlns='urn:xmpp:csi:0'/>`);
  session(world).send(parseElement(`<presence xmlns='jabber:client' from='bob@example.test/x' to='${ALICE}'/>`));
  client.cut();
  await tick();
  const again = await resume(world, id, 0);
  expect((await again.hear()).name).toBe('resumed');
  expect((await again.hear()).attributes['from']).toBe('bob@example.test/x');
});

test('what is held back from an inactive client is bounded', async () => {
  const world = await StreamWorld.make({ heldBackStanzas: 10 });
  const client = await bound(world);
  client.say(`<inactive xmlns='urn:xmpp:csi:0'/>`);
  for (let i = 0; i < 11; i++)
    session(world).send(parseElement(`<presence xmlns='jabber:client' from='p${i}@example.test/x' to='${ALICE}'/>`));
  expect(client.written).toHaveLength(11);
});

test('a silent TCP client is asked for a sign of life, which is not for the router', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  client.handler.idle();
  const ping = await client.hear();
  expect(ping.child('ping', 'urn:xmpp:ping')).toBeDefined();
  client.say(`<iq xmlns='jabber:client' type='result' id='${ping.attributes['id']}'/>`);
  expect(world.router.received).toEqual([]);
  await managed(client);
  client.handler.idle();
  expect((await client.hear()).name).toBe('r');
});

test('a fault of the router ends that stream and nothing else', async () => {
  const world = await StreamWorld.make();
  const client = await bound(world);
  const other = await bound(world, 'other');
  world.router.promise = () => {
    throw new Error('a bug');
  };
  client.say(message('1'));
  expect((await client.hear()).elements()[0]?.name).toBe('internal-server-error');
  await tick();
  expect(world.router.log.at(-1)).toBe(`ended ${ALICE}`);
  world.router.promise = () => undefined;
  other.say(message('2'));
  expect(world.router.received).toHaveLength(2);
});
