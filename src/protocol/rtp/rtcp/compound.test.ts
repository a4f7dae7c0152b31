import { expect, test } from 'vitest';
import { parseCompound, type RtcpPacket, serializeCompound } from './compound.ts';

const REPORT = { ssrc: 7, fractionLost: 12, lost: -3, highest: 0x10002, jitter: 44, lastReport: 0xfedcba98, delay: 9 };

/** One of each. */
const PACKETS: RtcpPacket[] = [
  {
    type: 'SR',
    ssrc: 0xdeadbeef,
    ntpSeconds: 0xe0000000,
    ntpFraction: 0x80000000,
    rtpTimestamp: 160,
    packets: 5,
    octets: 800,
    reports: [REPORT, { ...REPORT, ssrc: 8, lost: 0x7fffff }],
  },
  { type: 'RR', ssrc: 2, reports: [REPORT] },
  {
    type: 'SDES',
    chunks: [
      { ssrc: 1, items: [{ type: 1, text: 'abc' }] },
      { ssrc: 2, items: [] },
      {
        ssrc: 3,
        items: [
          { type: 1, text: 'x@y' },
          { type: 6, text: '' },
        ],
      },
    ],
  },
  { type: 'NACK', sender: 1, media: 2, lost: [65535, 0, 5, 30] },
  { type: 'PLI', sender: 1, media: 2 },
  { type: 'FIR', sender: 1, requests: [{ ssrc: 5, sequence: 255 }] },
  { type: 'REMB', sender: 1, bitrate: 1_000_000, sources: [1, 0xffffffff] },
  {
    type: 'TWCC',
    sender: 1,
    media: 2,
    base: 65_530,
    count: 40,
    referenceTime: 0xffffff,
    feedbackCount: 3,
    received: [
      { sequence: 65_530, delta: 0 },
      { sequence: 65_532, delta: 255 },
      { sequence: 0, delta: -4 },
      { sequence: 1, delta: 256 },
      { sequence: 33, delta: 1 },
    ],
  },
  { type: 'other', packetType: 204, count: 3, body: Uint8Array.from([0, 0, 0, 1, 65, 66, 67, 68]) },
  { type: 'BYE', sources: [1, 2], reason: 'so long' },
];

test('every packet survives being written and read', () => {
  for (const packet of PACKETS) {
    const octets = serializeCompound([packet]);
    expect(octets.length % 4).toBe(0);
    expect(parseCompound(octets)).toEqual([packet]);
  }
  expect(parseCompound(serializeCompound(PACKETS))).toEqual(PACKETS);
});

test('a compound that is cut short anywhere is refused as a whole', () => {
  const octets = serializeCompound(PACKETS);
  const ends = PACKETS.map((_, index) => serializeCompound(PACKETS.slice(0, index + 1)).length);
  for (let length = 0; length < octets.length; length++) {
    if (!ends.includes(length)) expect(parseCompound(octets, length)).toBe(undefined);
  }
  expect(parseCompound(octets, octets.length + 1)).toBe(undefined);
});

test('counts that are larger than their packet are refused', () => {
  for (const [first, type] of [
    [0x9f, 200],
    [0x81, 201],
    [0x81, 202],
    [0x9f, 203],
    [0x81, 205],
    [0x8f, 205],
    [0x84, 206],
  ] as const) {
    expect(parseCompound(Uint8Array.of(first, type, 0, 1, 0, 0, 0, 1))).toBe(undefined);
  }
});

test("padding is the last packet's alone", () => {
  const padded = (...octets: number[]) => Uint8Array.of(0xa0, 201, 0, octets.length / 4, ...octets);
  const report = { type: 'RR', ssrc: 1, reports: [] };
  expect(parseCompound(padded(0, 0, 0, 1, 0, 0, 0, 4))).toEqual([report]);
  expect(parseCompound(padded(0, 0, 0, 1, 0, 0, 0, 0))).toBe(undefined);
  expect(parseCompound(padded(0, 0, 0, 1, 0, 0, 0, 3))).toBe(undefined);
  expect(parseCompound(padded(0, 0, 0, 1, 0, 0, 0, 8))).toBe(undefined);
  const first = padded(0, 0, 0, 1, 0, 0, 0, 4);
  expect(parseCompound(Uint8Array.from([...first, ...first]))).toBe(undefined);
});

test('a transport-wide report on packets that never came costs nothing', () => {
  const runs = Array.from({ length: 8 }, () => [0x1f, 0xff]).flat();
  const body = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0xff, 0xf8, 0, 0, 0, 0, ...runs];
  const octets = Uint8Array.of(0x8f, 205, 0, body.length / 4, ...body);
  expect(parseCompound(octets)).toMatchObject([{ type: 'TWCC', count: 0xfff8, received: [] }]);
});

test('a transport-wide run of nothing, and reserved symbols, are refused', () => {
  for (const chunk of [
    [0x00, 0x00],
    [0x60, 0x01],
  ]) {
    const body = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, ...chunk, 0, 0];
    expect(parseCompound(Uint8Array.of(0x8f, 205, 0, body.length / 4, ...body))).toBe(undefined);
  }
});

test('a vector of single bits is read', () => {
  const body = [0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 0, 3, 0, 0, 1, 0, 0xa8, 0, 7, 8];
  expect(parseCompound(Uint8Array.of(0x8f, 205, 0, body.length / 4, ...body))).toMatchObject([
    {
      received: [
        { sequence: 9, delta: 7 },
        { sequence: 11, delta: 8 },
      ],
    },
  ]);
});

test('more than 32 packets in a datagram are refused', () => {
  const pli = serializeCompound([{ type: 'PLI', sender: 1, media: 2 }]);
  expect(
    parseCompound(
      Uint8Array.from(
        Array(33)
          .fill([...pli])
          .flat(),
      ),
    ),
  ).toBe(undefined);
});
