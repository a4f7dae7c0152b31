import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressOctets, addressText } from '../../src/protocol/stun/address.ts';
import { answerBinding } from '../../src/protocol/stun/binding.ts';
import { BINDING, parseStun, serializeStun } from '../../src/protocol/stun/message.ts';
import { StunServer } from '../../src/server/turn/stun-server.ts';
import { TurnServer } from '../../src/server/turn/turn-server.ts';
import { nativeClock } from '../../src/transport/clock.ts';
import { FIRST_BYTES_BOUND, firstProtocol } from '../../src/transport/first-bytes.ts';
import { handshakeCredential } from '../../src/transport/handshake-credential.ts';
import { judgeOrigin } from '../../src/transport/origin.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { TcpFlows } from '../../src/transport/tcp.ts';
import { WebPort } from '../../src/transport/web-port.ts';
import { WebSocketFlows } from '../../src/transport/websocket.ts';
import { clientFrame, handshakeRequest, RawClient } from '../support/raw-client.ts';

const octets = fc.uint8Array({ maxLength: 300 });

test('first octets: an answer for anything of the bound’s length, and more octets never change it', () => {
  const starts = fc.oneof(
    octets,
    fc.string().map(Buffer.from),
    fc.stringMatching(/^[A-Z]{1,9} [a-z:/*]{0,9}/).map(Buffer.from),
  );
  fc.assert(
    fc.property(starts, octets, (start, more) => {
      const early = firstProtocol(Buffer.from(start));
      const whole = Buffer.concat([start, more]);
      if (early !== undefined) expect(firstProtocol(whole)).toBe(early);
      if (whole.length >= FIRST_BYTES_BOUND) expect(firstProtocol(whole)).toBeDefined();
    }),
    { numRuns: 20_000 },
  );
});

test('STUN: what is parsed is written back the same, and no answer is larger than twice its request', () => {
  const attributes = fc.array(fc.record({ type: fc.nat(0xffff), value: fc.uint8Array({ maxLength: 40 }) }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(attributes, fc.uint8Array({ minLength: 12, maxLength: 12 }), (list, transactionId) => {
      const message = { class: 'request', method: BINDING, transactionId, attributes: list } as const;
      const written = serializeStun({ ...message, attributes: list });
      expect(parseStun(written)).toEqual(message);
      const answer = answerBinding(written, { address: '192.0.2.1', port: 5 }, 'chappe');
      if (answer !== undefined) expect(answer.length).toBeLessThanOrEqual(2 * written.length);
    }),
    { numRuns: 5_000 },
  );
  fc.assert(
    fc.property(octets, (any) => void answerBinding(any, { address: '::1', port: 5 })),
    { numRuns: 20_000 },
  );
});

test('addresses: octets to text and back is the identity', () => {
  for (const length of [4, 16]) {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: length }), (address) => {
        expect(addressOctets(addressText(address))).toEqual(address);
      }),
    );
  }
  fc.assert(fc.property(fc.string(), (text) => void addressOctets(text)));
});

test('handshake headers: any text is a credential, malformed or none, and never thrown at us', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (query, authorization, cookie) => {
      const headers = { authorization: `Basic ${authorization}`, cookie: `chappe_credential=${cookie}` };
      handshakeCredential({ url: `/?username=${query}&password=x`, headers }, true);
      handshakeCredential({ url: `/?${query}`, headers: { cookie } }, true);
      judgeOrigin(query, cookie, { origins: [authorization, '*'], isOurHost: () => true });
    }),
    { numRuns: 10_000 },
  );
});

let web: WebPort;
let port: number;
const faults: unknown[] = [];

beforeAll(async () => {
  const handler = {
    onMessage: () => {},
    onClose: () => {},
    onFault: (_: unknown, error: unknown) => void faults.push(error),
  };
  const sip = new TcpFlows(handler);
  web = new WebPort({
    origins: [],
    handshake: 'optional',
    verify: () => undefined,
    sip: (socket, secure) => sip.accept(socket, secure),
    stun: new TurnServer({
      realm: 'example.test',
      credentials: { keys: () => undefined },
      primitives,
      clock: nativeClock,
      binding: new StunServer().respond,
      relay: { addresses: [], ports: { first: 49152, last: 65535 } },
    }).accept,
    limits: { firstByteTimeout: 500, headersTimeout: 500 },
    onFault: (error) => faults.push(error),
  });
  web.registerSubprotocol('sip', new WebSocketFlows(handler));
  web.server.on('request', (_, response) => response.end());
  port = (await web.listen({ address: '127.0.0.1', port: 0 })).port;
});
afterAll(() => web.close());

async function alive(): Promise<void> {
  const client = await RawClient.connect(port);
  client.write(handshakeRequest());
  expect((await client.takeResponse()).status).toBe(101);
  client.destroy();
}

test('the web port survives whatever begins a connection', async () => {
  const start = fc.oneof(
    octets,
    fc.constantFrom('GET ', 'OPTIONS sip:', '\r\n\r\n', 'SIP/2.0 ', '\0\x01').map(Buffer.from),
  );
  await fc.assert(
    fc.asyncProperty(start, octets, async (first, rest) => {
      const client = await RawClient.connect(port);
      client.write(first);
      client.write(rest);
      await new Promise(setImmediate);
      client.destroy();
    }),
    { numRuns: 500 },
  );
  await alive();
  expect(faults).toEqual([]);
});

test('a WebSocket survives whatever frames come', async () => {
  const frame = fc
    .record({
      opcode: fc.nat(15),
      payload: fc.uint8Array({ maxLength: 200 }),
      fin: fc.boolean(),
      rsv: fc.constantFrom(0, 0, 0, 0, 1, 2, 4),
      masked: fc.constantFrom(true, true, true, true, false),
    })
    .map(({ opcode, payload, ...rest }) => clientFrame(opcode, payload, rest));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(frame, frame, frame, octets), { maxLength: 20 }), async (pieces) => {
      const client = await RawClient.connect(port);
      client.write(handshakeRequest());
      await client.takeResponse();
      for (const piece of pieces) client.write(piece);
      await new Promise(setImmediate);
      client.destroy();
    }),
    { numRuns: 300 },
  );
  await alive();
  expect(faults).toEqual([]);
});
