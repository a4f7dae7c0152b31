import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  echoPeer,
  TurnTestClient,
  tcpWire,
  tlsWire,
  udpWire,
  type Wire,
  webSocketWire,
} from '../../../test/support/turn-client.ts';
import {
  Answer,
  channel,
  channelData,
  evenPort,
  family,
  request,
  requestedTransport,
  seconds,
  sendIndication,
} from '../../../test/support/turn-messages.ts';
import { parseXorAddress, XOR_MAPPED_ADDRESS } from '../../protocol/stun/attributes.ts';
import { BINDING } from '../../protocol/stun/message.ts';
import {
  ALLOCATE,
  CHANNEL_BIND,
  DATA,
  NONCE,
  REALM as REALM_TYPE,
  REFRESH,
  RESERVATION_TOKEN,
  XOR_RELAYED_ADDRESS,
} from '../../protocol/turn/numbers.ts';
import { nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { WebPort } from '../../transport/web-port.ts';
import type { RelayAddress } from './relay-addresses.ts';
import { StunServer } from './stun-server.ts';
import { TurnServer, type TurnServerOptions } from './turn-server.ts';
import { turnSubprotocol } from './websocket-client.ts';

const REALM = 'example.test';
const LOOPBACK = { address: '127.0.0.1', port: 0 };
const RELAY: RelayAddress = { family: 4, bind: '127.0.0.1', advertised: '127.0.0.1' };
const RELAY6: RelayAddress = { family: 6, bind: '::1', advertised: '::1' };
const alice = { username: 'alice', password: 'secret1' };
const fixture = (name: string) => readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url));

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function startServer(options: Partial<TurnServerOptions> = {}): TurnServer {
  const server = new TurnServer({
    realm: REALM,
    credentials: {
      keys: (username, algorithm) => {
        if (username !== 'alice') return undefined;
        const hash = createHash(algorithm === 'MD5' ? 'md5' : 'sha256');
        return { keys: [hash.update(`alice:${REALM}:secret1`).digest('binary')], account: 'alice' };
      },
    },
    primitives,
    clock: nativeClock,
    binding: new StunServer().respond,
    relay: { addresses: [RELAY, RELAY6], ports: { first: 30_000, last: 39_999 } },
    allowPeers: ['127.0.0.0/8', '::1'],
    ...options,
  });
  closers.push(() => server.close());
  return server;
}

async function webPort(server: TurnServer): Promise<number> {
  const port = new WebPort({
    tls: { cert: fixture('localhost.cert.pem'), key: fixture('localhost.key.pem') },
    stun: server.accept,
    origins: [],
    verify: () => undefined,
    handshake: 'required',
  });
  port.registerSubprotocol('turn', turnSubprotocol(server));
  const endpoint = await port.listen(LOOPBACK);
  closers.push(() => port.close());
  return endpoint.port;
}

function client(wire: Wire, user = alice): TurnTestClient {
  closers.push(() => wire.close());
  return new TurnTestClient(wire, user);
}

async function echo(host?: string) {
  const peer = await echoPeer(host);
  closers.push(peer.close);
  return peer;
}

const ways: Record<string, (server: TurnServer) => Promise<Wire>> = {
  UDP: async (server) => udpWire((await server.listenUdp(LOOPBACK)).endpoint.port),
  TCP: async (server) => tcpWire((await server.listenTcp(LOOPBACK)).endpoint.port),
  TLS: async (server) =>
    tlsWire(
      (await server.listenTls(LOOPBACK, { cert: fixture('localhost.cert.pem'), key: fixture('localhost.key.pem') }))
        .endpoint.port,
    ),
  'TCP on the web port': async (server) => tcpWire(await webPort(server)),
  'TLS on the web port': async (server) => tlsWire(await webPort(server)),
  WebSocket: async (server) => webSocketWire(`ws://127.0.0.1:${await webPort(server)}/`),
};

test('a listener that was closed for itself does not keep its server from ending', async () => {
  const server = startServer();
  const ports = [await server.listenUdp(LOOPBACK), await server.listenTcp(LOOPBACK)];
  for (const port of ports) await port.close();
  await server.close();
});

