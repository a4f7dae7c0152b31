import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { testCertificate } from '../../test/support/certificate.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { RecordedFlows } from '../../test/support/recorded-flows.ts';
import type { TransportLimits } from './limits.ts';
import { OutgoingConnections } from './outgoing.ts';
import { listenTcp, TcpFlows } from './tcp.ts';
import { listenTls } from './tls.ts';
import { WebPort } from './web-port.ts';

const LOOPBACK = { address: '127.0.0.1', port: 0 };
const OPTIONS = 'OPTIONS sip:example.test SIP/2.0\r\nContent-Length: 4\r\n\r\nbody';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0).reverse()) await each();
});

async function listen(limits: Partial<TransportLimits> = {}) {
  const recorded = new RecordedFlows();
  const { endpoint, close } = await listenTcp({ ...LOOPBACK, limits }, recorded);
  cleanup.push(close);
  const open = async () => {
    const client = await RawClient.connect(endpoint.port);
    cleanup.push(() => client.destroy());
    return { client, flow: (await recorded.next('open')).flow };
  };
  return { recorded, endpoint, open };
}

function outgoing(limits: Partial<TransportLimits> = {}, tls: { ca?: string } = {}) {
  const recorded = new RecordedFlows();
  const flows = new TcpFlows(recorded, limits);
  cleanup.push(() => flows.close());
  return { recorded, connections: new OutgoingConnections(flows, tls) };
}

test('messages arrive whole, whatever the segments, and answers go back octet for octet', async () => {
  const { recorded, open } = await listen();
  const { client, flow } = await open();
  expect(flow).toMatchObject({ transport: 'tcp', reliable: true, open: true });
  expect(flow.remote).toEqual({ address: '127.0.0.1', port: client.socket.localPort });
  await client.writeSlowly(OPTIONS);
  expect(await recorded.next('message')).toMatchObject({ flow, text: OPTIONS });
  client.write(OPTIONS + OPTIONS + OPTIONS.slice(0, 10));
  for (let i = 0; i < 2; i++) expect((await recorded.next('message')).text).toBe(OPTIONS);
  client.write(OPTIONS.slice(10));
  expect((await recorded.next('message')).text).toBe(OPTIONS);
  expect(flow.send('\0\xe4\xff')).toBe(true);
  expect(await client.takeOctets(3)).toEqual(Buffer.from([0, 0xe4, 0xff]));
});

test('a double CRLF is answered with one (RFC 5626)', async () => {
  const { open } = await listen();
  const { client } = await open();
  await client.writeSlowly('\r\n\r\n');
  expect((await client.takeOctets(2)).toString()).toBe('\r\n');
});

test('when the framing is lost the edge can still answer, then the connection ends', async () => {
  const { recorded, open } = await listen({ messageBytes: 1000 });
  recorded.onError = (flow, error) => {
    recorded.events.push({ type: 'error', flow, error });
    flow.send(`SIP/2.0 ${error.answer.status}\r\n\r\n`);
  };
  for (const [sent, answer] of [
    [`OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(1000)}`, 'SIP/2.0 413'],
    ['OPTIONS sip:a SIP/2.0\r\nContent-Length: 1000\r\n\r\n', 'SIP/2.0 413'],
    ['OPTIONS sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n', 'SIP/2.0 400'],
  ] as const) {
    const { client, flow } = await open();
    client.write(sent);
    expect((await client.takeOctets(answer.length)).toString()).toBe(answer);
    await client.ended();
    expect((await recorded.next('close')).flow).toBe(flow);
    expect(flow.send(OPTIONS)).toBe(false);
  }
});

test('messages before a framing fault in the same segment are delivered', async () => {
  const { recorded, open } = await listen();
  const { client } = await open();
  client.write(`${OPTIONS}OPTIONS sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n`);
  expect((await recorded.next('message')).text).toBe(OPTIONS);
  expect((await recorded.next('error')).error.answer.status).toBe(400);
  await client.ended();
});

