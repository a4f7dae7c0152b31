// No log, error body or trace holds a credential: a server at its most talkative is given one in every place there is.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { RawXmpp } from '../support/raw-xmpp.ts';

let server: Chappe;
let folder: string;
/** Everything that came back over the network that was not itself the delivery of a credential. */
let answers = '';

const PASSWORD = 'alice-password-that-is-secret';
const SECRET = 'the-shared-secret-of-this-test';
const WRONG = 'wrong-password-typed-by-somebody';
const MESSAGE = 'words-that-one-person-wrote-another';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chappe-secrecy-'));
  server = await startChappe({
    config: {
      web: { listen: '127.0.0.1:0', origins: [] },
      turn: { listen: [] },
      auth: { secret: [SECRET] },
      accounts: [
        { name: 'alice', password: PASSWORD, admin: true },
        { name: 'bob', password: `${PASSWORD}-bob` },
      ],
      log: { level: 'trace' },
    },
    data: join(folder, 'data'),
  });
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function http(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(server.ready.web + path, { redirect: 'manual', ...init });
  const body = await response.clone().text();
  if (!body.includes('iceServers'))
    answers += `${response.status} ${JSON.stringify([...response.headers].filter(([name]) => name !== 'set-cookie'))} ${body}\n`;
  return response;
}

/** Octets as no HTTP library would send them. */
function raw(text: string): Promise<void> {
  const { hostname, port } = new URL(server.ready.web);
  return new Promise((resolve) => {
    const socket = createConnection(Number(port), hostname, () => socket.end(text));
    socket.on('data', (chunk) => {
      answers += chunk;
    });
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}

/** A handshake; open, it sends the messages and gathers the answers until each transaction has its final one. */
function webSocket(
  url: string,
  headers: Record<string, string>,
  messages: Array<(answer: string) => string> = [],
): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, 'sip', { headers });
    let last = '';
    const next = () => {
      const message = messages.shift();
      if (message === undefined) socket.close();
      else socket.send(message(last));
    };
    socket.on('open', next);
    socket.on('message', (data) => {
      last = String(data);
      answers += last;
      if (/^SIP\/2\.0 [2-6]/.test(last)) next();
    });
    socket.on('close', (code, reason) => {
      answers += reason;
      resolve(code);
    });
    socket.on('unexpected-response', (_request, response) => {
      response.on('data', (chunk) => {
        answers += chunk;
      });
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    socket.on('error', () => {});
  });
}

let branch = 0;
function sip(method: string, user: string, more: string[] = [], body = ''): string {
  branch += 1;
  return [
    `${method} sip:${method === 'REGISTER' ? 'example.test' : 'bob@example.test'} SIP/2.0`,
    `Via: SIP/2.0/WS x.invalid;branch=z9hG4bK${branch}`,
    'Max-Forwards: 70',
    `From: <sip:${user}@example.test>;tag=${branch}`,
    `To: <sip:${method === 'REGISTER' ? user : 'bob'}@example.test>`,
    'Call-ID: secrecy',
    `CSeq: ${branch} ${method}`,
    `Contact: <sip:${user}@x.invalid;transport=ws>`,
    ...more,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

function digest(challenge: string, method: string, user: string, password: string): string {
  const nonce =
    /nonce="([^"]+)"/.exec(challenge.split('\r\n').find((line) => /Authenticate:.*MD5/i.test(line)) ?? '')?.[1] ?? '';
  const uri = method === 'REGISTER' ? 'sip:example.test' : 'sip:bob@example.test';
  const response = md5(
    `${md5(`${user}:example.test:${password}`)}:${nonce}:00000001:c:auth:${md5(`${method}:${uri}`)}`,
  );
  digests.push(response);
  const field = challenge.startsWith('SIP/2.0 407') ? 'Proxy-Authorization' : 'Authorization';
  return `${field}: Digest username="${user}", realm="example.test", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"`;
}
const digests: string[] = [];

