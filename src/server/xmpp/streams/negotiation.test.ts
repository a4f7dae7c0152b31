import { expect, test } from 'vitest';
import { ScramClient } from '../../../../test/support/scram-client.ts';
import { DOMAIN, StreamWorld } from '../../../../test/support/stream-world.ts';

const OPEN = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${DOMAIN}' version='1.0'/>`;
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const SASL2 = 'urn:xmpp:sasl:2';
const plain = (name: string, password: string, authzid = '') =>
  Buffer.from(`${authzid}\0${name}\0${password}`).toString('base64');

async function opened(world: StreamWorld, options: Parameters<StreamWorld['connect']>[0] = {}) {
  const client = world.connect(options);
  client.say(OPEN);
  await client.hear();
  return { client, features: await client.hear() };
}

test('a client opens a stream, proves who it is by SCRAM, opens it again and binds a resource', async () => {
  const world = await StreamWorld.make();
  const client = world.connect();
  expect(await client.bind('desk')).toBe('alice@example.test/desk');
  expect(world.router.log).toEqual(['bound alice@example.test/desk']);
  client.say(`<message xmlns='jabber:client' to='bob@${DOMAIN}'><body>hello</body></message>`);
  expect(world.router.received[0]?.attributes).toEqual({ to: 'bob@example.test', from: 'alice@example.test/desk' });
  expect(world.clock.pending).toBe(0);
});

test('mechanisms are offered as far as the connection can carry them', async () => {
  const world = await StreamWorld.make();
  const mechanisms = async (transport: 'ws' | 'wss' | 'tcp', address: string) => {
    const client = world.connect({ address });
    client.transport = transport;
    if (transport === 'wss') client.bindings.set('tls-exporter', 'x'.repeat(32));
    client.say(OPEN);
    await client.hear();
    const features = await client.hear();
    return features
      .child('mechanisms', SASL)
      ?.elements()
      .map((mechanism) => mechanism.text)
      .join(' ');
  };
  expect(await mechanisms('ws', '127.0.0.1')).toBe('SCRAM-SHA-256 SCRAM-SHA-1 PLAIN');
  expect(await mechanisms('ws', '192.0.2.1')).toBe('SCRAM-SHA-256 SCRAM-SHA-1');
  expect(await mechanisms('tcp', '192.0.2.1')).toBeUndefined();
  expect(await mechanisms('wss', '192.0.2.1')).toBe(
    'SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN',
  );
});

