import { once } from 'node:events';
import { Agent, get, request } from 'node:http';
import { get as getSecurely } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import Fastify from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { testCertificate } from '../../test/support/certificate.ts';
import { handshakeRequest, RawClient } from '../../test/support/raw-client.ts';
import { Admission } from './admission.ts';
import type { HandshakePolicy } from './handshake.ts';
import { transportLimits } from './limits.ts';
import { WebPort, type WebPortOptions } from './web-port.ts';

const LOOPBACK = { address: '127.0.0.1', port: 0 };
const REGISTER = 'REGISTER sip:example.test SIP/2.0\r\n\r\n';
const STUN = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');

const policy: HandshakePolicy = {
  origins: ['https://www.listed.test'],
  handshake: 'optional',
  verify: (credential) =>
    credential === undefined
      ? undefined
      : credential.password === 'right'
        ? { name: credential.username, account: false, admin: false }
        : 'refused',
};

const opened: WebPort[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((port) => port.close()));
});

/** A web port that answers HTTP with "hello", echoes WebSocket messages, and says what else has come. */
async function start(options: Partial<WebPortOptions> = {}) {
  const echo = (name: string) => (socket: Socket, secure: boolean) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) =>
      socket.write(Buffer.concat([Buffer.from(`${name}${secure ? ' secure' : ''}: `), chunk])),
    );
    socket.on('end', () => socket.end());
  };
  const web = new WebPort({ ...policy, sip: echo('sip'), stun: echo('stun'), ...options });
  web.server.on('request', (incoming, response) => {
    response.end(`hello ${incoming.url} ${'encrypted' in incoming.socket}`);
  });
  const identities: (string | undefined)[] = [];
  web.registerSubprotocol('sip', {
    accept(socket, { identity }) {
      identities.push(identity?.name);
      socket.on('error', () => {});
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    },
  });
  opened.push(web);
  const { port } = await web.listen(LOOPBACK);
  return { web, port, identities };
}

async function answerTo(port: number, headers: Record<string, string | undefined>, target?: string) {
  const client = await RawClient.connect(port);
  client.write(handshakeRequest(headers, target));
  const response = await client.takeResponse();
  if (response.status !== 101) await client.ended();
  client.destroy();
  return response;
}