for (const [name, way] of Object.entries(ways)) {
  test(`over ${name} a client is relayed to a peer and back, by indication and by channel`, async () => {
    const server = startServer();
    const peer = await echo();
    const turnClient = client(await way(server));
    const { relayed } = await turnClient.allocate();
    expect(relayed.address).toBe('127.0.0.1');
    expect(relayed.port).toBeGreaterThanOrEqual(30_000);
    expect((await turnClient.permit(peer)).isSuccess).toBe(true);
    turnClient.wire.send(sendIndication(peer, 'hello'));
    const data = new Answer(await turnClient.next());
    expect(data.text(DATA)).toBe('HELLO');

    expect((await turnClient.ask(CHANNEL_BIND, [channel(0x4001), { peer }])).isSuccess).toBe(true);
    const padded = /TCP|TLS/.test(name);
    turnClient.wire.send(channelData(0x4001, 'by channel', padded));
    expect(Buffer.from(await turnClient.next())).toEqual(channelData(0x4001, 'BY CHANNEL', padded));

    const big = 'x'.repeat(60_000);
    turnClient.wire.send(channelData(0x4001, big, padded));
    expect(Buffer.from(await turnClient.next()).length).toBe(channelData(0x4001, big, padded).length);
    expect(server.metrics()).toMatchObject({ allocations: 1, relayedPackets: 6, dropped: 0 });
    expect((await turnClient.ask(REFRESH, [seconds(0)])).isSuccess).toBe(true);
    expect(server.metrics().allocations).toBe(0);
  });

  test(`over ${name} a plain STUN client learns its address`, async () => {
    const plain = client(await way(startServer()));
    const answer = await plain.exchange(request(BINDING));
    const [mapped] = answer.addresses(XOR_MAPPED_ADDRESS);
    expect(mapped?.address).toBe('127.0.0.1');
    if (plain.wire.port !== 0) expect(mapped?.port).toBe(plain.wire.port);
  });
}