test('SCRAM bound to TLS fails when the binding is another, or the client was told that there is none', async () => {
  const world = await StreamWorld.make();
  const login = async (mechanism: string, header: string, binding: string) => {
    const client = world.connect();
    client.transport = 'wss';
    client.bindings.set('tls-exporter', 'this very connection');
    client.say(OPEN);
    await client.hear();
    await client.hear();
    const scram = new ScramClient({
      username: 'alice',
      password: 'alice-password',
      header,
      binding: Buffer.from(binding),
    });
    client.say(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${scram.first()}</auth>`);
    const challenge = await client.hear();
    if (challenge.name === 'failure') return 'refused at once';
    client.say(`<response xmlns='${SASL}'>${scram.final(challenge.text)}</response>`);
    return (await client.hear()).name;
  };
  expect(await login('SCRAM-SHA-256-PLUS', 'p=tls-exporter,,', 'this very connection')).toBe('success');
  expect(await login('SCRAM-SHA-256-PLUS', 'p=tls-exporter,,', 'another connection')).toBe('failure');
  expect(await login('SCRAM-SHA-256-PLUS', 'p=tls-unique,,', '')).toBe('refused at once');
  expect(await login('SCRAM-SHA-256-PLUS', 'n,,', '')).toBe('refused at once');
  expect(await login('SCRAM-SHA-256', 'y,,', '')).toBe('refused at once');
  expect(await login('SCRAM-SHA-256', 'n,,', '')).toBe('success');
});

test('PLAIN: right, wrong, for somebody else, malformed', async () => {
  const world = await StreamWorld.make();
  const login = async (text: string) => {
    const { client } = await opened(world);
    client.say(`<auth xmlns='${SASL}' mechanism='PLAIN'>${text}</auth>`);
    const answer = await client.hear();
    return answer.name === 'failure' ? answer.elements()[0]?.name : answer.name;
  };
  expect(await login(plain('alice', 'alice-password'))).toBe('success');
  expect(await login(plain('Alice', 'alice-password', 'alice@example.test'))).toBe('success');
  expect(await login(plain('alice', 'wrong'))).toBe('not-authorized');
  expect(await login(plain('nobody', 'wrong'))).toBe('not-authorized');
  expect(await login(plain('alice', 'alice-password', 'bob@example.test'))).toBe('invalid-authzid');
  expect(await login('AAAA')).toBe('malformed-request');
  expect(await login('not base64')).toBe('incorrect-encoding');
});

test('an ephemeral credential logs in by SCRAM, whichever of the secrets made it, and ends at its expiry', async () => {
  const world = await StreamWorld.make();
  const username = `${world.now / 1000 + 60}:guest.zoe`;
  const client = world.connect();
  expect(await client.bind('page', username, `hmac of ${username}`)).toBe('guest.zoe@example.test/page');
  client.say(`<message xmlns='jabber:client' to='bob@${DOMAIN}'/>`);
  expect(world.router.received).toHaveLength(1);
  world.now += 60_000;
  client.say(`<message xmlns='jabber:client' to='bob@${DOMAIN}'/>`);
  expect(world.router.received).toHaveLength(1);
  expect((await client.hear()).child('not-authorized', 'urn:ietf:params:xml:ns:xmpp-streams')).toBeDefined();
  expect(world.router.log.at(-1)).toBe('ended guest.zoe@example.test/page');
});

test('who was proved at the WebSocket handshake logs in by EXTERNAL, as himself only', async () => {
  const world = await StreamWorld.make();
  const identity = { name: 'bob', account: true, admin: false, expires: world.now / 1000 + 60 };
  const { client, features } = await opened(world, { identity });
  expect(features.child('mechanisms', SASL)?.elements()[0]?.text).toBe('EXTERNAL');
  const authzid = Buffer.from('alice@example.test').toString('base64');
  client.say(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>${authzid}</auth>`);
  expect((await client.hear()).elements()[0]?.name).toBe('invalid-authzid');
  client.say(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>=</auth>`);
  expect((await client.hear()).name).toBe('success');
  const { features: without } = await opened(world);
  expect(without.serialize()).not.toContain('EXTERNAL');
});

test('a stanza, or anything else, before the login ends the stream', async () => {
  const world = await StreamWorld.make();
  for (const text of [
    `<message xmlns='jabber:client' to='bob@${DOMAIN}'/>`,
    `<iq xmlns='jabber:client' type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
    `<r xmlns='urn:xmpp:sm:3'/>`,
  ]) {
    const { client } = await opened(world);
    client.say(text);
    expect((await client.hear()).elements()[0]?.name).toBe('not-authorized');
    expect((await client.hear()).name).toBe('close');
  }
  expect(world.router.received).toEqual([]);
});

test('a stanza after the login and before a resource is bound ends the stream', async () => {
  const world = await StreamWorld.make();
  const client = world.connect();
  await client.login();
  client.say(`<message xmlns='jabber:client' to='bob@${DOMAIN}'/>`);
  expect((await client.hear()).elements()[0]?.name).toBe('not-authorized');
});

test('a stream to another domain, or of another version, is refused', async () => {
  const world = await StreamWorld.make();
  const refusal = async (header: string) => {
    const client = world.connect();
    client.say(`<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' ${header}/>`);
    await client.hear();
    return (await client.hear()).elements()[0]?.name;
  };
  expect(await refusal("to='elsewhere.test' version='1.0'")).toBe('host-unknown');
  expect(await refusal(`to='${DOMAIN}'`)).toBe('unsupported-version');
});

test('an error before the client’s header, also that of the stream after a login, comes behind our own', async () => {
  const world = await StreamWorld.make();
  const [first, later] = [world.connect(), world.connect()];
  first.say(`<message xmlns='jabber:client'/>`);
  later.say(OPEN);
  await later.hear();
  await later.hear();
  later.say(`<auth xmlns='${SASL}' mechanism='PLAIN'>${plain('alice', 'alice-password')}</auth>`);
  expect((await later.hear()).name).toBe('success');
  later.say(`<message xmlns='jabber:client'/>`);
  for (const client of [first, later]) {
    expect((await client.hear()).attributes).toMatchObject({ from: DOMAIN, id: 'stream-id', version: '1.0' });
    expect((await client.hear()).elements()[0]?.name).toBe('not-authorized');
  }
});

