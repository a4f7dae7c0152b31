import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  BINARY,
  CLOSE,
  clientFrame,
  closePayload,
  handshakeRequest,
  PING,
  PONG,
  RawClient,
  TEXT,
} from '../../test/support/raw-client.ts';
import { RecordedFlows } from '../../test/support/recorded-flows.ts';
import type { TransportLimits } from './limits.ts';
import { WebPort } from './web-port.ts';
import { WebSocketFlows } from './websocket.ts';

const OPTIONS = 'OPTIONS sip:example.test SIP/2.0\r\n\r\n';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0)) await each();
});

async function start(limits: Partial<TransportLimits> = {}) {
  const recorded = new RecordedFlows();
  const flows = new WebSocketFlows(recorded, limits);
  const web = new WebPort({
    limits,
    origins: [],
    handshake: 'optional',
    verify: (credential) => credential && { name: credential.username, account: false, admin: false },
  });
  web.registerSubprotocol('sip', flows);
  const { port } = await web.listen({ address: '127.0.0.1', port: 0 });
  cleanup.push(() => {
    flows.close();
    return web.close();
  });

  /** A WebSocket whose frames are ours to make. */
  const open = async (target = '/') => {
    const client = await RawClient.connect(port);
    client.write(handshakeRequest({}, target));
    const { status } = await client.takeResponse();
    expect(status).toBe(101);
    cleanup.push(() => client.destroy());
    return { client, flow: (await recorded.next('open')).flow };
  };
  return { recorded, flows, web, port, open };
}

/** The code of the close frame that comes next, after which the server ends the connection. */
async function closeCode(client: RawClient): Promise<number> {
  const { opcode, payload } = await client.takeFrame();
  expect(opcode).toBe(CLOSE);
  return payload.readUInt16BE(0);
}

test('text and binary frames are both SIP, octet for octet', async () => {
  const { recorded, open } = await start();
  const { client, flow } = await open();
  expect(flow).toMatchObject({ transport: 'ws', reliable: true, open: true, handshake: {}, data: undefined });
  expect(flow.remote).toEqual({ address: '127.0.0.1', port: client.socket.localPort });
  expect(flow.local.port).toBe(client.socket.remotePort);

  client.write(clientFrame(TEXT, `${OPTIONS}\xc3\xa4`));
  expect(await recorded.next('message')).toMatchObject({ flow, text: `${OPTIONS}\xc3\xa4` });
  client.write(clientFrame(BINARY, '\xff\0\xe4'));
  expect(await recorded.next('message')).toMatchObject({ flow, text: '\xff\0\xe4' });
});

test('what is UTF-8 goes out as a text frame, anything else as binary, at every length encoding', async () => {
  const { open } = await start();
  const { client, flow } = await open();
  for (const [text, opcode] of [
    ['', TEXT],
    [OPTIONS, TEXT],
    ['\xc3\xa4', TEXT],
    ['\xe4', BINARY],
    ['a'.repeat(125), TEXT],
    ['a'.repeat(126), TEXT],
    [`${'a'.repeat(65_534)}\xff`, BINARY],
    ['a'.repeat(65_536), TEXT],
  ] as const) {
    expect(flow.send(text)).toBe(true);
    expect(await client.takeFrame()).toEqual({ opcode, payload: Buffer.from(text, 'latin1') });
  }
});

test('a frame that comes octet by octet, and a message in fragments with a ping between, are whole messages', async () => {
  const { recorded, open } = await start();
  const { client } = await open();
  await client.writeSlowly(clientFrame(TEXT, OPTIONS));
  expect((await recorded.next('message')).text).toBe(OPTIONS);
  client.write(clientFrame(TEXT, 'OPTIONS sip:', { fin: false }));
  client.write(clientFrame(PING, 'between'));
  client.write(clientFrame(0, 'example.test'));
  expect((await recorded.next('message')).text).toBe('OPTIONS sip:example.test');
  expect(await client.takeFrame()).toEqual({ opcode: PONG, payload: Buffer.from('between') });
});

test('the identity of the handshake is the flow’s', async () => {
  const { open } = await start();
  const { flow } = await open('/?username=1:alice&password=x');
  expect(flow.handshake?.identity?.name).toBe('1:alice');
});

