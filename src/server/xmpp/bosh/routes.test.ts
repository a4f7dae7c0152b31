import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BoshClient } from '../../../../test/support/bosh-client.ts';
import { DOMAIN, StreamWorld } from '../../../../test/support/stream-world.ts';
import { parseElement } from '../../../protocol/xmpp/tokenizer.ts';
import type { Identity } from '../../../transport/flow.ts';
import { HttpError } from '../../http/http-error.ts';
import { boshRoutes } from './routes.ts';

let world: StreamWorld;
let app: FastifyInstance;
let handshake: 'optional' | 'required';
let draining: boolean;
const ALICE: Identity = { name: 'alice', account: true, admin: false };

beforeEach(async () => {
  world = await StreamWorld.make();
  handshake = 'optional';
  draining = false;
  app = Fastify();
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof HttpError ? error.status : ((error as { statusCode?: number }).statusCode ?? 500);
    reply.code(status).send(error instanceof HttpError ? error.code : '');
  });
  boshRoutes(app, {
    bosh: world.streams.bosh,
    bodyBytes: 262_144,
    origins: () => ['https://www.example.test'],
    handshake: () => handshake,
    verify: ({ password }) => (password === 'right' ? ALICE : undefined),
    isDraining: () => draining,
    now: () => world.clock.now(),
  });
  await app.ready();
});

afterEach(() => app.close());

const post = (payload: string | Buffer, options: InjectOptions = {}) =>
  app.inject({
    method: 'POST',
    url: '/http-bind',
    payload,
    ...options,
    headers: { 'content-type': 'text/xml; charset=utf-8', ...options.headers },
  });
const client = () => new BoshClient(async (body) => (await post(body)).body);
const first =
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='example.test' wait='60' hold='1' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>";
const message = (text: string) => `<message xmlns='jabber:client' to='bob@${DOMAIN}'><body>${text}</body></message>`;