test('a login that takes too long, and one that fails too often, end', async () => {
  const world = await StreamWorld.make({ attempts: 2 });
  const { client: slow } = await opened(world);
  world.clock.advance(29_999);
  expect(slow.open).toBe(true);
  world.clock.advance(1);
  expect((await slow.hear()).elements()[0]?.name).toBe('connection-timeout');

  const { client: guessing } = await opened(world);
  for (let attempt = 0; attempt < 2; attempt++) {
    expect((await guessing.authenticate('alice', 'wrong')).elements()[0]?.name).toBe('not-authorized');
  }
  expect((await guessing.hear()).elements()[0]?.name).toBe('policy-violation');
  expect(world.streams.counters.authenticationFailures).toBe(2);
});

test('whoever guesses at a name is not looked at for a while, over however many streams; the right password counts for nothing', async () => {
  const world = await StreamWorld.make({ failuresPerName: 3 });
  const condition = async (name: string, password: string) => {
    const { client } = await opened(world);
    return (await client.authenticate(name, password)).elements()[0]?.name ?? 'success';
  };
  expect(await condition('alice', 'alice-password')).toBe('success');
  for (let guess = 0; guess < 3; guess++) expect(await condition('alice', 'wrong')).toBe('not-authorized');
  expect(await condition('ALICE', 'alice-password')).toBe('temporary-auth-failure');
  expect(await condition('bob', 'bob-password')).toBe('success');
  world.clock.advance(6_000);
  expect(await condition('alice', 'alice-password')).toBe('success');
});

