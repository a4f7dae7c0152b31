import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { RecordedFlows } from '../../test/support/recorded-flows.ts';
import type { TransportLimits } from './limits.ts';
import { listenUdp, type StunResponder, type UdpPort } from './udp.ts';

const OPTIONS = 'OPTIONS sip:example.test SIP/2.0\r\n\r\n';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0)) await each();
});

async function listen(options: { stun?: StunResponder; limits?: Partial<TransportLimits> } = {}) {
  const recorded = new RecordedFlows();
  const port: UdpPort = await listenUdp({ address: '127.0.0.1', port: 0, ...options }, recorded);
  cleanup.push(() => port.close());
  return { recorded, port };
}

async function peer(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanup.push(() => socket.close());
  return socket;
}

test('a datagram over the bound is an error that the edge answers with 413', async () => {
  const { recorded, port } = await listen({ limits: { messageBytes: 100 } });
  const client = await peer();
  client.send(`${OPTIONS}${'x'.repeat(100)}`, port.endpoint.port, '127.0.0.1');
  expect(await recorded.next('error')).toMatchObject({ error: { answer: { status: 413 } } });
  client.send(OPTIONS, port.endpoint.port, '127.0.0.1');
  expect((await recorded.next('message')).text).toBe(OPTIONS);
});

test('a datagram is a message, its sender a flow, and the same flow each time', async () => {
  const { recorded, port } = await listen();
  const client = await peer();
  client.send(Buffer.from(`${OPTIONS}\xe4`, 'latin1'), port.endpoint.port, '127.0.0.1');
  const { flow, text } = await recorded.next('message');
  expect(text).toBe(`${OPTIONS}\xe4`);
  expect(flow).toMatchObject({ transport: 'udp', reliable: false, open: true, local: port.endpoint });
  expect(flow.remote).toEqual({ address: '127.0.0.1', port: client.address().port });
  flow.data = 'mine';
  expect(port.flowTo(flow.remote).data).toBe('mine');

  expect(flow.send('\0\xe4')).toBe(true);
  expect((await once(client, 'message'))[0]).toEqual(Buffer.from([0, 0xe4]));
});

test('a flow to a peer never heard of can be written to', async () => {
  const { port } = await listen();
  const client = await peer();
  port.flowTo({ address: '127.0.0.1', port: client.address().port }).send(OPTIONS);
  expect(String((await once(client, 'message'))[0])).toBe(OPTIONS);
});

test('an IPv6 socket that is open to IPv4 too knows an IPv4 peer by its own address', async (context) => {
  const recorded = new RecordedFlows();
  const port = await listenUdp({ address: '::', port: 0 }, recorded).catch(() => undefined);
  if (port === undefined) return context.skip('no IPv6 here');
  cleanup.push(() => port.close());
  const client = await peer();
  client.send(OPTIONS, port.endpoint.port, '127.0.0.1');
  const { flow } = await recorded.next('message');
  expect(flow.remote.address).toBe('127.0.0.1');
  flow.send('back');
  expect(String((await once(client, 'message'))[0])).toBe('back');
});

test('a double CRLF is answered with one; other blanks are nothing', async () => {
  const { recorded, port } = await listen();
  const client = await peer();
  for (const datagram of ['', '\r\n', '\0\0\0\0', '\r\n\r\n', OPTIONS])
    client.send(datagram, port.endpoint.port, '127.0.0.1');
  expect(String((await once(client, 'message'))[0])).toBe('\r\n');
  expect((await recorded.next('message')).text).toBe(OPTIONS);
});

test('STUN on the port goes to its responder, or is dropped where there is none', async () => {
  const sources: unknown[] = [];
  const { recorded, port } = await listen({
    stun: (message, source) => {
      sources.push(source);
      return message.length > 1 ? message.subarray(1) : undefined;
    },
  });
  const client = await peer();
  client.send(Buffer.of(1), port.endpoint.port, '127.0.0.1');
  client.send(Buffer.of(0, 1, 2), port.endpoint.port, '127.0.0.1');
  expect((await once(client, 'message'))[0]).toEqual(Buffer.of(1, 2));
  expect(sources[1]).toEqual({ address: '127.0.0.1', port: client.address().port });
  expect(recorded.events).toEqual([]);
});

test('flows are forgotten at the bound, those not seen for longest first', async () => {
  const { port } = await listen({ limits: { udpFlows: 10 } });
  const flows = Array.from({ length: 5 }, (_, index) => port.flowTo({ address: '127.0.0.1', port: 1000 + index }));
  expect(port.flowTo({ address: '127.0.0.1', port: 2000 })).toBeDefined(); // the five are old now
  expect(port.flowTo({ address: '127.0.0.1', port: 1000 })).toBe(flows[0]); // seen again: young
  for (let index = 0; index < 5; index++) port.flowTo({ address: '127.0.0.1', port: 3000 + index });
  expect(port.flowTo({ address: '127.0.0.1', port: 1000 })).toBe(flows[0]);
  expect(port.flowTo({ address: '127.0.0.1', port: 1004 })).not.toBe(flows[4]);
});

test('what cannot be sent is refused, or told as a failure', async () => {
  const { recorded, port } = await listen();
  const flow = port.flowTo({ address: '127.0.0.1', port: 9 });
  expect(flow.send('a'.repeat(70_000))).toBe(false);
  expect(port.flowTo({ address: '127.0.0.1', port: 0 }).send(OPTIONS)).toBe(false);
  const far = port.flowTo({ address: '255.255.255.255', port: 9 }); // no permission to broadcast
  expect(far.send(OPTIONS)).toBe(true);
  expect((await recorded.next('sendFailed')).flow).toBe(far);
  flow.close();
  expect(flow.open).toBe(false);
  expect(flow.send(OPTIONS)).toBe(false);
});

test('a port that is taken is told with its code', async () => {
  const { port } = await listen();
  await expect(listenUdp({ ...port.endpoint }, new RecordedFlows())).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('a fault of the handler ends neither the port nor the process', async () => {
  const { recorded, port } = await listen();
  recorded.answer = () => {
    throw new Error('our bug');
  };
  const client = await peer();
  client.send(OPTIONS, port.endpoint.port, '127.0.0.1');
  await recorded.next('fault');
  client.send('second', port.endpoint.port, '127.0.0.1');
  await recorded.next('message');
  expect((await recorded.next('message')).text).toBe('second');
});