test('a connection that says nothing is cut, and so is one that drips a message for ever', async () => {
  const { recorded, open } = await listen({ firstByteTimeout: 60, messageTimeout: 80 });
  const silent = await open();
  await silent.client.ended();
  expect((await recorded.next('close')).flow).toBe(silent.flow);
  const dripping = await open();
  const drip = setInterval(() => dripping.client.write('OPTIONS'), 5);
  expect((await recorded.next('error')).error).toMatchObject({ code: 'SIP_MESSAGE_TIMEOUT' });
  await dripping.client.ended();
  clearInterval(drip);
});

test('a quiet connection between messages is not cut', async () => {
  const { recorded, open } = await listen({ firstByteTimeout: 30, messageTimeout: 30 });
  const quiet = await open();
  quiet.client.write(OPTIONS);
  await recorded.next('message');
  const busy = await open(); // its being cut twice over shows that the deadlines have passed
  await busy.client.ended();
  expect(quiet.flow.open).toBe(true);
});

test('a reader that does not read is cut at the bound of its queue', async () => {
  const { recorded, open } = await listen({ queuedBytes: 50_000 });
  const { client, flow } = await open();
  client.socket.pause();
  while (flow.send('a'.repeat(10_000))) await new Promise(setImmediate);
  expect((await recorded.next('close')).reason).toBe('slow reader');
  client.socket.resume();
  await client.ended();
});

test('a fault of the handler ends its flow only', async () => {
  const { recorded, open } = await listen();
  recorded.answer = () => {
    throw new Error('our bug');
  };
  const { client, flow } = await open();
  client.write(OPTIONS);
  expect((await recorded.next('fault')).flow).toBe(flow);
  await client.ended();
});

test('a torn connection is told once', async () => {
  const { recorded, open } = await listen();
  const { client, flow } = await open();
  client.socket.resetAndDestroy();
  expect((await recorded.next('close')).flow).toBe(flow);
  await new Promise(setImmediate);
  expect(recorded.events.filter((event) => event.type === 'close')).toHaveLength(1);
});

test('connections over the bound of an address are cut', async () => {
  const { recorded, endpoint, open } = await listen({ connectionsPerAddress: 1 });
  const first = await open();
  const second = await RawClient.connect(endpoint.port);
  await second.ended();
  first.client.destroy();
  await recorded.next('close');
  expect((await open()).flow.open).toBe(true);
});

test('an outgoing flow can be written to at once, is reused while it lives, and made anew after', async () => {
  const { recorded: served, endpoint } = await listen();
  const { recorded, connections } = outgoing();
  const flow = connections.flowTo('tcp', endpoint);
  expect(flow).toMatchObject({ transport: 'tcp', open: true, remote: endpoint });
  expect(flow.send(OPTIONS)).toBe(true);
  expect((await served.next('message')).text).toBe(OPTIONS);
  expect((await recorded.next('open')).flow).toBe(flow);
  expect(connections.flowTo('tcp', endpoint)).toBe(flow);

  const { flow: far } = await served.next('open');
  far.send(OPTIONS);
  expect((await recorded.next('message')).text).toBe(OPTIONS);
  far.close();
  expect((await recorded.next('close')).flow).toBe(flow);
  expect(connections.flowTo('tcp', endpoint)).not.toBe(flow);
});

test('a destination that refuses, or does not answer in time, is a closed flow', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as { port: number };
  gone.close();
  await once(gone, 'close');
  const { recorded, connections } = outgoing({ connectTimeout: 50 });
  const refused = connections.flowTo('tcp', { address: '127.0.0.1', port });
  refused.send(OPTIONS);
  expect(await recorded.next('close')).toMatchObject({ flow: refused, reason: expect.stringMatching('ECONNREFUSED') });

  // A server that accepts TCP and never answers the TLS hello.
  const mute: Server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  cleanup.push(() => mute.close());
  const silent = connections.flowTo('tls', { address: '127.0.0.1', port: (mute.address() as { port: number }).port });
  expect(await recorded.next('close')).toMatchObject({ flow: silent, reason: 'connect timeout' });
  expect(recorded.events.some((event) => event.type === 'open')).toBe(false);
});