test('an IPv6 client over UDP, relayed by IPv6, and by both families', async () => {
  const server = startServer();
  const { endpoint } = await server.listenUdp({ address: '::1', port: 0 });
  const peer = await echo('::1');
  const turnClient = client(await udpWire(endpoint.port, '::1'));
  const answer = await turnClient.allocate([family(2, 0x8000)]);
  expect(answer.addresses(XOR_RELAYED_ADDRESS).map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
  expect((await turnClient.permit(peer)).isSuccess).toBe(true);
  turnClient.wire.send(sendIndication(peer, 'six'));
  const data = new Answer(await turnClient.next());
  expect(data.text(DATA)).toBe('SIX');
  expect(data.addresses(0x0012)).toEqual([{ address: '::1', port: peer.port }]);
});

test('two clients reach each other through their relayed addresses, without allowPeers', async () => {
  const server = startServer({ allowPeers: [] });
  const { endpoint } = await server.listenUdp(LOOPBACK);
  const peer = await echo();
  const [one, two] = [client(await udpWire(endpoint.port)), client(await udpWire(endpoint.port))];
  const a = (await one.allocate()).relayed;
  const b = (await two.allocate()).relayed;
  expect((await one.permit(peer)).code).toBe(403);
  expect((await one.permit({ address: '169.254.169.254', port: 80 })).code).toBe(403);
  expect((await one.permit(b)).isSuccess).toBe(true);
  expect((await two.permit(a)).isSuccess).toBe(true);
  one.wire.send(sendIndication(peer, 'not to you'));
  one.wire.send(sendIndication(b, 'hello'));
  const heard = new Answer(await two.next());
  expect(heard.text(DATA)).toBe('hello');
  expect(heard.addresses(0x0012)).toEqual([a]);
});

test('a range of ports that is used up: 508, and what is given back can be had again', async () => {
  const first = 40_000 + 8 * Math.floor(Math.random() * 1000);
  const server = startServer({ relay: { addresses: [RELAY], ports: { first, last: first + 3 } } });
  const { endpoint } = await server.listenUdp(LOOPBACK);
  const make = async () => client(await udpWire(endpoint.port));
  const pair = await make();
  const even = await pair.allocate([evenPort(true)]);
  expect(even.relayed.port % 2).toBe(0);
  const token = { type: RESERVATION_TOKEN, value: even.octets(RESERVATION_TOKEN) as Uint8Array };
  const others = await Promise.all([make(), make(), make()]);
  const codes: number[] = [];
  for (const other of others) codes.push((await other.allocate()).code);
  expect(codes).toEqual([0, 0, 508]);
  const next = await make();
  expect((await next.allocate([token])).relayed.port).toBe(even.relayed.port + 1);
  await pair.ask(REFRESH, [seconds(0)]);
  expect((await others[2]?.allocate())?.relayed.port).toBe(even.relayed.port);
});

test('a client with a link-local address learns it without the interface', () => {
  const answer = new Answer(
    new StunServer().respond(request(BINDING), { address: 'fe80::1%eth0', port: 4711 }) as Uint8Array,
  );
  expect(answer.addresses(XOR_MAPPED_ADDRESS)).toEqual([{ address: 'fe80::1', port: 4711 }]);
});

test('a fault of ours costs that message its answer, and nothing else', async () => {
  const faults: unknown[] = [];
  let broken = true;
  const server = startServer({
    credentials: {
      keys: () => {
        if (broken) throw new Error('the accounts are gone');
        return { keys: [createHash('md5').update(`alice:${REALM}:secret1`).digest('binary')], account: 'alice' };
      },
    },
    onFault: (error) => faults.push(error),
  });
  const { endpoint } = await server.listenUdp(LOOPBACK);
  const turnClient = client(await udpWire(endpoint.port));
  const challenge = await turnClient.exchange(request(ALLOCATE, [requestedTransport()]));
  turnClient.user = { ...turnClient.user, realm: challenge.text(REALM_TYPE), nonce: challenge.text(NONCE) };
  turnClient.wire.send(request(ALLOCATE, [requestedTransport()], turnClient.user));
  await expect.poll(() => faults.length).toBe(1);
  broken = false;
  expect((await turnClient.allocate()).isSuccess).toBe(true);
});

test('a connection that ends takes its allocation with it', async () => {
  const server = startServer();
  const { endpoint } = await server.listenTcp(LOOPBACK);
  const turnClient = client(await tcpWire(endpoint.port));
  await turnClient.allocate();
  expect(server.metrics().allocations).toBe(1);
  turnClient.wire.close();
  await expect.poll(() => server.metrics().allocations).toBe(0);
});

test('a connection that is silent, speaks something else, or claims too much without an allocation is cut', async () => {
  const server = startServer({ limits: { idle: 50 } });
  const { endpoint } = await server.listenTcp(LOOPBACK);
  for (const sent of ['', '\0', 'GET / HTTP/1.1\r\n\r\n', Buffer.from('00010ffc2112a442', 'hex'), '\x40\0\xff\xff']) {
    const socket = connect(endpoint.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from(sent as string, 'latin1'));
    await new Promise((resolve) => socket.on('close', resolve).resume());
  }
  expect(server.metrics().allocations).toBe(0);
});

test('a WebSocket with text, rubbish, or too much without an allocation is closed', async () => {
  const server = startServer();
  const port = await webPort(server);
  for (const [sent, code] of [
    ['text', 1003],
    [Buffer.from([0xff, 1, 2, 3]), 1003],
    [Buffer.alloc(3000), 1009],
  ] as const) {
    const wire = await webSocketWire(`ws://127.0.0.1:${port}/`);
    wire.send(sent as Uint8Array);
    expect(await wire.closed).toBe(code);
  }
});

test('ChannelData and Send indications without an allocation get no answer', async () => {
  const server = startServer();
  const { endpoint } = await server.listenUdp(LOOPBACK);
  const stranger = client(await udpWire(endpoint.port));
  stranger.wire.send(channelData(0x4000, 'x'));
  stranger.wire.send(sendIndication({ address: '127.0.0.1', port: 9 }, 'x'));
  stranger.wire.send(Buffer.from([0xff, 1, 2, 3]));
  const answer = await stranger.exchange(request(BINDING));
  expect(answer.message.method).toBe(BINDING);
  expect(parseXorAddress(answer.octets(XOR_MAPPED_ADDRESS) as Uint8Array, answer.message.transactionId).port).toBe(
    stranger.wire.port,
  );
});

test('a client over TCP that does not read loses packets beyond a bound, and not its allocation', async () => {
  const server = startServer({ limits: { queuedBytes: 64 * 1024, bandwidth: 1e9 } });
  const { endpoint } = await server.listenTcp(LOOPBACK);
  const socket = connect(endpoint.port, '127.0.0.1');
  closers.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  const slow = new TurnTestClient(
    {
      send: (message) => void socket.write(message),
      onMessage: () => {},
      close: () => {},
      closed: Promise.resolve(),
      port: 0,
    },
    alice,
  );
  socket.on('data', (chunk) => slow.wire.onMessage(chunk));
  const { relayed } = await slow.allocate();
  const flooder = client(await udpWire(relayed.port));
  expect((await slow.permit({ address: '127.0.0.1', port: flooder.wire.port })).isSuccess).toBe(true);
  socket.pause();
  for (let round = 0; round < 1000 && server.unread === 0; round++) {
    for (let i = 0; i < 20; i++) flooder.wire.send(Buffer.alloc(8000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(server.unread).toBeGreaterThan(0);
  expect(server.metrics().allocations).toBe(1);
});

test('who shares the port gets what is not TURN, and TURN what he leaves', async () => {
  const server = startServer();
  const given: number[] = [];
  const mate = {
    receive(datagram: Buffer) {
      given.push(datagram[0]!);
      return datagram[0]! >= 20;
    },
  };
  const port = await server.listenUdp(LOOPBACK, mate);
  const wire = await udpWire(port.endpoint.port);
  closers.push(() => wire.close());
  const answered = new Promise<Uint8Array>((resolve) => {
    wire.onMessage = resolve;
  });
  for (const first of [22, 128]) wire.send(Uint8Array.of(first, 0, 0, 0));
  wire.send(Uint8Array.of(0x40, 0, 0, 0)); // ChannelData of nobody
  wire.send(request(BINDING));
  expect((await answered)[1]).toBe(BINDING);
  expect(given).toEqual([22, 128, 0]);
});
