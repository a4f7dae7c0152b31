import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { addressOctets, addressText } from './address.ts';
import {
  ERROR_CODE,
  errorCode,
  parseErrorCode,
  parseXorAddress,
  SOFTWARE,
  text,
  UNKNOWN_ATTRIBUTES,
  USERNAME,
  XOR_MAPPED_ADDRESS,
  xorAddress,
} from './attributes.ts';
import { answerBinding } from './binding.ts';
import { appendFingerprint, checkFingerprint, crc32 } from './fingerprint.ts';
import {
  attribute,
  BINDING,
  HEADER_LENGTH,
  looksLikeStun,
  parseStun,
  type StunAttribute,
  serializeStun,
  stunLength,
} from './message.ts';

const octets = (hex: string) => Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));

// RFC 5769 sections 2.1 to 2.3.
const REQUEST = octets(`
  00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74
  00 24 00 04 6e 00 01 ff
  80 29 00 08 93 2f f9 b1 51 26 3b 36
  00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20
  00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2
  80 28 00 04 e5 7a 3b cf`);
const RESPONSE_IPV4 = octets(`
  01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 08 00 01 a1 47 e1 12 a6 43
  00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7
  80 28 00 04 c0 7d 4c 96`);
const RESPONSE_IPV6 = octets(`
  01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9
  00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41
  80 28 00 04 c8 fb 0b 4c`);
const TRANSACTION = REQUEST.slice(8, 20);

function request(attributes: StunAttribute[] = [], method = BINDING): Uint8Array {
  return serializeStun({ class: 'request', method, transactionId: TRANSACTION, attributes });
}

test('the sample request of RFC 5769 is read, and its fingerprint is right', () => {
  const message = parseStun(REQUEST);
  expect(message.class).toBe('request');
  expect(message.method).toBe(BINDING);
  expect(text(attribute(message, SOFTWARE) as Uint8Array)).toBe('STUN test client');
  expect(text(attribute(message, USERNAME) as Uint8Array)).toBe('evtj:h6vY');
  expect(checkFingerprint(REQUEST)).toBe('right');
});