test('a double CRLF is a keep-alive and answered with one; a single one and an empty frame are not messages', async () => {
  const { recorded, open } = await start();
  const { client } = await open();
  for (const blank of ['', '\r\n', '\r\n\r\n']) client.write(clientFrame(TEXT, blank));
  expect(await client.takeFrame()).toEqual({ opcode: TEXT, payload: Buffer.from('\r\n') });
  client.write(clientFrame(TEXT, OPTIONS));
  expect((await recorded.next('message')).text).toBe(OPTIONS);
});

test('each close is echoed with its own code, and no code with none', async () => {
  const { recorded, open } = await start();
  for (const code of [1000, 1001, 1003, 1011, 3000, 4999]) {
    const { client, flow } = await open();
    client.write(clientFrame(CLOSE, closePayload(code, 'bye')));
    expect(await closeCode(client)).toBe(code);
    await client.ended();
    expect(await recorded.next('close')).toMatchObject({ flow, reason: `closed by the peer: ${code}` });
    expect(flow.open).toBe(false);
    expect(flow.send(OPTIONS)).toBe(false);
  }
  const { client } = await open();
  client.write(clientFrame(CLOSE));
  expect(await client.takeFrame()).toEqual({ opcode: CLOSE, payload: Buffer.alloc(0) });
  await client.ended();
});

test('violations of RFC 6455 are closed with their code and the process lives on', async () => {
  const { recorded, open } = await start({ messageBytes: 1000 });
  const abuses: [string, Buffer, number][] = [
    ['invalid UTF-8 in a text frame', clientFrame(TEXT, 'a\xff'), 1007],
    ['UTF-8 that ends in the middle', clientFrame(TEXT, 'a\xc3'), 1007],
    ['invalid UTF-8 in a close reason', clientFrame(CLOSE, Buffer.from([3, 232, 0xff])), 1007],
    ['a message over the bound', clientFrame(TEXT, 'a'.repeat(1001)), 1009],
    ['a bound broken by fragments', Buffer.concat(fragments(501, 501)), 1009],
    ['a length of 2^63', Buffer.from('81ff8000000000000000', 'hex'), 1009],
    ['an unmasked frame', clientFrame(TEXT, OPTIONS, { masked: false }), 1002],
    ['reserved opcode 3', clientFrame(3, 'a'), 1002],
    ['reserved opcode 11', clientFrame(11, 'a'), 1002],
    ['RSV1 without compression', clientFrame(TEXT, 'a', { rsv: 4 }), 1002],
    ['RSV2', clientFrame(TEXT, 'a', { rsv: 2 }), 1002],
    ['RSV3', clientFrame(TEXT, 'a', { rsv: 1 }), 1002],
    ['a continuation of nothing', clientFrame(0, 'a'), 1002],
    ['a new message within another', Buffer.concat([fragments(1, 1)[0] as Buffer, clientFrame(TEXT, 'a')]), 1002],
    ['a fragmented ping', clientFrame(PING, 'a', { fin: false }), 1002],
    ['a ping of 126 octets', clientFrame(PING, 'a'.repeat(126)), 1002],
    ['a close of one octet', clientFrame(CLOSE, 'a'), 1002],
    ['close code 999', clientFrame(CLOSE, closePayload(999)), 1002],
    ['close code 1005, which is never sent', clientFrame(CLOSE, closePayload(1005)), 1002],
    ['close code 1006, which is never sent', clientFrame(CLOSE, closePayload(1006)), 1002],
    ['close code 5000', clientFrame(CLOSE, closePayload(5000)), 1002],
  ];
  for (const [name, octets, code] of abuses) {
    const { client, flow } = await open();
    client.write(octets);
    expect(await closeCode(client), name).toBe(code);
    await client.ended();
    expect((await recorded.next('close')).flow).toBe(flow);
  }
  expect(recorded.events.filter((event) => event.type === 'message')).toEqual([]);
  const { client } = await open();
  client.write(clientFrame(TEXT, 'a'.repeat(1000)));
  expect((await recorded.next('message')).text.length).toBe(1000);
});

function fragments(...sizes: number[]): Buffer[] {
  return sizes.map((size, at) => clientFrame(at === 0 ? TEXT : 0, 'a'.repeat(size), { fin: at === sizes.length - 1 }));
}

