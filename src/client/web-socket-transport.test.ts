import { beforeEach, expect, test } from 'vitest';
import { FakeWebSocket } from '../../test/support/fake-web-socket.ts';
import { settled, VirtualClock } from '../../test/support/virtual-clock.ts';
import { BackOff } from './back-off.ts';
import { ClientError } from './errors.ts';
import { WebSocketTransport, type WebSocketTransportOptions } from './web-socket-transport.ts';

let clock: VirtualClock;
let network: EventTarget;
let log: string[];

beforeEach(() => {
  clock = new VirtualClock();
  network = new EventTarget();
  log = [];
  FakeWebSocket.sockets = [];
});

function create(options: Partial<WebSocketTransportOptions> = {}): WebSocketTransport {
  let attempt = 0;
  const transport = new WebSocketTransport({
    url: async () => `ws://host/?attempt=${++attempt}`,
    WebSocket: FakeWebSocket,
    clock,
    network,
    backOff: new BackOff(1000, 30_000, () => 1),
    ...options,
  });
  transport.on('open', () => log.push('open'));
  transport.on('message', (text) => log.push(text));
  transport.on('close', ({ code, retryIn }) => log.push(`close ${code} ${retryIn}`));
  transport.on('refused', ({ code }) => log.push(code));
  transport.on('network', () => log.push('network'));
  return transport;
}

async function connected(options: Partial<WebSocketTransportOptions> = {}): Promise<WebSocketTransport> {
  const transport = create(options);
  transport.connect();
  await settled();
  FakeWebSocket.last.accept();
  return transport;
}

test('it asks for the subprotocol sip and passes octets both ways', async () => {
  const transport = await connected();
  const socket = FakeWebSocket.last;
  expect(socket.protocols).toBe('sip');
  expect(socket.binaryType).toBe('arraybuffer');
  socket.deliver('Ünï');
  socket.deliver(new Uint8Array([0xff, 0x41]).buffer);
  expect(log).toEqual(['open', '\xc3\x9cn\xc3\xaf', '\xffA']);
  expect(transport.send('plain')).toBe(true);
  expect(transport.send('\xc3\x9c')).toBe(true);
  expect(transport.send('\xff')).toBe(true);
  expect(socket.sent).toEqual(['plain', 'Ü', new Uint8Array([0xff])]);
});

test('a lost connection is made again with growing delays and a new URL each time', async () => {
  const transport = await connected();
  FakeWebSocket.last.drop(1012);
  expect(transport.connected).toBe(false);
  expect(transport.send('x')).toBe(false);
  await clock.advance(999);
  expect(FakeWebSocket.sockets).toHaveLength(1);
  await clock.advance(1);
  expect(FakeWebSocket.last.url).toBe('ws://host/?attempt=2');
  FakeWebSocket.last.drop();
  await clock.advance(2000);
  FakeWebSocket.last.accept();
  expect(log).toEqual(['open', 'close 1012 1000', 'close 1006 2000', 'open']);
});

test('delays start from the bottom only after a connection that held', async () => {
  await connected();
  FakeWebSocket.last.drop();
  await clock.advance(1000);
  FakeWebSocket.last.accept();
  FakeWebSocket.last.drop();
  await clock.advance(2000);
  FakeWebSocket.last.accept();
  await clock.advance(5000);
  FakeWebSocket.last.drop();
  expect(log.filter((line) => line.startsWith('close'))).toEqual([
    'close 1006 1000',
    'close 1006 2000',
    'close 1006 1000',
  ]);
});

test('a refused credential ends the attempts; an unreachable credential service does not', async () => {
  let error = new ClientError('CREDENTIALS_UNAVAILABLE', 'down');
  const transport = create({
    url: async () => {
      throw error;
    },
  });
  transport.connect();
  await settled();
  expect(log).toEqual(['close 1006 1000']);
  error = new ClientError('CREDENTIALS_REFUSED', 'signed out');
  await clock.advance(1000);
  await clock.advance(100_000);
  expect(log).toEqual(['close 1006 1000', 'CREDENTIALS_REFUSED']);
  expect(FakeWebSocket.sockets).toHaveLength(0);
});

test('a handshake that is not answered is given up', async () => {
  const transport = create();
  transport.connect();
  await clock.advance(15_000);
  expect(FakeWebSocket.sockets[0]?.closedWith).toBeDefined();
  expect(log).toEqual(['close 1006 1000']);
});

test('an idle connection is pinged, and given up when a server that used to answer does not', async () => {
  await connected();
  const socket = FakeWebSocket.last;
  await clock.advance(25_000);
  expect(socket.sent).toEqual(['\r\n\r\n']);
  socket.deliver('\r\n');
  await clock.advance(25_000);
  expect(socket.sent).toHaveLength(2);
  await clock.advance(9_999);
  expect(socket.closedWith).toBeUndefined();
  await clock.advance(1);
  expect(log).toEqual(['open', 'close 1006 1000']);
});

test('a server that has never answered a ping is not held to it', async () => {
  await connected();
  await clock.advance(300_000);
  expect(FakeWebSocket.sockets).toHaveLength(1);
  expect(FakeWebSocket.last.sent.length).toBeGreaterThan(10);
});

test("a server's ping is answered", async () => {
  await connected();
  FakeWebSocket.last.deliver('\r\n\r\n');
  expect(FakeWebSocket.last.sent).toEqual(['\r\n']);
});

test('when the network is back it knocks at once, and a connection that seems alive is probed', async () => {
  await connected();
  FakeWebSocket.last.deliver('\r\n');
  network.dispatchEvent(new Event('online'));
  expect(FakeWebSocket.last.sent).toEqual(['\r\n\r\n']);
  await clock.advance(3000);
  expect(log).toEqual(['open', 'network', 'close 1006 1000']);
  network.dispatchEvent(new Event('online'));
  await settled();
  expect(FakeWebSocket.sockets).toHaveLength(2);
});

test('a socket that takes no more is given up', async () => {
  const transport = await connected();
  FakeWebSocket.last.bufferedAmount = 5 * 1024 * 1024;
  expect(transport.send('x')).toBe(false);
  expect(log).toEqual(['open', 'close 1006 1000']);
});

test('after close nothing is heard, sent or tried any more', async () => {
  const transport = await connected();
  const socket = FakeWebSocket.last;
  transport.close(1000, 'bye');
  expect(socket.closedWith).toEqual({ code: 1000, reason: 'bye' });
  socket.deliver('late');
  socket.drop();
  network.dispatchEvent(new Event('online'));
  await clock.advance(100_000);
  expect(log).toEqual(['open', 'close 1000 undefined']);
  expect(FakeWebSocket.sockets).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('reconnect drops the old socket without a word and opens another', async () => {
  const transport = await connected();
  const [first] = FakeWebSocket.sockets;
  transport.reconnect();
  await settled();
  FakeWebSocket.last.accept();
  first?.drop();
  expect(log).toEqual(['open', 'open']);
  expect(transport.connected).toBe(true);
});