test('credentials given in every place are in no log, no answer and no trace', async () => {
  const { web, ws } = server.ready;
  const json = { origin: web, 'content-type': 'application/json' };
  const needles = [PASSWORD, SECRET, WRONG, MESSAGE];

  // Signing in, rightly and wrongly, and with bodies that break.
  const signedIn = await http('/api/session', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name: 'alice', password: PASSWORD }),
  });
  expect(signedIn.status).toBe(200);
  const cookie = String(signedIn.headers.get('set-cookie')).split(';')[0] as string;
  needles.push(cookie.split('=')[1] as string);
  await http('/api/session', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name: 'alice', password: WRONG }),
  });
  await http('/api/session', { method: 'POST', headers: json, body: JSON.stringify({ name: WRONG, password: WRONG }) });
  await http('/api/session', { method: 'POST', headers: json, body: `{"password":"${WRONG}"` });
  await http('/api/session', { method: 'POST', headers: json, body: `"${WRONG}`.repeat(3000) });
  await http('/api/session', { method: 'POST', headers: { ...json, 'content-type': `text/${WRONG}` }, body: WRONG });

  // Ephemeral credentials.
  const issued = (await (
    await http('/api/credentials', { method: 'POST', headers: { origin: web, cookie } })
  ).json()) as { username: string; password: string };
  const { username, password } = issued;
  needles.push(password, encodeURIComponent(password), Buffer.from(`${username}:${password}`).toString('base64'));
  const query = `username=${encodeURIComponent(username)}&password=${encodeURIComponent(password)}`;
  const cut = query.slice(0, -6);
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const carried = `chappe_credential=${encodeURIComponent(`${username}:${password}`)}`;

  // HTTP with them in URL, header and cookie; keys that are none.
  for (const path of ['/', '/nothing', '/api/session', '/api/nothing', '/assets/%zz', '/metrics'])
    await http(`${path}?${query}&password=${WRONG}`, {
      headers: { authorization: basic, cookie: `${carried}; ${cookie}` },
    });
  await http('/api/credentials', {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${WRONG}` },
    body: '{"name":"x"}',
  });
  await http(`/api/session?${query}`, {
    method: 'POST',
    headers: { ...json, origin: `http://${WRONG}.test` },
    body: '{}',
  });
  await raw(`GET /?${query} HTTP/1.1\r\nHost: ${WRONG}.test\r\n\r\n`);
  await raw(`GET /?${query} HTTP/9.9\r\nHost: x\r\n\r\n`);
  await raw(`GET /?${query}\0 HTTP/1.1\r\nAuthorization: ${basic}\r\nbroken\r\n\r\n`);

  // The handshake, right and wrong.
  expect(await webSocket(`${ws}/?${query}`, {})).toBe(1005);
  expect(await webSocket(`${ws}/`, { authorization: basic })).toBe(1005);
  expect(await webSocket(`${ws}/`, { cookie: carried, origin: web })).toBe(1005);
  for (const [url, headers] of [
    [`${ws}/?${cut}`, {}],
    [`${ws}/?username=x&password=${WRONG}`, {}],
    [`${ws}/`, { authorization: `${basic.slice(0, -8)}` }],
    [`${ws}/`, { cookie: `chappe_credential=${WRONG}`, origin: web }],
  ] as Array<[string, Record<string, string>]>)
    expect(await webSocket(url, headers)).toBe(403);

  // SIP: digest by account, by ephemeral credential, wrong; a message to somebody; what is no SIP at all.
  await webSocket(ws, {}, [
    () => sip('REGISTER', 'alice'),
    (answer) => sip('REGISTER', 'alice', [digest(answer, 'REGISTER', 'alice', PASSWORD)]),
  ]);
  await webSocket(ws, {}, [
    () => sip('MESSAGE', 'alice'),
    (answer) =>
      sip('MESSAGE', 'alice', [digest(answer, 'MESSAGE', username, password), 'Content-Type: text/plain'], MESSAGE),
  ]);
  await webSocket(ws, {}, [
    () => sip('REGISTER', 'alice'),
    (answer) => sip('REGISTER', 'alice', [digest(answer, 'REGISTER', 'alice', WRONG)]),
    () => sip('REGISTER', 'alice', [`Authorization: Basic ${Buffer.from(`alice:${WRONG}`).toString('base64')}`]),
    () => sip('OPTIONS', 'alice', [`Authorization: ${WRONG}`, `X: <sip:alice:${WRONG}@example.test>`]),
  ]);
  needles.push(...digests);
  expect(answers).toMatch(/SIP\/2\.0 200 [\s\S]*?CSeq: \d+ REGISTER/);
  expect(answers).toMatch(/SIP\/2\.0 [24]\d\d [\s\S]*?CSeq: \d+ MESSAGE/);

  // XMPP: a wrong password and the right one, a message to somebody.
  const xmppPort = Number(server.ready.xmpp[0]?.split(':').at(-1));
  const guessing = await RawXmpp.open(xmppPort);
  for (const mechanism of ['PLAIN', 'NONE', WRONG]) {
    const initial = Buffer.from(`\0alice\0${WRONG}`).toString('base64');
    guessing.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${initial}</auth>`);
    answers += await guessing.hear(/<\/failure>/);
  }
  guessing.say(`<auth mechanism='${WRONG}'>${WRONG}</auth>`);
  answers += await guessing.error();
  const desk = await RawXmpp.bind(xmppPort, 'alice', 'desk', PASSWORD);
  desk.say(`<message to='bob@example.test' id='m'><body>${MESSAGE}</body></message>`);
  desk.say(`<iq type='get' id='p' to='example.test'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await desk.hear(/id='p'/);
  desk.end();

  // What administrators read of it.
  const calls = await (await http('/api/inspector/calls', { headers: { cookie } })).text();
  expect(calls).toContain('secrecy');
  const trace = await (await http('/api/inspector/calls/secrecy', { headers: { cookie } })).text();
  expect(trace).toContain('REGISTER sip:example.test SIP/2.0');
  const stanzas = await (
    await http(`/api/inspector/calls/${encodeURIComponent('alice@example.test/desk')}`, { headers: { cookie } })
  ).text();
  expect(stanzas).toContain('<body>[35 octets redacted]</body>');
  await http('/metrics');
  server.program.kill('SIGHUP');
  await server.program.waitFor(/configuration read again/);

  expect(needles.every((needle) => needle.length >= 10)).toBe(true);
  expect(digests).toHaveLength(3);
  const log = server.program.output;
  expect(log).toContain('"msg":"signed in"');
  expect(log).toContain('handshake refused');
  for (const needle of needles) {
    expect(log.includes(needle), `the log holds ${needle}`).toBe(false);
    expect(answers.includes(needle), `an answer holds ${needle}`).toBe(false);
  }
});