test('the sample responses of RFC 5769 carry the addresses that the RFC says', () => {
  for (const [sample, address] of [
    [RESPONSE_IPV4, '192.0.2.1'],
    [RESPONSE_IPV6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ] as const) {
    const message = parseStun(sample);
    expect(message.class).toBe('success');
    const value = attribute(message, XOR_MAPPED_ADDRESS) as Uint8Array;
    expect(parseXorAddress(value, message.transactionId)).toEqual({ address, port: 32853 });
    expect(xorAddress(XOR_MAPPED_ADDRESS, { address, port: 32853 }, TRANSACTION).value).toEqual(value);
    expect(checkFingerprint(sample)).toBe('right');
  }
});

test('a message that is read and written again is the same but for the padding, which is zero', () => {
  expect(serializeStun(parseStun(RESPONSE_IPV4)).length).toBe(RESPONSE_IPV4.length);
  const zeroPadded = RESPONSE_IPV4.slice();
  zeroPadded[35] = 0;
  expect(serializeStun(parseStun(RESPONSE_IPV4))).toEqual(zeroPadded);
});

test('class and method interleave their bits both ways', () => {
  for (const kind of ['request', 'indication', 'success', 'error'] as const) {
    for (const method of [1, 3, 0x010, 0x080, 0xfff]) {
      const message = { class: kind, method, transactionId: TRANSACTION, attributes: [] };
      expect(parseStun(serializeStun(message))).toEqual(message);
    }
  }
});

test('the CRC is that of ISO 3309', () => {
  expect(crc32(Uint8Array.from('123456789', (c) => c.charCodeAt(0)))).toBe(0xcbf43926);
});

test('a fingerprint notices any changed octet', () => {
  const message = appendFingerprint(request());
  for (let at = 0; at < message.length - 8; at++) {
    const changed = message.slice();
    changed[at] = (changed[at] as number) ^ 0x10;
    expect(checkFingerprint(changed)).toBe('wrong');
  }
});

test('literal addresses become octets and come back in the form of RFC 5952', () => {
  for (const [given, written] of [
    ['0.0.0.0', '0.0.0.0'],
    ['255.1.2.3', '255.1.2.3'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ] as const) {
    expect(addressText(addressOctets(given) as Uint8Array)).toBe(written);
  }
  for (const wrong of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', ':::', '1:2:3:4:5:6:7', '1::2::3', 'g::', 'fe80::1%eth0'])
    expect(addressOctets(wrong), wrong).toBeUndefined();
});

test('an error code is written and read with its reason', () => {
  expect(parseErrorCode(errorCode(438, 'Stale Nonce').value)).toEqual({ code: 438, reason: 'Stale Nonce' });
  for (const wrong of ['', '000004', '00000700', '00000464'])
    expect(() => parseErrorCode(octets(wrong))).toThrow(ProtocolError);
});

test('a Binding request is answered with the address it came from', () => {
  const answer = answerBinding(REQUEST.subarray(0, REQUEST.length), { address: '198.51.100.7', port: 4711 }, 'chappe');
  // The sample is an ICE check: PRIORITY must be understood, and a plain server does not.
  expect(parseErrorCode(attribute(parseStun(answer as Uint8Array), ERROR_CODE) as Uint8Array).code).toBe(420);

  const plain = answerBinding(appendFingerprint(request()), { address: '198.51.100.7', port: 4711 }) as Uint8Array;
  const message = parseStun(plain);
  expect(message.transactionId).toEqual(TRANSACTION);
  expect(parseXorAddress(attribute(message, XOR_MAPPED_ADDRESS) as Uint8Array, TRANSACTION)).toEqual({
    address: '198.51.100.7',
    port: 4711,
  });
  expect(checkFingerprint(plain)).toBe('right');
});

test('attributes that must be understood and are not are listed in a 420; optional ones are ignored', () => {
  const answer = answerBinding(
    request([
      { type: 0x0003, value: new Uint8Array(4) },
      { type: 0x8888, value: new Uint8Array(3) },
      { type: 0x7fff, value: new Uint8Array(0) },
      { type: 0x7fff, value: new Uint8Array(0) },
    ]),
    { address: '192.0.2.1', port: 1 },
  ) as Uint8Array;
  const message = parseStun(answer);
  expect(message.class).toBe('error');
  expect(attribute(message, UNKNOWN_ATTRIBUTES)).toEqual(octets('0003 7fff'));
});

test('an answer is at most twice its request, whatever the request', () => {
  const many = Array.from({ length: 60 }, (_, index) => ({ type: 0x1000 + index, value: new Uint8Array(0) }));
  for (let count = 0; count <= many.length; count++) {
    const asked = request(many.slice(0, count));
    const answer = answerBinding(asked, { address: '192.0.2.1', port: 1 }, 'a rather long name of a program');
    expect(answer?.length).toBeLessThanOrEqual(2 * asked.length);
  }
  expect(answerBinding(request(), { address: '2001:db8::1', port: 1 }, 'name')?.length).toBe(44);
});

test('what is no Binding request is met with silence', () => {
  const from = { address: '192.0.2.1', port: 1 };
  const wrongFingerprint = appendFingerprint(request());
  wrongFingerprint[wrongFingerprint.length - 1] = (wrongFingerprint[wrongFingerprint.length - 1] as number) ^ 1;
  const oldStyle = request();
  oldStyle[4] = 0; // RFC 3489: no cookie
  for (const silent of [
    new Uint8Array(0),
    new Uint8Array(20),
    REQUEST.subarray(0, 50),
    RESPONSE_IPV4,
    request([], 0x003),
    serializeStun({ class: 'indication', method: BINDING, transactionId: TRANSACTION, attributes: [] }),
    wrongFingerprint,
    oldStyle,
  ])
    expect(answerBinding(silent, from)).toBeUndefined();
});

test('attributes that lie about their length, or are too many, are refused', () => {
  const lying = request([{ type: SOFTWARE, value: new Uint8Array(4) }]);
  lying[23] = 5;
  expect(() => parseStun(lying)).toThrow('longer than its message');
  const crowd = Array.from({ length: 65 }, () => ({ type: SOFTWARE, value: new Uint8Array(0) }));
  expect(() => parseStun(request(crowd))).toThrow(ProtocolError);
});

test('every mutation of a message is parsed or refused, never worse', () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 20_000; round++) {
    const mutated = REQUEST.slice(0, random(4) === 0 ? random(REQUEST.length) : REQUEST.length);
    for (let change = random(4); change >= 0; change--) mutated[random(mutated.length || 1)] = random(256);
    try {
      parseStun(mutated);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }
    answerBinding(mutated, { address: '192.0.2.1', port: 1 });
  }
});

test('the length of a message in a stream is known from its header', () => {
  expect(stunLength(REQUEST.subarray(0, 3))).toBeUndefined();
  expect(stunLength(REQUEST)).toBe(REQUEST.length);
  expect(stunLength(octets('47455420'))).toBeUndefined(); // "GET "
  expect(stunLength(octets('00010003'))).toBeUndefined();
  expect(looksLikeStun(REQUEST.subarray(0, HEADER_LENGTH))).toBe(false);
});