test('an unknown name is challenged like a known one, always with the same salt', async () => {
  const world = await StreamWorld.make();
  const challenge = async (username: string) => {
    const { client } = await opened(world);
    const scram = new ScramClient({ username, password: 'guess' });
    client.say(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${scram.first()}</auth>`);
    return Buffer.from((await client.hear()).text, 'base64')
      .toString()
      .replace(/r=[^,]*,/, '');
  };
  const [known, unknown] = [await challenge('alice'), await challenge('nobody')];
  expect(unknown.length).toBe(known.length);
  expect(unknown.split(',i=')[1]).toBe(known.split(',i=')[1]);
  expect(await challenge('nobody')).toBe(unknown);
  expect(await challenge('somebody')).not.toBe(unknown);
});

test('the resource of another stream is taken over, and that stream ends with conflict', async () => {
  const world = await StreamWorld.make();
  const first = world.connect();
  await first.bind('desk');
  const second = world.connect();
  await second.bind('desk');
  expect((await first.hear()).elements()[0]?.name).toBe('conflict');
  expect(world.router.log).toEqual([
    'bound alice@example.test/desk',
    'ended alice@example.test/desk',
    'bound alice@example.test/desk',
  ]);
});

test('more resources than an account may have are refused', async () => {
  const world = await StreamWorld.make({ resources: 2 });
  await world.connect().bind('one');
  await world.connect().bind('two');
  await expect(world.connect().bind('three')).rejects.toThrow('resource-constraint');
  await world.connect().bind('one', 'bob');
});

test('a resource that nobody asked for is made, one that cannot be is refused', async () => {
  const world = await StreamWorld.make();
  expect(await world.connect().bind()).toMatch(/^alice@example\.test\/[\w-]{11}$/);
  await expect(world.connect().bind('a&#x9;b')).rejects.toThrow('bad-request');
});

test('SASL2 binds a resource, enables carbons and stream management and hands out a token, all with the login', async () => {
  const world = await StreamWorld.make();
  const { client, features } = await opened(world);
  expect(
    features
      .child('authentication', SASL2)
      ?.child('inline', SASL2)
      ?.elements()
      .map(({ name }) => name),
  ).toEqual(['bind', 'sm', 'fast']);
  const scram = new ScramClient({ username: 'alice', password: 'alice-password' });
  client.say(
    `<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-256'><initial-response>${scram.first()}</initial-response>` +
      `<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>Test</software></user-agent>` +
      `<bind xmlns='urn:xmpp:bind:0'><tag>Web</tag><enable xmlns='urn:xmpp:carbons:2'/>` +
      `<enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>` +
      `<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/></authenticate>`,
  );
  const challenge = await client.hear();
  client.say(`<response xmlns='${SASL2}'>${scram.final(challenge.text)}</response>`);
  const success = await client.hear();
  expect(scram.isProof(success.childText('additional-data') ?? '')).toBe(true);
  const jid = success.childText('authorization-identifier') ?? '';
  expect(jid).toMatch(/^alice@example\.test\/Web\.[\w-]{11}$/);
  expect(success.child('token', 'urn:xmpp:fast:0')?.attributes['token']).toMatch(/^[\w-]{43}$/);
  expect(success.child('bound', 'urn:xmpp:bind:0')?.child('enabled', 'urn:xmpp:sm:3')?.attributes['resume']).toBe(
    'true',
  );
  expect((await client.hear()).name).toBe('features');
  expect(world.router.bound.get(jid)?.carbons).toBe(true);
});

test('by SASL2 too more resources than an account may have are refused, which is nobody’s fault', async () => {
  const world = await StreamWorld.make({ resources: 1 });
  await world.connect().bind('one');
  const { client } = await opened(world);
  const initial = `<initial-response>${plain('alice', 'alice-password')}</initial-response>`;
  client.say(
    `<authenticate xmlns='${SASL2}' mechanism='PLAIN'>${initial}<bind xmlns='urn:xmpp:bind:0'/></authenticate>`,
  );
  expect((await client.hear()).elements()[0]?.name).toBe('resource-constraint');
  expect(world.faults).toEqual([]);
});

test('challenges are not to be had without end: not in one stream, not from one address', async () => {
  const world = await StreamWorld.make({ challengesPerAddress: 7 });
  const { client } = await opened(world);
  const ask = `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>${new ScramClient({ username: '9999999999:x', password: '' }).first()}</auth>`;
  for (let i = 0; i < 5; i++) {
    client.say(ask);
    expect((await client.hear()).name).toBe('challenge');
  }
  client.say(ask);
  expect((await client.hear()).elements()[0]?.name).toBe('policy-violation');
  const { client: other } = await opened(world);
  const answers: string[] = [];
  for (let i = 0; i < 3; i++) {
    other.say(ask);
    answers.push((await other.hear()).name);
  }
  expect(answers).toEqual(['challenge', 'challenge', 'failure']);
});

test('many who log in at once from one address are not taken for guessing', async () => {
  const world = await StreamWorld.make({ failuresPerAddress: 5, failuresPerName: 5 });
  const clients = Array.from({ length: 40 }, () => world.connect());
  const answers = await Promise.all(
    clients.map(async (client) => {
      client.say(OPEN);
      await client.hear();
      await client.hear();
      return (await client.authenticate('alice', 'alice-password')).name;
    }),
  );
  expect(new Set(answers)).toEqual(new Set(['success']));
});

test('SASL2 without Bind 2 binds as RFC 6120 does, without a second stream header', async () => {
  const world = await StreamWorld.make();
  const { client } = await opened(world);
  client.say(
    `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${plain('bob', 'bob-password')}</initial-response></authenticate>`,
  );
  expect((await client.hear()).childText('authorization-identifier')).toBe('bob@example.test');
  expect((await client.hear()).child('bind', 'urn:ietf:params:xml:ns:xmpp-bind')).toBeDefined();
});

test('draining: no new stream', async () => {
  const world = await StreamWorld.make();
  const client = world.connect();
  await client.bind('desk');
  world.streams.drain();
  const late = world.connect();
  late.say(OPEN);
  await late.hear();
  expect((await late.hear()).elements()[0]?.name).toBe('system-shutdown');
  expect(client.open).toBe(true);
  world.streams.close();
  expect((await client.hear()).elements()[0]?.name).toBe('system-shutdown');
  expect(world.router.log.at(-1)).toBe('ended alice@example.test/desk');
});

test('a name that nobody has is asked like any other: the same salt each time, another for each hash', async () => {
  const [world, later] = [await StreamWorld.make(), await StreamWorld.make()];
  const ask = async (in_: StreamWorld, mechanism: string, username: string) => {
    const { client } = await opened(in_);
    const scram = new ScramClient({ username, password: 'x' });
    client.say(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${scram.first()}</auth>`);
    return /s=([^,]+),i=10000/.exec(Buffer.from((await client.hear()).text, 'base64').toString())?.[1];
  };
  const salt = await ask(world, 'SCRAM-SHA-256', 'nobody');
  expect(salt).toHaveLength((await ask(world, 'SCRAM-SHA-256', 'alice'))!.length);
  expect(await ask(later, 'SCRAM-SHA-256', 'NoBody')).toBe(salt); // a restart, and another way to write it
  expect(await ask(world, 'SCRAM-SHA-256', 'nobody@example.test')).toBe(salt);
  expect(await ask(world, 'SCRAM-SHA-1', 'nobody')).not.toBe(salt);
  expect(await ask(world, 'SCRAM-SHA-256', 'noone')).not.toBe(salt);
});
