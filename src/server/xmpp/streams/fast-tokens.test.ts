import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { DOMAIN, documentStore, type FakeConnection, StreamWorld } from '../../../../test/support/stream-world.ts';
import { primitives } from '../../../transport/primitives.ts';
import { FastTokens } from './fast-tokens.ts';
import { xmppLimits } from './limits.ts';

const SASL2 = 'urn:xmpp:sasl:2';
const FAST = 'urn:xmpp:fast:0';
const CLIENT = 'd4565fa7-4d72-4749-b3d3-740edbf87770';
const OPEN = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${DOMAIN}' version='1.0'/>`;
const encode = (text: string | Buffer) => Buffer.from(text).toString('base64');

async function authenticate(world: StreamWorld, mechanism: string, initial: string, inside = '', client = CLIENT) {
  const connection = world.connect();
  connection.say(OPEN);
  await connection.hear();
  await connection.hear();
  connection.say(
    `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'><initial-response>${initial}</initial-response>` +
      `<user-agent id='${client}'/>${inside}</authenticate>`,
  );
  return { connection, answer: await connection.hear() };
}

async function issued(world: StreamWorld, name = 'alice', password = `${name}-password`): Promise<string> {
  const request = `<request-token xmlns='${FAST}' mechanism='HT-SHA-256-NONE'/>`;
  const { answer } = await authenticate(world, 'PLAIN', encode(`\0${name}\0${password}`), request);
  return answer.child('token', FAST)?.attributes['token'] ?? '';
}

function byToken(
  world: StreamWorld,
  token: string,
  inside = `<fast xmlns='${FAST}'/>`,
  client = CLIENT,
  name = 'alice',
) {
  const proof = createHmac('sha256', token).update('Initiator').digest();
  return authenticate(
    world,
    'HT-SHA-256-NONE',
    encode(Buffer.concat([Buffer.from(`${name}\0`), proof])),
    inside,
    client,
  );
}

const condition = ({
  answer,
}: {
  connection: FakeConnection;
  answer: { name: string; elements(): Array<{ name: string }> };
}) => (answer.name === 'failure' ? answer.elements()[0]?.name : answer.name);

test('a token logs in at once, and the server proves that it knows it too', async () => {
  const world = await StreamWorld.make();
  const token = await issued(world);
  const { answer } = await byToken(world, token);
  expect(answer.name).toBe('success');
  expect(answer.childText('additional-data')).toBe(createHmac('sha256', token).update('Responder').digest('base64'));
  expect(answer.child('token', FAST)).toBeUndefined();
});

test('a token is of one client and one account, and what is stored of it is not it', async () => {
  const world = await StreamWorld.make();
  const token = await issued(world);
  expect(condition(await byToken(world, token, undefined, 'another-client'))).toBe('not-authorized');
  expect(condition(await byToken(world, token, undefined, CLIENT, 'bob'))).toBe('not-authorized');
  expect(condition(await byToken(world, `${token}x`))).toBe('not-authorized');
  expect([...world.documents.values()].join('')).not.toContain(token);
});

test('an old token is replaced; the one before is good until the new one was used', async () => {
  const world = await StreamWorld.make();
  const first = await issued(world);
  world.now += 86_400_000;
  const { answer } = await byToken(world, first);
  const second = answer.child('token', FAST)?.attributes['token'] ?? '';
  expect(second).not.toBe('');
  expect(condition(await byToken(world, first))).toBe('success');
  const third = (await byToken(world, first)).answer.child('token', FAST)?.attributes['token'] ?? '';
  expect(condition(await byToken(world, third))).toBe('success');
  expect(condition(await byToken(world, first))).toBe('not-authorized');
});

test('a token expires, and no later than the credential that it was given for', async () => {
  const world = await StreamWorld.make({ tokenLife: 1_000_000 });
  const token = await issued(world);
  world.now += 1_000_000;
  expect(condition(await byToken(world, token))).toBe('not-authorized');

  const username = `${world.now / 1000 + 60}:alice`;
  const ephemeral = await issued(world, username, `hmac of ${username}`);
  const { connection, answer } = await byToken(world, ephemeral, `<bind xmlns='urn:xmpp:bind:0'/>`);
  expect(answer.name).toBe('success');
  await connection.hear();
  world.now += 60_000;
  connection.say(`<presence xmlns='jabber:client'/>`);
  expect((await connection.hear()).elements()[0]?.name).toBe('not-authorized');
  expect(condition(await byToken(world, ephemeral))).toBe('not-authorized');
});

test('a new password ends all tokens', async () => {
  const keys = { storedKey: 'of the old password' };
  const tokens = new FastTokens({
    documents: documentStore(new Map()),
    primitives,
    secret: 'a secret',
    accounts: { identity: (name) => ({ name, account: true, admin: false }), scramKeys: () => keys },
    limits: xmppLimits,
    domain: DOMAIN,
    now: () => 1,
  });
  const { token } = await tokens.issue({ name: 'alice', account: true, admin: false }, CLIENT, 'HT-SHA-256-NONE');
  const proof = primitives.hmac('sha256', token, 'Initiator');
  expect(await tokens.verify('alice', CLIENT, 'HT-SHA-256-NONE', proof, '', () => () => {})).toBeDefined();
  expect(await tokens.verify('alice', CLIENT, 'HT-SHA-256-EXPR', proof, '', () => () => {})).toBeUndefined();
  keys.storedKey = 'of the new password';
  expect(await tokens.verify('alice', CLIENT, 'HT-SHA-256-NONE', proof, '', () => () => {})).toBeUndefined();
});

test('a client ends its token', async () => {
  const world = await StreamWorld.make();
  const token = await issued(world);
  expect(condition(await byToken(world, token, `<fast xmlns='${FAST}' invalidate='true'/>`))).toBe('success');
  expect(condition(await byToken(world, token))).toBe('not-authorized');
  expect(world.documents.size).toBe(0);
});

test('an account has tokens for so many clients: the oldest gives way', async () => {
  const world = await StreamWorld.make({ tokensPerAccount: 2 });
  const request = `<request-token xmlns='${FAST}' mechanism='HT-SHA-256-NONE'/>`;
  for (const client of ['one', 'two', 'three']) {
    world.now += 1;
    await authenticate(world, 'PLAIN', encode('\0alice\0alice-password'), request, client);
  }
  expect(world.documents.size).toBe(2);
});
