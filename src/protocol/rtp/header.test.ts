import { expect, test } from 'vitest';
import { isRtcp, packetClass } from './demultiplex.ts';
import {
  headerLength,
  marker,
  payloadEnd,
  payloadType,
  sequenceDistance,
  sequenceNumber,
  setMarker,
  setPayloadType,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
  ssrc,
  timestamp,
  writeHeader,
} from './header.ts';
import {
  addExtension,
  elementLength,
  elementOffset,
  findExtension,
  removeExtension,
  renumberExtensions,
} from './header-extension.ts';

function octets(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** PT 111, two extensions of the one-byte form with padding between: 1 of 1 octet, 5 of 3; payload aabb. */
const ONE_BYTE = '90ef 0102 00000003 80000004 bede 0002 10 77 00 52 010203 00 aabb';
/** The two-byte form: 1 of 0 octets, 200 of 2; payload aabb. */
const TWO_BYTE = '906f 0102 00000003 80000004 1000 0002 01 00 c8 02 0405 0000 aabb';

test('the fields of a header are read and rewritten in place', () => {
  const packet = new Uint8Array(14);
  writeHeader(packet, 111, 65535, 0xfffffff0, 0xdeadbeef, true);
  expect([headerLength(packet), marker(packet), payloadType(packet)]).toEqual([12, true, 111]);
  expect([sequenceNumber(packet), timestamp(packet), ssrc(packet)]).toEqual([65535, 0xfffffff0, 0xdeadbeef]);
  setPayloadType(packet, 0);
  expect(marker(packet)).toBe(true);
  setMarker(packet, false);
  setSequenceNumber(packet, 1);
  setTimestamp(packet, 2);
  setSsrc(packet, 0x80000003);
  expect(packet).toEqual(octets('8000 0001 00000002 80000003 0000'));
});

test('CSRCs and the extension belong to the header', () => {
  expect(headerLength(octets('8200 0001 00000002 00000003 00000004 00000005 ff'))).toBe(20);
  expect(headerLength(octets(ONE_BYTE))).toBe(24);
});

test('what is cut short or of another version is no RTP', () => {
  const whole = octets('92ef 0102 00000003 80000004 00000001 00000002 bede 0001 10770000');
  for (let length = 0; length < 28; length++) expect(headerLength(whole, length)).toBe(-1);
  expect(headerLength(whole)).toBe(28);
  expect(headerLength(whole, 29)).toBe(-1);
  expect(headerLength(octets('4000 0001 00000002 00000003'))).toBe(-1);
  expect(headerLength(octets('9000 0001 00000002 00000003 bede ffff'))).toBe(-1);
});

test('padding is taken off, and is never longer than the payload', () => {
  const header = 'a000 0001 00000002 00000003';
  expect(payloadEnd(octets(`${header} aabb 000003`), 12)).toBe(14);
  expect(payloadEnd(octets(`${header} 0002`), 12)).toBe(12);
  expect(payloadEnd(octets(`${header} 0003`), 12)).toBe(-1);
  expect(payloadEnd(octets(`${header} 00`), 12)).toBe(-1);
  expect(payloadEnd(octets(header), 12)).toBe(-1);
});

test('sequence numbers are compared modulo 2^16', () => {
  expect([sequenceDistance(65535, 0), sequenceDistance(0, 65535), sequenceDistance(7, 7)]).toEqual([1, -1, 0]);
  expect(sequenceDistance(0, 0x8000)).toBe(-0x8000);
});

test('an extension element is found in either form', () => {
  for (const [packet, id, value] of [
    [ONE_BYTE, 1, '77'],
    [ONE_BYTE, 5, '010203'],
    [TWO_BYTE, 1, ''],
    [TWO_BYTE, 200, '0405'],
  ] as const) {
    const found = findExtension(octets(packet), id);
    const at = elementOffset(found);
    expect(octets(packet).subarray(at, at + elementLength(found))).toEqual(octets(value));
  }
  expect(findExtension(octets(ONE_BYTE), 2)).toBe(-1);
  expect(findExtension(octets('8000 0001 00000002 00000003'), 1)).toBe(-1);
  expect(findExtension(octets('9000 0001 00000002 00000003 1234 0001 10771077'), 1)).toBe(-1);
});

test('an element that runs out of the extension, and what is behind identifier 15, are not found', () => {
  expect(findExtension(octets('9000 0001 00000002 00000003 bede 0001 13aabbcc dd'), 1)).toBe(-1);
  expect(findExtension(octets('9000 0001 00000002 00000003 bede 0001 f0aa 10bb'), 1)).toBe(-1);
  expect(findExtension(octets('9000 0001 00000002 00000003 bede 0001 03aa 10bb'), 1)).toBe(-1);
  expect(findExtension(octets('9000 0001 00000002 00000003 1000 0001 00000001'), 1)).toBe(-1);
});

test('elements are renumbered, and those without a number become padding', () => {
  const mapping = new Uint8Array(256);
  mapping[5] = 9;
  mapping[200] = 3;
  const oneByte = octets(ONE_BYTE);
  renumberExtensions(oneByte, mapping);
  expect(oneByte).toEqual(octets('90ef 0102 00000003 80000004 bede 0002 00 00 00 92 010203 00 aabb'));
  const twoByte = octets(TWO_BYTE);
  renumberExtensions(twoByte, mapping);
  expect(twoByte).toEqual(octets('906f 0102 00000003 80000004 1000 0002 00 00 03 02 0405 0000 aabb'));
});

test('an element that cannot be read, or has a number too large for its form, does not pass', () => {
  const mapping = new Uint8Array(256).fill(15);
  const packet = octets('9000 0001 00000002 00000003 bede 0002 10aa 5fbb ccddeeff 99');
  renumberExtensions(packet, mapping);
  expect(packet).toEqual(octets('9000 0001 00000002 00000003 bede 0002 0000 0000 00000000 99'));
});

test('the whole extension is taken out, the payload moves up', () => {
  const packet = octets(ONE_BYTE);
  const length = removeExtension(packet);
  expect(packet.subarray(0, length)).toEqual(octets('80ef 0102 00000003 80000004 aabb'));
  expect(removeExtension(packet, length)).toBe(length);
});

test('an element is added behind those that are there, in their form, and the payload moves down', () => {
  const add = (text: string, id: number, value: string, room = 24): Uint8Array => {
    const bare = octets(text);
    const packet = new Uint8Array(bare.length + room);
    packet.set(bare);
    return packet.slice(0, addExtension(packet, bare.length, id, octets(value)));
  };
  expect(add('80ef 0102 00000003 80000004 aabb', 3, '31')).toEqual(
    octets('90ef 0102 00000003 80000004 bede 0001 3031 0000 aabb'),
  );
  expect(add('90ef 0102 00000003 80000004 bede 0001 10770000 aabb', 14, '313233')).toEqual(
    octets('90ef 0102 00000003 80000004 bede 0002 10770000 e2313233 aabb'),
  );
  expect(add('90ef 0102 00000003 80000004 1000 0001 05017700 aabb', 3, '3132')).toEqual(
    octets('90ef 0102 00000003 80000004 1000 0002 05017700 03023132 aabb'),
  );
  const found = add('91ef 0102 00000003 80000004 0000000c bede 0001 10770000 aabb', 9, 'aa'.repeat(16));
  expect(elementLength(findExtension(found, 9))).toBe(16);
});

test('an element is not added where there is no room, or to a form that is unknown', () => {
  const packet = octets('80ef 0102 00000003 80000004 aabb');
  expect(addExtension(packet, packet.length, 3, octets('31'))).toBe(packet.length);
  const foreign = new Uint8Array(60);
  foreign.set(octets('90ef 0102 00000003 80000004 abcd 0001 10770000 aabb'));
  expect(addExtension(foreign, 22, 3, octets('31'))).toBe(22);
});

test('the first octet says which protocol a datagram is of, as RFC 7983 has it', () => {
  const classOf = (octet: number) => packetClass(Uint8Array.of(octet));
  expect([0, 3, 16, 19, 20, 63, 64, 79, 128, 191].map(classOf)).toEqual(
    ['stun', 'zrtp', 'dtls', 'channel', 'rtp'].flatMap((name) => [name, name]),
  );
  expect([4, 15, 80, 127, 192, 255].map(classOf)).toEqual(Array(6).fill('unknown'));
  expect(packetClass(new Uint8Array())).toBe('unknown');
});

test('RTCP is told from RTP by its packet type', () => {
  expect([192, 200, 206, 223].every((type) => isRtcp(Uint8Array.of(0x80, type)))).toBe(true);
  expect([0, 96, 127, 128 + 63, 128 + 96, 255].some((type) => isRtcp(Uint8Array.of(0x80, type)))).toBe(false);
  expect(isRtcp(Uint8Array.of(0x80))).toBe(false);
});