test('a message in too many fragments is 1008', async () => {
  const { open } = await start();
  const { client } = await open();
  client.write(Buffer.concat(fragments(...Array<number>(1100).fill(1))));
  expect(await closeCode(client)).toBe(1008);
});

test('a reader that does not read is cut at the bound of its queue', async () => {
  const { recorded, open } = await start({ queuedBytes: 50_000, closeGrace: 50 });
  const { client, flow } = await open();
  client.socket.pause();
  let sent = 0;
  while (flow.send('a'.repeat(10_000))) {
    sent++;
    if (sent > 10_000) throw new Error('no bound');
    await new Promise(setImmediate);
  }
  expect(flow.open).toBe(false);
  expect((await recorded.next('close')).reason).toBe('slow reader');
  client.socket.resume();
  await client.ended();
});

test('a reader that pings without reading is cut too', async () => {
  const { recorded, open } = await start({ queuedBytes: 20_000, closeGrace: 50 });
  const { client } = await open();
  client.socket.pause();
  const flood = setInterval(() => client.write(Buffer.concat(Array(200).fill(clientFrame(PING, 'a'.repeat(125))))), 1);
  expect((await recorded.next('close')).reason).toBe('slow reader');
  clearInterval(flood);
});

test('our close carries its code and reason, and a peer that does not answer it is destroyed after the grace', async () => {
  const { recorded, open } = await start({ closeGrace: 50 });
  const { client, flow } = await open();
  flow.close(1008, 'The credential has expired.');
  expect(await client.takeFrame()).toEqual({
    opcode: CLOSE,
    payload: closePayload(1008, 'The credential has expired.'),
  });
  client.write(clientFrame(TEXT, OPTIONS)); // too late: not delivered
  await client.ended();
  expect((await recorded.next('close')).reason).toBe('closed by us: 1008 The credential has expired.');
  expect(recorded.events.filter((event) => event.type === 'message')).toEqual([]);
  flow.close();
  expect(recorded.events.filter((event) => event.type === 'close')).toHaveLength(1);
});

test('peers are pinged, those that answer stay, and those that do not are cut', async () => {
  const { recorded, port, open } = await start({ pingInterval: 50 });
  const living = new WebSocket(`ws://127.0.0.1:${port}/`, 'sip');
  const { flow: livingFlow } = await recorded.next('open');
  const { client, flow } = await open();
  expect(await client.takeFrame()).toEqual({ opcode: PING, payload: Buffer.alloc(0) });
  expect(await recorded.next('close')).toEqual({ type: 'close', flow, reason: 'no answer to a ping' });
  await client.ended();
  for (let pings = 0; pings < 3; pings++) await once(living, 'ping');
  expect(livingFlow.open).toBe(true);
  living.close();
  expect((await recorded.next('close')).flow).toBe(livingFlow);
});

test('a fault of the handler ends its flow with 1011, and no other', async () => {
  const { recorded, open } = await start();
  recorded.answer = () => {
    throw new Error('our bug');
  };
  const { client, flow } = await open();
  const other = await open();
  client.write(clientFrame(TEXT, OPTIONS));
  expect(await closeCode(client)).toBe(1011);
  expect(await recorded.next('fault')).toMatchObject({ flow, error: new Error('our bug') });
  expect((await recorded.next('close')).flow).toBe(flow);
  recorded.answer = undefined;
  other.client.write(clientFrame(TEXT, OPTIONS));
  await recorded.next('message');
  expect((await recorded.next('message')).flow).toBe(other.flow);
  expect(other.flow.open).toBe(true);
});

test('a connection that is torn is told once', async () => {
  const { recorded, flows, open } = await start();
  const { client, flow } = await open();
  client.socket.resetAndDestroy();
  expect(await recorded.next('close')).toMatchObject({ flow, reason: 'closed by the peer: 1006' });
  expect(flows.size).toBe(0);
});

test('at the server’s end every flow is closed with 1012', async () => {
  const { flows, open } = await start();
  const clients = [await open(), await open()];
  flows.close();
  for (const { client } of clients) expect(await closeCode(client)).toBe(1012);
});