test('SIP over TLS both ways, and only to a name that the certificate carries', async () => {
  const { cert, key } = testCertificate();
  const served = new RecordedFlows();
  const port = await listenTls({ ...LOOPBACK, tls: { cert, key } }, served);
  cleanup.push(port.close);
  const { recorded, connections } = outgoing({}, { ca: cert });
  const flow = connections.flowTo('tls', port.endpoint, 'example.test');
  flow.send(OPTIONS);
  const arrived = await served.next('message');
  expect(arrived.text).toBe(OPTIONS);
  expect(arrived.flow).toMatchObject({ transport: 'tls', remote: { address: '127.0.0.1' } });
  arrived.flow.send(OPTIONS);
  expect(await recorded.next('message')).toMatchObject({ flow, text: OPTIONS });

  const wrong = connections.flowTo('tls', port.endpoint, 'other.test');
  expect(wrong).not.toBe(flow);
  expect(await recorded.next('close')).toMatchObject({ flow: wrong, reason: expect.stringMatching(/altnames/) });

  const stranger = new OutgoingConnections(new TcpFlows(recorded));
  const untrusted = stranger.flowTo('tls', port.endpoint, 'example.test');
  expect(await recorded.next('close')).toMatchObject({ flow: untrusted, reason: expect.stringMatching(/self-signed/) });
});

test('a TLS port takes a new certificate for the connections that begin from then on', async () => {
  const port = await listenTls({ ...LOOPBACK, tls: testCertificate() }, new RecordedFlows());
  cleanup.push(port.close);
  const shown = async () => {
    const socket = connectSecurely({ port: port.endpoint.port, host: 'localhost', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerX509Certificate()!;
    socket.destroy();
    return fingerprint256;
  };
  const before = await shown();
  const file = (name: string) =>
    readFileSync(new URL(`../../test/fixtures/tls/localhost.${name}.pem`, import.meta.url));
  port.renewCertificate({ cert: file('cert'), key: file('key') });
  expect(await shown()).toBe(new X509Certificate(file('cert')).fingerprint256);
  expect(before).toBe(new X509Certificate(testCertificate().cert).fingerprint256);
});

test('plain octets on a TLS port end the connection, and its deadlines hold', async () => {
  const { cert, key } = testCertificate();
  const served = new RecordedFlows();
  const limits = { tlsHandshakeTimeout: 60, firstByteTimeout: 60 };
  const port = await listenTls({ ...LOOPBACK, tls: { cert, key }, limits }, served);
  cleanup.push(port.close);
  const plain = await RawClient.connect(port.endpoint.port);
  plain.write(OPTIONS);
  await plain.ended();
  const silent = await RawClient.connect(port.endpoint.port);
  await silent.ended();
  const shaken = connectSecurely({ port: port.endpoint.port, ca: cert, host: 'localhost' });
  await once(shaken, 'secureConnect');
  shaken.resume();
  await once(shaken, 'close');
});

test('connections over the bound of a TLS port are cut before their handshake', async () => {
  const { cert, key } = testCertificate();
  const limits = { connectionsPerAddress: 1 };
  const port = await listenTls({ ...LOOPBACK, tls: { cert, key }, limits }, new RecordedFlows());
  cleanup.push(port.close);
  const secure = () => connectSecurely({ port: port.endpoint.port, ca: cert, host: 'localhost' });
  const first = secure();
  cleanup.push(() => first.destroy());
  await once(first, 'secureConnect');
  expect((await once(secure(), 'error'))[0]).toBeInstanceOf(Error);
  first.destroy();
  await once(first, 'close');
  for (;;) {
    const next = secure(); // the server may still be counting the first
    const up = await once(next, 'secureConnect').catch(() => undefined);
    next.destroy();
    if (up !== undefined) break;
  }
});

test('the web port hands over what speaks SIP, also when it begins with a keep-alive', async () => {
  const recorded = new RecordedFlows();
  const flows = new TcpFlows(recorded);
  const web = new WebPort({
    origins: [],
    handshake: 'optional',
    verify: () => undefined,
    sip: (socket, secure) => flows.accept(socket, secure),
  });
  const { port } = await web.listen(LOOPBACK);
  cleanup.push(() => web.close());
  const client = new RawClient(connect(port, '127.0.0.1'));
  await client.writeSlowly(`\r\n\r\n${OPTIONS}`);
  expect((await recorded.next('message')).text).toBe(OPTIONS);
  expect((await client.takeOctets(2)).toString()).toBe('\r\n');
  client.socket.end();
  await client.ended();
});