describe('a session', () => {
  test('logs in, binds, sends and is sent', async () => {
    const alice = client();
    expect(await alice.bind(DOMAIN, 'alice', 'alice-password', 'page')).toBe('alice@example.test/page');
    const poll = alice.ask();
    const up = alice.ask('', message('up'));
    await poll;
    expect(world.router.received.map((stanza) => stanza.childText('body'))).toEqual(['up']);
    for (const session of world.router.sessions('alice')) session.send(world.router.received[0]!);
    expect((await up).child('message', 'jabber:client')?.childText('body')).toBe('up');
  });

  test('has its features with its first response', async () => {
    const response = await client().begin(DOMAIN);
    expect(response.attributes).toMatchObject({ wait: '60', hold: '1', requests: '2', from: DOMAIN });
    expect(response.attributes['sid']).toMatch(/^[\w-]{24}$/);
    expect(response.elements()[0]?.is('features', 'http://etherx.jabber.org/streams')).toBe(true);
  });

  test('for another host ends with a stream error', async () => {
    const response = await client().begin('other.test');
    expect(response.attributes).toMatchObject({ type: 'terminate', condition: 'remote-stream-error' });
    expect(response.elements()[0]?.child('host-unknown', 'urn:ietf:params:xml:ns:xmpp-streams')).toBeDefined();
  });

  test('that logs in too slowly is ended and, when nobody comes back, forgotten', async () => {
    await client().begin(DOMAIN);
    expect(world.streams.bosh.size).toBe(1);
    world.clock.advance(30_000);
    world.clock.advance(60_000);
    expect(world.streams.bosh.size).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  test('that its client leaves is over, and so is its resource', async () => {
    const alice = client();
    await alice.bind(DOMAIN, 'alice', 'alice-password', 'page');
    const response = await alice.ask("type='terminate'", message('bye'));
    expect(response.attributes['type']).toBe('terminate');
    expect(world.router.received).toHaveLength(1);
    expect(world.router.log.at(-1)).toBe('ended alice@example.test/page');
  });

  test('whose client stays away is over', async () => {
    const alice = client();
    await alice.bind(DOMAIN, 'alice', 'alice-password', 'page');
    world.clock.advance(60_000);
    await new Promise(setImmediate);
    expect(world.router.log.at(-1)).toBe('ended alice@example.test/page');
    expect((await alice.ask()).attributes['condition']).toBe('item-not-found');
  });

  test('... and what it had not fetched goes elsewhere, what it had does not', async () => {
    const alice = client();
    await alice.bind(DOMAIN, 'alice', 'alice-password', 'page');
    const [session] = world.router.sessions('alice');
    const stanza = (text: string) => parseElement(message(text));
    const poll = alice.ask();
    await new Promise(setImmediate);
    session!.send(stanza('fetched'));
    await poll;
    session!.send(stanza('not fetched'));
    world.clock.advance(30_000);
    session!.send(stanza('nor this'));
    world.clock.advance(30_000);
    await new Promise(setImmediate);
    expect(world.router.lost.map((lost) => lost.childText('body'))).toEqual(['not fetched', 'nor this']);
    expect(world.router.log.at(-1)).toBe('ended alice@example.test/page');
  });

  test('a request that is repeated is processed once', async () => {
    const alice = client();
    await alice.bind(DOMAIN, 'alice', 'alice-password', 'page');
    const body = alice.body('', message('once'));
    const responses = [post(body), post(body), post(body)];
    await alice.ask("pause='1'");
    await Promise.all(responses);
    await post(body);
    expect(world.router.received).toHaveLength(1);
  });

  test('the end of the server is told to who waits', async () => {
    const alice = client();
    await alice.bind(DOMAIN, 'alice', 'alice-password', 'page');
    const poll = alice.ask();
    await new Promise(setImmediate);
    world.streams.close();
    expect((await poll).elements()[0]?.child('system-shutdown', 'urn:ietf:params:xml:ns:xmpp-streams')).toBeDefined();
  });
});

describe('what is refused', () => {
  test('a request that is none', async () => {
    for (const payload of [
      '',
      'x',
      '<body/>',
      first.replace("rid='1'", ''),
      `<!DOCTYPE a>${first}`,
      '<a>'.repeat(5000),
      first.replace('/>', '>text</body>'),
    ]) {
      const { statusCode, body } = await post(payload);
      expect([statusCode, body.includes("condition='bad-request'")], payload.slice(0, 50)).toEqual([400, true]);
    }
    expect((await post(Buffer.from(first.replace('example', '\xff'), 'latin1'))).statusCode).toBe(400);
    expect(world.streams.bosh.size).toBe(0);
  });

  test('a session that nobody has', async () => {
    const { body } = await post(first.replace("rid='1'", "rid='1' sid='AAAAAAAAAAAAAAAAAAAAAAAA'"));
    expect(body).toContain("type='terminate' condition='item-not-found'");
  });

  test('a large stanza before the login, and one over the bound after it', async () => {
    const alice = client();
    await alice.begin(DOMAIN);
    expect((await alice.ask('', message('x'.repeat(20_000)))).attributes['condition']).toBe('policy-violation');
    const bob = client();
    await bob.bind(DOMAIN, 'bob', 'bob-password', 'page');
    const poll = bob.ask();
    void bob.ask('', message('x'.repeat(20_000)));
    await poll;
    expect(world.router.received).toHaveLength(1);
    expect((await post(bob.body('', message('x'.repeat(300_000))))).statusCode).toBe(413);
    expect((await post(first.replace('/>', `>${'<a/>'.repeat(9000)}</body>`))).body).toContain('policy-violation');
  });

  test('a page of an origin that is not listed; a listed one is told that it may', async () => {
    const headers = { origin: 'https://evil.test' };
    expect((await post(first, { headers })).statusCode).toBe(403);
    const preflight = { method: 'OPTIONS', url: '/http-bind' } as const;
    expect((await app.inject({ ...preflight, headers })).statusCode).toBe(403);
    const listed = { origin: 'https://www.example.test' };
    expect((await app.inject({ ...preflight, headers: listed })).headers).toMatchObject({
      'access-control-allow-origin': 'https://www.example.test',
      'access-control-allow-methods': 'POST',
    });
    expect((await post(first, { headers: listed })).headers['access-control-allow-credentials']).toBe('true');
    const own = await post(first, { headers: { origin: 'http://localhost:80', host: 'localhost:80' } });
    expect(own.statusCode).toBe(200);
    expect(own.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('a first request without a credential where one is required, or with a wrong one', async () => {
    const authorization = (password: string) => `Basic ${Buffer.from(`9:alice:${password}`).toString('base64')}`;
    expect((await post(first, { headers: { authorization: authorization('wrong') } })).statusCode).toBe(403);
    handshake = 'required';
    expect((await post(first)).statusCode).toBe(401);
    const { body } = await post(first, { headers: { authorization: authorization('right') } });
    expect(body).toContain('<mechanism>EXTERNAL</mechanism>');
  });

  test('a new session while the server drains', async () => {
    draining = true;
    expect((await post(first)).statusCode).toBe(503);
  });

  test('more sessions of one address than it may have', async () => {
    const { limits } = world.streams.bosh;
    limits.sessionsPerAddress = 3;
    for (let i = 0; i < 3; i++) expect((await post(first)).statusCode).toBe(200);
    const headers = { origin: 'https://www.example.test' };
    const busy = await post(first, { headers });
    expect([busy.statusCode, busy.headers['access-control-allow-origin']]).toEqual([503, headers.origin]);
  });

  test('a client that does not fetch what is sent to it', async () => {
    const alice = client();
    await alice.bind(DOMAIN, 'alice', 'alice-password', 'page');
    const [session] = world.router.sessions('alice');
    const poll = alice.ask('', message('x'.repeat(10_000)));
    await new Promise(setImmediate);
    await alice.ask("pause='1'");
    for (let i = 0; i < 1000 && session!.open; i++) session!.send(world.router.received[0]!);
    await new Promise(setImmediate);
    await poll;
    expect(world.router.log.at(-1)).toBe('ended alice@example.test/page');
  });
});