/** The client has seen the end; the server's own `close` event is a turn or two away. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

const status = async (...all: Parameters<typeof answerTo>) => (await answerTo(...all)).status;

test('HTTP, WebSocket, SIP and STUN share the port', async () => {
  const { port } = await start();
  const web = await RawClient.connect(port);
  web.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await web.takeResponse()).toMatchObject({ status: 200, body: 'hello /x false' });

  expect(await answerTo(port, {})).toMatchObject({ status: 101 });

  const sip = await RawClient.connect(port);
  sip.write(REGISTER);
  expect((await sip.takeOctets(REGISTER.length + 5)).toString('latin1')).toBe(`sip: ${REGISTER}`);

  const stun = await RawClient.connect(port);
  stun.write(STUN);
  expect((await stun.takeOctets(26)).subarray(6)).toEqual(STUN);
  for (const client of [web, sip, stun]) client.destroy();
});

test('each is told apart also when it comes octet by octet', async () => {
  const { port } = await start();
  const web = await RawClient.connect(port);
  await web.writeSlowly('OPTIONS /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await web.takeResponse()).toMatchObject({ status: 200, body: 'hello /slow false' });

  const webSocket = await RawClient.connect(port);
  await webSocket.writeSlowly(handshakeRequest());
  expect(await webSocket.takeResponse()).toMatchObject({ status: 101 });

  const sip = await RawClient.connect(port);
  await sip.writeSlowly(REGISTER);
  expect((await sip.takeOctets('sip: REGISTER sip'.length)).toString()).toMatch(/^sip: REGISTER s/);

  const stun = await RawClient.connect(port);
  await stun.writeSlowly(STUN);
  expect((await stun.takeOctets(7)).toString('latin1')).toBe('stun: \0');
  for (const client of [web, webSocket, sip, stun]) client.destroy();
});

test('inside TLS the same protocols are told apart, beside plain HTTP on the same port', async () => {
  const { cert, key } = testCertificate();
  const { web, port } = await start({ tls: { cert, key } });
  const overTls = await new Promise<string>((resolve, reject) => {
    getSecurely({ host: 'localhost', port, path: '/tls', ca: cert, agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });
  expect(overTls).toBe('hello /tls true');

  const webSocket = new WebSocket(`wss://localhost:${port}/`, 'sip', { ca: cert });
  await once(webSocket, 'open');
  webSocket.send('over TLS');
  expect(String((await once(webSocket, 'message'))[0])).toBe('over TLS');
  webSocket.close();
  await once(webSocket, 'close');

  for (const [sent, name] of [
    [REGISTER, 'sip secure'],
    [STUN, 'stun secure'],
  ] as const) {
    const client = new RawClient(connectSecurely({ host: 'localhost', port, ca: cert }));
    await client.writeSlowly(sent);
    expect((await client.takeOctets(name.length)).toString()).toBe(name);
    client.socket.end();
    await client.ended();
  }
  const plain = await fetch(`http://127.0.0.1:${port}/plain`);
  expect(await plain.text()).toBe('hello /plain false');
  await web.close();
  await until(() => web.admission.connections === 0 && web.admission.handshakes === 0);
});

test('TLS where none is configured, and SIP or STUN where nobody takes them, are cut', async () => {
  const { cert } = testCertificate();
  const { port } = await start();
  const secure = connectSecurely({ host: 'localhost', port, ca: cert });
  await once(secure, 'error');
  const web = new WebPort(policy);
  opened.push(web);
  const bare = await web.listen(LOOPBACK);
  for (const sent of [REGISTER, STUN]) {
    const client = await RawClient.connect(bare.port);
    client.write(sent);
    await client.ended();
    expect(client.rest.length).toBe(0);
  }
});

test('fastify sits behind the port, and its errors answer bad HTTP', async () => {
  const web = new WebPort(policy);
  opened.push(web);
  const app = Fastify({ serverFactory: (handler) => web.serverFactory(handler) });
  app.get('/hi', async () => ({ hi: true }));
  await app.ready();
  const { port } = await web.listen(LOOPBACK);
  expect(await (await fetch(`http://127.0.0.1:${port}/hi`)).json()).toEqual({ hi: true });
  const client = await RawClient.connect(port);
  client.write('\x80\x80 nonsense\r\n\r\n');
  expect((await client.takeResponse()).status).toBe(400);
  await app.close();
});

test('a connection that says nothing, or too little, is cut by the deadline of the first octet', async () => {
  const { web, port } = await start({ limits: { firstByteTimeout: 60 } });
  const silent = await RawClient.connect(port);
  const hesitant = await RawClient.connect(port);
  hesitant.write('OPTION');
  await Promise.all([silent.ended(), hesitant.ended()]);
  await until(() => web.admission.connections === 0);
});

test('a header that never ends is cut by its own deadline, plain and inside TLS', async () => {
  const { cert, key } = testCertificate();
  const { port } = await start({ tls: { cert, key }, limits: { headersTimeout: 80 } });
  const dripping = await RawClient.connect(port);
  const secure = new RawClient(connectSecurely({ host: 'localhost', port, ca: cert }));
  for (const client of [dripping, secure]) {
    client.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const drip = setInterval(() => client.write('X: y\r\n'), 10);
    expect((await client.takeResponse()).status).toBe(408);
    clearInterval(drip);
    await client.ended();
  }
});

test('a TLS handshake that does not end is cut by its deadline', async () => {
  const { cert, key } = testCertificate();
  const { web, port } = await start({ tls: { cert, key }, limits: { tlsHandshakeTimeout: 60 } });
  const client = await RawClient.connect(port);
  client.write(Buffer.from('16030100050100', 'hex'));
  await client.ended();
  await until(() => web.admission.handshakes === 0);
});

test('a header section over the bound is 431', async () => {
  const { port } = await start({ limits: { headerBytes: 1000 } });
  const client = await RawClient.connect(port);
  client.write(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(2000)}\r\n\r\n`);
  expect((await client.takeResponse()).status).toBe(431);
  client.destroy();
});

test('the path is not looked at, and the subprotocol is found in any list and case', async () => {
  const { port } = await start();
  for (const target of ['/', '/ws', '/a/b?c=d', '*']) expect(await status(port, {}, target)).toBe(101);
  for (const [asked, answered] of [
    ['sip', 'sip'],
    ['SIP', 'SIP'],
    ['xmpp, sip', 'sip'],
    ['xmpp,Sip , other', 'Sip'],
    ['other\r\nSec-WebSocket-Protocol: sip', 'sip'],
  ] as const) {
    const response = await answerTo(port, { 'Sec-WebSocket-Protocol': asked });
    expect(response.status, asked).toBe(101);
    expect(response.headers.get('sec-websocket-protocol')).toBe(answered);
  }
});

test('no subprotocol, an unknown one, or a malformed list is 400', async () => {
  const { port } = await start();
  for (const list of [undefined, 'chat', 'chat, msrp', '', ',', 'sip,', 'si p', 'sip;q=1', 'sip, sip']) {
    expect(await status(port, { 'Sec-WebSocket-Protocol': list }), list).toBe(400);
  }
});

test('a version other than 13 is 426 with the version that is spoken', async () => {
  const { port } = await start();
  for (const version of ['8', '12', '14', '0', '13, 8', '', 'x', undefined]) {
    const response = await answerTo(port, { 'Sec-WebSocket-Version': version });
    expect(response.status, version).toBe(426);
    expect(response.headers.get('sec-websocket-version')).toBe('13');
  }
});

test('a wrong key is 400, and so is another method than GET', async () => {
  const { port } = await start();
  for (const key of [undefined, '', 'short', `${'A'.repeat(40)}==`])
    expect(await status(port, { 'Sec-WebSocket-Key': key }), key).toBe(400);
  const client = await RawClient.connect(port);
  client.write(handshakeRequest({}).replace('GET', 'POST'));
  expect((await client.takeResponse()).status).toBe(400);
});

test('a handshake without a Host, or of HTTP/1.0, is 400 (RFC 6455 section 4.2.1)', async () => {
  const { port } = await start();
  expect(await status(port, { Host: undefined })).toBe(400);
  const old = await RawClient.connect(port);
  old.write(handshakeRequest().replace('HTTP/1.1', 'HTTP/1.0'));
  expect((await old.takeResponse()).status).toBe(400);
  old.destroy();
});

test('an Origin that is neither ours nor listed is 403; none, ours and listed ones are let in', async () => {
  const { port } = await start();
  expect(await status(port, { Origin: 'https://evil.test' })).toBe(403);
  expect(await status(port, { Origin: 'null' })).toBe(403);
  expect(await status(port, { Origin: 'http://example.test:8080' })).toBe(101);
  expect(await status(port, { Origin: 'https://www.listed.test' })).toBe(101);
  expect(await status(port, {})).toBe(101);
  const open = await start({ origins: ['*'] });
  expect(await status(open.port, { Origin: 'https://evil.test' })).toBe(101);
});

test('a credential is taken from query, Basic or cookie; a bad one is 403', async () => {
  const { port, identities } = await start();
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  const Origin = 'http://example.test:8080';
  expect(await status(port, {}, '/?username=1:alice&password=right')).toBe(101);
  expect(await status(port, { Authorization: basic('2:bob:right') })).toBe(101);
  expect(await status(port, { Origin, Cookie: 'chappe_credential=3%3Acarol%3Aright' })).toBe(101);
  expect(await status(port, {})).toBe(101);
  expect(identities).toEqual(['1:alice', '2:bob', '3:carol', undefined]);

  expect(await status(port, {}, '/?username=1:alice&password=wrong')).toBe(403);
  expect(await status(port, {}, '/?username=1:alice')).toBe(403);
  expect(await status(port, { Authorization: basic('2:bob:wrong') })).toBe(403);
  expect(await status(port, { Authorization: 'Basic !' })).toBe(403);
  expect(await status(port, { Origin, Cookie: 'chappe_credential=3%3Acarol%3Awrong' })).toBe(403);
});

test('a cookie counts neither without an Origin nor from one that only a star lets in', async () => {
  const { port, identities } = await start({ origins: ['*', 'https://www.listed.test'] });
  const Cookie = 'chappe_credential=3%3Acarol%3Aright';
  expect(await status(port, { Cookie })).toBe(101);
  expect(await status(port, { Cookie, Origin: 'https://evil.test' })).toBe(101);
  expect(await status(port, { Cookie, Origin: 'https://www.listed.test' })).toBe(101);
  expect(identities).toEqual([undefined, undefined, '3:carol']);
});

test('where a credential is required, none is 401 with a challenge', async () => {
  const { port } = await start({ handshake: 'required' });
  const response = await answerTo(port, {});
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
  expect(await status(port, {}, '/?username=a&password=right')).toBe(101);
  expect(await status(port, {}, '/?username=a&password=wrong')).toBe(403);
});

test('a refusal names its reason without the credential, and is reported with its code', async () => {
  const codes: string[] = [];
  const { port } = await start({ onRefused: (error) => codes.push(error.code) });
  const response = await answerTo(port, {}, '/?username=1:alice&password=hush-hush');
  expect(response.body).toBe('The credential is wrong or has expired.\n');
  expect(JSON.stringify([...response.headers])).not.toContain('hush');
  await answerTo(port, { Origin: 'https://evil.test' });
  expect(codes).toEqual(['WS_CREDENTIAL', 'WS_ORIGIN']);
});

test('an upgrade to something else is plain HTTP (RFC 9110 section 7.8)', async () => {
  const { port } = await start();
  const client = await RawClient.connect(port);
  client.write('GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n');
  expect(await client.takeResponse()).toMatchObject({ status: 200, body: 'hello /h2c false' });
  client.destroy();
});

test('a fault of ours in a handshake is 500, one after it 1011, and the port lives on', async () => {
  const faults: unknown[] = [];
  const { web, port } = await start({
    verify: () => {
      throw new Error('our bug');
    },
    onFault: (error) => faults.push(error),
  });
  expect(await status(port, {})).toBe(500);
  web.reconfigure(policy);
  expect(await status(port, {})).toBe(101);
  web.registerSubprotocol('broken', {
    accept: () => {
      throw new Error('our other bug');
    },
  });
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, 'broken');
  expect((await once(client, 'close'))[0]).toBe(1011);
  expect(faults).toEqual([new Error('our bug'), new Error('our other bug')]);
});

test('a failing accept() costs a connection and not the process', async () => {
  const { web, port } = await start();
  web.server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(await status(port, {})).toBe(101);
});

test('subprotocols register themselves, each with its own rules', async () => {
  const { web, port } = await start({ handshake: 'required' });
  web.registerSubprotocol('Rooms', { handshake: 'optional', accept: (socket) => socket.close(4000, 'rooms') });
  expect(() => web.registerSubprotocol('rooms', { accept: () => {} })).toThrow('registered already');
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, ['sip2', 'rooms']);
  expect((await once(client, 'close')).map(String)).toEqual(['4000', 'rooms']);
});

test('while it drains, new WebSockets are 503 and HTTP goes on', async () => {
  const { web, port } = await start();
  web.drain();
  expect(await status(port, {})).toBe(503);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
});

test('connections over the bound for one address are cut, and room comes back when others go', async () => {
  const admission = new Admission({ ...transportLimits, connectionsPerAddress: 2 });
  const { port } = await start({ admission });
  const agent = new Agent({ keepAlive: true });
  const fetchOne = () =>
    new Promise<number | undefined>((resolve, reject) => {
      get({ port, agent }, (response) => response.resume().on('end', () => resolve(response.statusCode))).on(
        'error',
        reject,
      );
    });
  const held = await RawClient.connect(port);
  expect(await fetchOne()).toBe(200);
  const third = await RawClient.connect(port);
  await third.ended();
  expect(admission).toMatchObject({ connections: 2, handshakes: 1, refused: 1 });
  held.destroy();
  agent.destroy();
  await until(() => admission.connections === 0);
  expect(await status(port, {})).toBe(101);
});

test('handshakes in flight are bounded apart from connections', async () => {
  const admission = new Admission({ ...transportLimits, handshakesPerAddress: 2 });
  const { port } = await start({ admission });
  const settled = await RawClient.connect(port);
  settled.write(handshakeRequest());
  await settled.takeResponse();
  const undecided = await Promise.all([RawClient.connect(port), RawClient.connect(port)]);
  const over = await RawClient.connect(port);
  await over.ended();
  expect(admission).toMatchObject({ connections: 3, handshakes: 2, refused: 1 });
  for (const client of [settled, ...undecided]) client.destroy();
});

test('1,500 connections that come at once wait in the backlog and are all served', async () => {
  const { port } = await start();
  const clients = Array.from({ length: 1500 }, () => new RawClient(connect(port, '127.0.0.1')));
  for (const client of clients) client.write(handshakeRequest());
  const responses = await Promise.all(clients.map((client) => client.takeResponse()));
  expect(responses.every((response) => response.status === 101)).toBe(true);
  for (const client of clients) client.destroy();
});

test('wss works through a proxy by CONNECT', async () => {
  const { cert, key } = testCertificate();
  const { port } = await start({ tls: { cert, key } });
  const asked: string[] = [];
  const proxy = createServer((client) => {
    client.on('error', () => {});
    client.once('data', (head) => {
      const [, host = '', at = ''] = /^CONNECT ([^:]+):(\d+) HTTP\/1\.1\r\n/.exec(head.toString('latin1')) ?? [];
      asked.push(`${host}:${at}`);
      const server = connect(Number(at), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(server).pipe(client);
      });
      server.on('error', () => client.destroy());
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port: proxyPort } = proxy.address() as { port: number };

  const tunnel = request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path: `example.test:${port}` }).end();
  const [, socket] = (await once(tunnel, 'connect')) as [unknown, Socket];
  const webSocket = new WebSocket('wss://example.test/', 'sip', {
    createConnection: () => connectSecurely({ socket, servername: 'example.test', ca: cert }),
  });
  await once(webSocket, 'open');
  webSocket.send('through the proxy');
  expect(String((await once(webSocket, 'message'))[0])).toBe('through the proxy');
  expect(asked).toEqual([`example.test:${port}`]);
  webSocket.close();
  await once(webSocket, 'close');
  proxy.close();
});
