import { expect, test } from 'vitest';
import { primitives } from '../../transport/primitives.ts';
import { errorCode, parseXorAddress, text, XOR_MAPPED_ADDRESS, xorAddress } from '../stun/attributes.ts';
import { attribute, parseStun, type StunAttribute, type StunClass, serializeStun } from '../stun/message.ts';
import { checkIntegrity } from '../stun/message-integrity.ts';
import { textAttribute } from './attributes.ts';
import * as turn from './numbers.ts';
import { RelayProbe } from './relay-probe.ts';

const relayed = { address: '192.0.2.1', port: 50_000 };

function probe() {
  return new RelayProbe({ primitives, username: '9999999999:doctor', password: 'secret' });
}

/** A message of the server to what the probe has sent last. */
function reply(to: RelayProbe, kind: StunClass, attributes: (id: Uint8Array) => StunAttribute[], method?: number) {
  const request = parseStun(to.outgoing);
  const { transactionId } = request;
  return to.receive(
    serializeStun({
      class: kind,
      method: method ?? request.method,
      transactionId,
      attributes: attributes(transactionId),
    }),
  );
}

const challenge =
  (code: number, nonce = 'n1') =>
  () => [errorCode(code), textAttribute(turn.REALM, 'example.test'), textAttribute(turn.NONCE, nonce)];
const allocated = (id: Uint8Array) => [
  xorAddress(XOR_MAPPED_ADDRESS, { address: '198.51.100.9', port: 4000 }, id),
  xorAddress(turn.XOR_RELAYED_ADDRESS, relayed, id),
];

test('a packet goes to the own relayed address and back, and the allocation is given up', () => {
  const one = probe();
  expect(parseStun(one.outgoing)).toMatchObject({ class: 'request', method: turn.ALLOCATE });
  expect(reply(one, 'error', challenge(401))).toBe(true);
  const key = primitives.hash('md5', '9999999999:doctor:example.test:secret');
  expect(checkIntegrity(primitives, one.outgoing, parseStun(one.outgoing), key, 'sha1')).toBe(true);
  expect(reply(one, 'success', allocated)).toBe(true);
  expect(one).toMatchObject({ step: 'permission', mapped: { port: 4000 }, relayed });
  expect(reply(one, 'error', challenge(438, 'n2'))).toBe(true); // a stale nonce costs one more round
  expect(text(attribute(parseStun(one.outgoing), turn.NONCE)!)).toBe('n2');
  expect(reply(one, 'success', () => [])).toBe(true);
  const sent = parseStun(one.outgoing);
  expect(sent).toMatchObject({ class: 'indication', method: turn.SEND });
  expect(parseXorAddress(attribute(sent, turn.XOR_PEER_ADDRESS)!, sent.transactionId)).toEqual(relayed);
  const data = attribute(sent, turn.DATA)!;
  expect(reply(one, 'indication', () => [{ type: turn.DATA, value: data }], turn.DATA_METHOD)).toBe(true);
  expect(one.step).toBe('done');
  expect(parseStun(one.outgoing)).toMatchObject({ method: turn.REFRESH });
});

test('a refusal is told with its code', () => {
  const one = probe();
  reply(one, 'error', challenge(401));
  expect(reply(one, 'error', challenge(401))).toBe(false);
  expect(one.refused).toBe(401);
  const full = probe();
  reply(full, 'error', challenge(401));
  reply(full, 'error', () => [errorCode(486)]);
  expect(full).toMatchObject({ step: 'allocation', refused: 486 });
});

test('a server that finds every nonce stale is given up', () => {
  const one = probe();
  for (let i = 0; i < 3; i++) expect(reply(one, 'error', challenge(438, `n${i}`))).toBe(true);
  expect(reply(one, 'error', challenge(438))).toBe(false);
  expect(one.refused).toBe(438);
});

test('garbage, answers to others and data of others are ignored', () => {
  const one = probe();
  const before = one.outgoing;
  expect(one.receive(Uint8Array.of(1, 2, 3))).toBe(false);
  expect(
    one.receive(serializeStun({ class: 'success', method: 3, transactionId: new Uint8Array(12), attributes: [] })),
  ).toBe(false);
  expect(reply(one, 'indication', () => [{ type: turn.DATA, value: Uint8Array.of(1) }], turn.DATA_METHOD)).toBe(false);
  expect(reply(one, 'error', () => [{ type: 9, value: Uint8Array.of(0) }])).toBe(false); // a malformed ERROR-CODE
  expect(reply(one, 'success', () => [])).toBe(false); // without a relayed address
  expect(one).toMatchObject({ step: 'answer', outgoing: before, refused: undefined });
});
