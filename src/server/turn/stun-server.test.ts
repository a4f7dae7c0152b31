import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { parseXorAddress, XOR_MAPPED_ADDRESS } from '../../protocol/stun/attributes.ts';
import { attribute, BINDING, parseStun, serializeStun } from '../../protocol/stun/message.ts';
import { StunServer } from './stun-server.ts';

const TRANSACTION = Uint8Array.from({ length: 12 }, (_, index) => index);
const REQUEST = serializeStun({ class: 'request', method: BINDING, transactionId: TRANSACTION, attributes: [] });
const LOOPBACK = { address: '127.0.0.1', port: 0 };

let server: StunServer;
afterEach(() => server.close());

function mapped(answer: Uint8Array) {
  return parseXorAddress(attribute(parseStun(answer), XOR_MAPPED_ADDRESS) as Uint8Array, TRANSACTION);
}

test('over UDP a client learns its address, and rubbish gets no answer', async () => {
  server = new StunServer({ software: 'chappe' });
  const { port } = await server.listenUdp(LOOPBACK);
  const client = createSocket('udp4');
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  client.send('rubbish', port, '127.0.0.1');
  client.send(REQUEST, port, '127.0.0.1');
  const [answer] = (await once(client, 'message')) as [Buffer];
  expect(mapped(answer)).toEqual({ address: '127.0.0.1', port: client.address().port });
  expect(server.answered).toBe(1);
  client.close();
});

test('over TCP requests are answered however they are cut', async () => {
  server = new StunServer();
  const { port } = await server.listenTcp(LOOPBACK);
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const local = client.localPort;
  const three = Buffer.concat([REQUEST, REQUEST, REQUEST]);
  client.setNoDelay(true);
  for (const octet of three) client.write(Buffer.of(octet));
  let received = Buffer.alloc(0);
  for await (const chunk of client) {
    received = Buffer.concat([received, chunk]);
    if (received.length >= 120) break;
  }
  expect(received.length).toBe(120);
  expect(mapped(received.subarray(80))).toEqual({ address: '127.0.0.1', port: local });
});

test('a stream that is no STUN, claims too much, or says nothing in time is cut', async () => {
  server = new StunServer({ idle: 50 });
  const { port } = await server.listenTcp(LOOPBACK);
  for (const sent of ['GET / HTTP/1.1\r\n\r\n0123456789', Buffer.from('0001fffc2112a442'.padEnd(40, '0'), 'hex'), '']) {
    const client = connect(port, '127.0.0.1');
    client.on('error', () => {});
    client.write(sent);
    await once(client, 'close');
  }
  expect(server.answered).toBe(0);
});
