import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyEphemeral } from '../../protocol/credentials/ephemeral.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../storage/embedded/store.ts';
import type { CallRecordQuery } from '../../storage/ports.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { primitives } from '../../transport/primitives.ts';
import { AccountData } from '../accounts/account-data.ts';
import { Accounts } from '../accounts/accounts.ts';
import { Seal } from '../accounts/seal.ts';
import { ApiKeys } from '../credentials/api-keys.ts';
import { CredentialIssuer } from '../credentials/issuer.ts';
import { createHttpApi, type HttpApiOptions } from './api.ts';
import { HostPolicy } from './host-policy.ts';
import { httpLimits } from './limits.ts';
import { Sessions } from './sessions.ts';

const ORIGIN = 'http://127.0.0.1:8080';
const LISTED = 'https://www.example.test';

let folder: string;
let store: EmbeddedStore;
let forgotten: string[];
let app: FastifyInstance;
let key: string;
let now: number;
let draining: boolean;
let logged: string;

async function api(overrides: Partial<HttpApiOptions> = {}): Promise<FastifyInstance> {
  const accounts = new Accounts({
    store: store.accounts,
    seal: new Seal('k'),
    domain: 'example.test',
    secrets: ['s1', 's0'],
    primitives,
  });
  const line = (fields: object, message: string) => {
    logged += `${JSON.stringify(fields)} ${message}\n`;
  };
  return createHttpApi({
    accounts,
    sessions: new Sessions({ store: store.sessions, accounts, life: 3_600_000, keep: 5 }),
    apiKeys: new ApiKeys(store.apiKeys),
    issuer: new CredentialIssuer({ domain: 'example.test', secrets: ['s1', 's0'], primitives, now: () => 1_000_000 }),
    addresses: {
      publicHost: undefined,
      publicAddress: undefined,
      web: () => ({ endpoint: { address: '127.0.0.1', port: 8080 }, tls: false }),
      stun: () => [
        { transport: 'udp', address: '127.0.0.1', port: 3478 },
        { transport: 'tcp', address: '127.0.0.1', port: 3478 },
      ],
    },
    hosts: new HostPolicy(['example.test', 'rtc.example.test']),
    origins: () => [LISTED, '*'],
    limits: httpLimits,
    log: { debug: line, info: line, warn: line, error: line },
    registry: new Registry(),
    trace: () => ({
      list: (limit) => [
        {
          callId: 'a@b',
          method: 'INVITE',
          from: 'caf\u00c3\u00a9',
          to: '',
          started: 1,
          ended: 2,
          messages: limit,
          status: undefined,
        },
      ],
      get: (callId) => (callId === 'a@b' ? [{ at: 1, direction: 'in', flow: 'ws', message: 'INVITE' }] : []),
    }),
    doctor: {
      look: async () => [{ subject: 'time', outcome: 'ok', title: 'The clock can be right', meaning: 'It says noon.' }],
    },
    legs: async (callId) => (callId === 'a@b' ? [{ side: 'caller', kind: 'audio' }] : []),
    calls: store.calls,
    data: new AccountData({
      accounts,
      store,
      uploads: { remove: async () => {} },
      rooms: { forget: async () => {} },
      forget: (name) => forgotten.push(name),
    }),
    isRegistered: (name) => name === 'bob',
    isReady: () => !draining,
    isDraining: () => draining,
    appsFolder: join(folder, 'apps'),
    version: '0.0.0',
    now: () => now,
    ...overrides,
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chappe-http-'));
  store = await openEmbeddedStore(join(folder, 'data'));
  now = 0;
  draining = false;
  forgotten = [];
  logged = '';
  const accounts = new Accounts({
    store: store.accounts,
    seal: new Seal('k'),
    domain: 'example.test',
    secrets: [],
    primitives,
  });
  await accounts.add('alice', 'secret1', { admin: true });
  await accounts.add('bob', 'secret2');
  key = (await new ApiKeys(store.apiKeys).add('site')) as string;
  app = await api();
});

afterEach(async () => {
  await app.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

function call(
  method: InjectOptions['method'],
  url: string,
  options: {
    origin?: string | null;
    cookie?: string;
    key?: string;
    body?: unknown;
    host?: string;
    headers?: Record<string, string>;
  } = {},
) {
  const { origin = ORIGIN, cookie, body, host = '127.0.0.1:8080' } = options;
  return app.inject({
    method: method!,
    url,
    headers: {
      host,
      ...(origin !== null && { origin }),
      ...(cookie && { cookie }),
      ...(options.key && { authorization: `Bearer ${options.key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

async function signIn(name = 'alice', password = 'secret1'): Promise<string> {
  const response = await call('POST', '/api/session', { body: { name, password } });
  expect(response.statusCode).toBe(200);
  return String(response.headers['set-cookie']).split(';', 1)[0] as string;
}

test('signing in sets a cookie that no script reads and no other site sends', async () => {
  const response = await call('POST', '/api/session', { body: { name: 'Alice', password: 'secret1' } });
  expect(response.json()).toEqual({ name: 'alice', domain: 'example.test', admin: true });
  expect(response.headers['set-cookie']).toMatch(
    /^chappe_session=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  const cookie = String(response.headers['set-cookie']).split(';', 1)[0]!;
  expect((await call('GET', '/api/session', { cookie, origin: null })).json()).toMatchObject({ name: 'alice' });
  expect((await call('DELETE', '/api/session', { cookie })).statusCode).toBe(204);
  expect((await call('GET', '/api/session', { cookie })).statusCode).toBe(401);
});

test('behind TLS the cookie is Secure', async () => {
  const response = await call('POST', '/api/session', {
    origin: 'https://rtc.example.test',
    host: 'rtc.example.test',
    body: { name: 'alice', password: 'secret1' },
  });
  expect(response.headers['set-cookie']).toContain('; Secure');
});

test('a wrong password and an unknown name get the same answer', async () => {
  const answers = await Promise.all([
    call('POST', '/api/session', { body: { name: 'alice', password: 'wrong' } }),
    call('POST', '/api/session', { body: { name: 'nobody', password: 'wrong' } }),
    call('POST', '/api/session', { body: { name: 'a b', password: 'wrong' } }),
  ]);
  for (const answer of answers) {
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toEqual({ error: { code: 'HTTP_SIGN_IN', message: 'The name or the password is wrong.' } });
  }
});

test('a call that changes something wants the same or a listed Origin, or a key', async () => {
  const body = { name: 'alice', password: 'secret1' };
  for (const origin of [null, 'http://evil.test', 'null', 'http://127.0.0.1:9999']) {
    const answer = await call('POST', '/api/session', { origin, body });
    expect(answer.statusCode, String(origin)).toBe(403);
    expect(answer.json().error.code).toBe('HTTP_ORIGIN');
  }
  expect((await call('POST', '/api/session', { origin: LISTED, body })).statusCode).toBe(200);
  const cookie = await signIn();
  expect((await call('DELETE', '/api/session', { origin: 'http://evil.test', cookie })).statusCode).toBe(403);
  expect((await call('POST', '/api/credentials', { origin: 'http://evil.test', cookie })).statusCode).toBe(403);
  expect((await call('GET', '/api/session', { cookie })).statusCode).toBe(200);
});

test('a session does not count for a page that only "*" lets in', async () => {
  const cookie = await signIn();
  expect((await call('GET', '/api/session', { cookie, origin: 'http://evil.test' })).statusCode).toBe(401);
  expect((await call('GET', '/api/session', { cookie, origin: LISTED })).headers['access-control-allow-origin']).toBe(
    LISTED,
  );
  expect((await call('OPTIONS', '/api/credentials', { origin: LISTED })).statusCode).toBe(204);
  expect((await call('OPTIONS', '/api/credentials', { origin: 'http://evil.test' })).statusCode).toBe(404);
});

test('a session gets credentials for its own name', async () => {
  const cookie = await signIn('bob', 'secret2');
  const answer = (await call('POST', '/api/credentials', { cookie })).json();
  expect(answer).toEqual({
    username: '4600:bob',
    password: expect.any(String),
    ttl: 3600,
    domain: 'example.test',
    ws: 'ws://127.0.0.1:8080',
    uris: ['turn:127.0.0.1:3478?transport=udp', 'turn:127.0.0.1:3478?transport=tcp'],
    iceServers: [{ urls: ['stun:127.0.0.1:3478', ...answer.uris], username: '4600:bob', credential: answer.password }],
  });
  expect(verifyEphemeral(primitives, ['s1'], answer.username, answer.password, 4599)).toBeDefined();
  expect((await call('POST', '/api/credentials', { cookie, body: { name: 'Bob', ttl: 60 } })).json().username).toBe(
    '1060:bob',
  );
  expect((await call('POST', '/api/credentials', { cookie, body: { name: 'alice' } })).statusCode).toBe(403);
  expect((await call('POST', '/api/credentials')).statusCode).toBe(401);
});

test('a key gets credentials for any name, without an Origin', async () => {
  const ask = (body: unknown, options = {}) =>
    call('POST', '/api/credentials', { origin: null, key, body, ...options });
  expect((await ask({ name: 'Visitor', ttl: 3600 })).json().username).toBe('4600:visitor');
  expect((await ask({ name: 'x', ttl: 1e9 })).json().ttl).toBe(httpLimits.maxCredentialTtl);
  for (const body of [
    {},
    { name: 'a b' },
    { name: '' },
    { name: 'x', ttl: 0 },
    { name: 'x', ttl: -1 },
    { name: 'x', ttl: 1.5 },
    { name: 'x', ttl: '60' },
    { name: 'x', extra: 1 },
    [],
    'null',
    '5',
  ])
    expect((await ask(body)).statusCode, JSON.stringify(body)).toBe(400);
  for (const wrong of ['x', `${key}x`, key.slice(0, -1), `chappe_${'a'.repeat(43)}`])
    expect((await ask({ name: 'x' }, { key: wrong })).statusCode).toBe(401);
});

test('a body that is named JSON may be empty where all of it is optional', async () => {
  const cookie = await signIn();
  const headers = { 'content-type': 'application/json' };
  expect((await call('POST', '/api/credentials', { cookie, headers })).statusCode).toBe(200);
  expect((await call('POST', '/api/session', { headers })).statusCode).toBe(400);
  expect((await call('POST', '/api/session', { body: '{"__proto__":{"name":"alice"}}' })).statusCode).toBe(400);
  expect((await call('DELETE', '/api/session', { cookie, headers })).statusCode).toBe(204);
});

test('a back end with a key may call us by any name', async () => {
  const body = { name: 'visitor' };
  expect((await call('POST', '/api/credentials', { key, body, origin: null, host: 'chappe:8080' })).statusCode).toBe(
    200,
  );
  expect((await call('POST', '/api/credentials', { key: 'x', body, host: 'chappe:8080' })).statusCode).toBe(401);
  expect((await call('POST', '/api/credentials', { body, host: 'chappe:8080' })).statusCode).toBe(421);
});

test('the WebSocket’s URL is where the client itself reached us', async () => {
  const cookie = await signIn();
  const asked = async (host: string, origin: string) =>
    (await call('POST', '/api/credentials', { cookie, host, origin })).json().ws;
  expect(await asked('rtc.example.test', 'https://rtc.example.test')).toBe('wss://rtc.example.test');
  expect(await asked('[::1]:8080', 'http://[::1]:8080')).toBe('ws://[::1]:8080');
});

test('a name that is not ours is refused: DNS rebinding', async () => {
  for (const host of ['evil.test', 'evil.test:8080', 'localhost.evil.test', '127.0.0.1.evil.test', 'a@b', '[::1'])
    expect((await call('GET', '/', { host })).statusCode, host).toBe(421);
  for (const host of [
    'localhost',
    'localhost:1',
    '127.0.0.1',
    '[::1]:80',
    'EXAMPLE.test',
    'app.localhost',
    '192.0.2.1',
  ])
    expect((await call('GET', '/', { host })).statusCode, host).toBe(200);
  expect((await call('GET', '/healthz', { host: 'evil.test' })).statusCode).toBe(200);
});

test('failed sign-ins are limited for an account and for an address, and forgiven with time', async () => {
  const attempt = (name: string, password = 'wrong') => call('POST', '/api/session', { body: { name, password } });
  for (let i = 0; i < httpLimits.signInFailuresPerAccount; i++) expect((await attempt('alice')).statusCode).toBe(401);
  const limited = await attempt('alice', 'secret1');
  expect(limited.statusCode).toBe(429);
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
  expect(limited.json().error.code).toBe('HTTP_TOO_MANY');
  expect((await attempt('bob', 'secret2')).statusCode).toBe(200);
  let address = 0;
  for (let i = 0; i < 30; i++) if ((await attempt(`nobody${i}`)).statusCode === 429) address += 1;
  expect(address).toBeGreaterThan(0);
  now += Number(limited.headers['retry-after']) * 1000 + 60_000;
  expect((await attempt('alice', 'secret1')).statusCode).toBe(200);
});

test('many attempts at once are no way around the limit', async () => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => call('POST', '/api/session', { body: { name: 'alice', password: 'wrong' } })),
  );
  expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(httpLimits.signInFailuresPerAccount);
});

test('signing in rightly is not limited', async () => {
  for (let i = 0; i < 30; i++) await signIn();
});

test('a flood of calls from one address is answered 429', async () => {
  await app.close();
  app = await api({ limits: { ...httpLimits, requestBurst: 5, requestRate: 1 } });
  const codes: number[] = [];
  for (let i = 0; i < 7; i++) codes.push((await call('GET', '/api/session')).statusCode);
  expect(codes).toEqual([401, 401, 401, 401, 401, 429, 429]);
  expect((await call('GET', '/healthz')).statusCode).toBe(200);
});

test('the inspector is for administrators', async () => {
  expect((await call('GET', '/api/inspector/calls')).statusCode).toBe(401);
  expect((await call('GET', '/api/inspector/calls', { cookie: await signIn('bob', 'secret2') })).statusCode).toBe(403);
  const calls = await call('GET', '/api/inspector/calls?limit=7', { key });
  expect(calls.json().calls).toMatchObject([{ callId: 'a@b', messages: 7, from: 'café' }]);
  expect((await call('GET', '/api/inspector/calls/a%40b', { cookie: await signIn() })).json()).toMatchObject({
    callId: 'a@b',
    events: [{ message: 'INVITE' }],
    legs: [{ side: 'caller' }],
  });
  expect((await call('GET', '/api/inspector/calls/none', { key })).statusCode).toBe(404);
  expect((await call('GET', `/api/inspector/calls/${'x'.repeat(2000)}`, { key })).statusCode).toBeGreaterThanOrEqual(
    400,
  );
});

test('contacts are for whoever is signed in', async () => {
  expect((await call('GET', '/api/contacts')).statusCode).toBe(401);
  expect((await call('GET', '/api/contacts', { cookie: await signIn() })).json().contacts).toEqual([
    { name: 'alice', registered: false },
    { name: 'bob', registered: true },
  ]);
});

test('while draining the probe says so, and there are no new sessions', async () => {
  const cookie = await signIn();
  draining = true;
  expect((await call('GET', '/readyz')).statusCode).toBe(503);
  expect((await call('GET', '/healthz')).statusCode).toBe(200);
  expect((await call('POST', '/api/credentials', { cookie })).statusCode).toBe(503);
  expect((await call('GET', '/api/session', { cookie })).statusCode).toBe(200);
});

test('every answer forbids framing and sniffing and sends no referrer', async () => {
  for (const url of ['/', '/nothing', '/%zz', '/api/session']) {
    const { headers } = await call('GET', url);
    expect(headers['content-security-policy'], url).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  }
});

test('no error body or log echoes what came in', async () => {
  const needle = 'hunter2hunter2';
  const answers = [
    await call('GET', `/nothing/${needle}?password=${needle}`),
    await call('GET', `/%zz${needle}`),
    await call('GET', `/api/inspector/calls/${needle}`, { key }),
    await call('POST', '/api/session', { body: `{"name":"alice","password":${needle}}` }),
    await call('POST', '/api/session', { body: { name: needle, password: needle } }),
    await call('POST', '/api/session', { body: { name: 'alice', password: needle, [needle]: 1 } }),
    await call('POST', '/api/session', { body: needle, headers: { 'content-type': needle } }),
    await call('POST', '/api/session', { body: `{"name":"${needle.repeat(2000)}"}` }),
    await call('POST', '/api/credentials', { key: needle, body: { name: 'x' } }),
    await call('GET', '/api/session', {
      cookie: `chappe_session=${needle}`,
      headers: { authorization: `Basic ${needle}` },
    }),
    await call('GET', '/', { host: `${needle}.test` }),
    await call('POST', '/api/session', { origin: `http://${needle}.test`, body: {} }),
  ];
  for (const answer of answers) {
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body + JSON.stringify(answer.headers)).not.toContain(needle);
    expect(answer.json()).toEqual({ error: { code: expect.stringMatching(/^HTTP_/), message: expect.any(String) } });
  }
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([
    404, 400, 404, 400, 401, 400, 415, 413, 401, 401, 421, 403,
  ]);
  expect(logged).not.toContain(needle);
});

test('a fault of ours is answered 500 without its reason', async () => {
  await app.close();
  app = await api({
    trace: () => {
      throw new Error('inner detail');
    },
  });
  const answer = await call('GET', '/api/inspector/calls?secret=1', { key });
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toContain('inner');
  expect(logged).toContain('inner detail');
  expect(logged).not.toContain('secret=1');
});

test('the API describes itself, every route of it', async () => {
  const { paths } = (await call('GET', '/api/openapi.json')).json();
  expect(Object.keys(paths)).toEqual([
    '/api/session',
    '/api/credentials',
    '/api/contacts',
    '/api/calls',
    '/api/account/data',
    '/api/inspector/calls',
    '/api/inspector/calls/{callId}',
    '/api/doctor',
    '/api/doctor/browser',
    '/healthz',
    '/readyz',
    '/metrics',
  ]);
});

test('the doctor is for administrators, and browsers send what they found', async () => {
  const bob = await signIn('bob', 'secret2');
  expect((await call('GET', '/api/doctor')).statusCode).toBe(401);
  expect((await call('GET', '/api/doctor', { cookie: bob })).statusCode).toBe(403);
  const finding = { subject: 'TURN', outcome: 'problem', title: 'UDP is blocked', meaning: 'Calls go\u001b by TCP.' };
  const send = (body: unknown, more = {}) => call('POST', '/api/doctor/browser', { cookie: bob, body, ...more });
  expect((await send({ findings: [finding] }, { cookie: undefined })).statusCode).toBe(401);
  expect((await send({ findings: [finding] }, { headers: { 'user-agent': 'x'.repeat(999) } })).statusCode).toBe(204);
  const { findings, browsers } = (await call('GET', '/api/doctor', { key })).json();
  expect(findings).toMatchObject([{ subject: 'time', outcome: 'ok' }]);
  expect(browsers).toEqual([
    {
      at: expect.stringMatching(/^\d{4}-/),
      name: 'bob',
      agent: 'x'.repeat(200),
      findings: [{ ...finding, meaning: 'Calls go  by TCP.' }],
    },
  ]);
});

test('a browser that sends too much, too often or something else is refused, and the oldest results go', async () => {
  await app.close();
  app = await api({ limits: { ...httpLimits, browserReports: 2, browserReportBurst: 4 } });
  const cookie = await signIn('bob', 'secret2');
  const finding = { subject: 'TURN', outcome: 'ok', title: 'x', meaning: 'y' };
  const send = (findings: unknown) => call('POST', '/api/doctor/browser', { cookie, body: { findings } });
  for (const bad of [
    [],
    Array(21).fill(finding),
    [{ ...finding, title: 'x'.repeat(121) }],
    [{ ...finding, more: 1 }],
    7,
  ]) {
    now += 100_000;
    expect((await send(bad)).statusCode, JSON.stringify(bad).slice(0, 80)).toBe(400);
  }
  now += 100_000;
  for (const title of ['1', '2', '3', '4']) expect((await send([{ ...finding, title }])).statusCode).toBe(204);
  expect((await send([finding])).statusCode).toBe(429);
  const { browsers } = (await call('GET', '/api/doctor', { key })).json();
  expect(browsers.map((each: { findings: Array<{ title: string }> }) => each.findings[0]!.title)).toEqual(['4', '3']);
});

test('records of calls: one’s own, and for administrators everybody’s', async () => {
  await app.close();
  const asked: CallRecordQuery[] = [];
  const calls = {
    lost: 0,
    add() {},
    async list(query: CallRecordQuery) {
      asked.push(query);
      return [];
    },
  };
  app = await api({ calls });
  const cookies = { alice: await signIn(), bob: await signIn('bob', 'secret2') };
  expect((await call('GET', '/api/calls')).statusCode).toBe(401);
  expect((await call('GET', '/api/calls', { key })).json()).toEqual({ calls: [] });
  await call('GET', '/api/calls?account=bob&limit=5&before=77', { cookie: cookies.alice });
  await call('GET', '/api/calls?limit=99999&before=x', { cookie: cookies.bob });
  expect((await call('GET', '/api/calls?account=alice', { cookie: cookies.bob })).statusCode).toBe(403);
  expect(asked).toEqual([{ limit: 100 }, { account: 'bob', limit: 5, before: 77 }, { account: 'bob', limit: 1000 }]);
});

test('a store that fails is said to fail, for a while', async () => {
  app = await api({
    calls: {
      lost: 0,
      add() {},
      list: () => Promise.reject(new StorageError('STORAGE_FAILED', 'connect ECONNREFUSED secret.example')),
    },
  });
  const answer = await call('GET', '/api/calls', { key });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
  expect(answer.json().error.code).toBe('HTTP_STORAGE');
  expect(answer.body).not.toContain('secret');
});

test('what is kept for an account is written out and deleted: one’s own, or by an administrator', async () => {
  for (const name of ['alice', 'bob'])
    await store.messaging.documents.set(`${name}@example.test`, 'vcard', `card of ${name}`);
  const cookies = { alice: await signIn(), bob: await signIn('bob', 'secret2') };
  const get = (query: string, how: object) => call('GET', `/api/account/data${query}`, how);
  expect((await get('', {})).statusCode).toBe(401);
  expect((await get('', { key })).statusCode).toBe(400);
  const own = await get('', { cookie: cookies.bob });
  expect(own.headers['content-type']).toContain('application/x-ndjson');
  expect(
    own.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind),
  ).toEqual(['account', 'document']);
  expect(own.body).not.toMatch(/alice|sealed/);
  expect((await get('?account=alice', { cookie: cookies.bob })).statusCode).toBe(403);
  expect((await get('?account=Bob', { cookie: cookies.alice })).body).toContain('card of bob');
  expect((await get('?account=nobody', { key })).statusCode).toBe(404);
  const erase = (query: string, how: object) => call('DELETE', `/api/account/data${query}`, how);
  expect((await erase('?account=alice', { cookie: cookies.bob })).statusCode).toBe(403);
  expect((await erase('', { cookie: cookies.bob, origin: 'https://elsewhere.test' })).statusCode).toBe(403);
  expect(forgotten).toEqual([]);
  expect((await erase('', { cookie: cookies.bob })).statusCode).toBe(204);
  expect(forgotten).toEqual(['bob', 'bob']);
  expect((await get('', { cookie: cookies.bob })).statusCode).toBe(401); // signed out
  expect((await get('?account=bob', { key })).body).not.toContain('card');
  expect((await get('?account=alice', { key })).body).toContain('card of alice');
});
