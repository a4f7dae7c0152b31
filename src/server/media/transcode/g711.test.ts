import { expect, test } from 'vitest';
import { decodeG711, encodeG711, type Law } from './g711.ts';

function decode(law: Law, ...octets: number[]): number[] {
  const samples = new Int16Array(octets.length);
  decodeG711(law, Uint8Array.from(octets), 0, octets.length, samples);
  return [...samples];
}

function encode(law: Law, ...samples: number[]): number[] {
  const octets = new Uint8Array(samples.length);
  encodeG711(law, Int16Array.from(samples), samples.length, octets, 0);
  return [...octets];
}

test('mu-law: the values of G.711 table 2 at the ends of its segments', () => {
  // Decoder output values of 14 bits: 8031, 4191, 2079, 1023, 495, 231, 99, 33 less 33 of bias, then 2 and 0.
  expect(decode('PCMU', 0x80, 0x8f, 0x9f, 0xaf, 0xbf, 0xcf, 0xdf, 0xef, 0xfe, 0xff)).toEqual(
    [8031, 4191, 2079, 1023, 495, 231, 99, 33, 2, 0].map((value) => 4 * value),
  );
  expect(decode('PCMU', 0x00, 0x7e)).toEqual([-4 * 8031, -8]);
});

test('A-law: the values of G.711 table 1 at the ends of its segments', () => {
  // Decoder output values of 13 bits, even bits inverted on the line.
  expect(decode('PCMA', 0xaa, 0xa5, 0xb5, 0x85, 0x95, 0xe5, 0xf5, 0xd5, 0x55)).toEqual(
    [4032, 2112, 1056, 528, 264, 132, 66, 1, -1].map((value) => 8 * value),
  );
});

test.each(['PCMU', 'PCMA'] as const)(
  '%s: every octet comes back as it was, but for the second zero of mu-law',
  (law) => {
    for (let octet = 0; octet < 256; octet++) {
      const [again] = encode(law, ...decode(law, octet));
      expect(again).toBe(law === 'PCMU' && octet === 0x7f ? 0xff : octet);
    }
  },
);

test.each(['PCMU', 'PCMA'] as const)('%s: every sample is as near as its segment allows', (law) => {
  for (let sample = -32768; sample < 32768; sample += 7) {
    const [heard] = decode(law, ...encode(law, sample));
    const magnitude = Math.abs(sample);
    // The step is a 16th of the segment; beyond the last decision value it clips.
    const step = Math.max(law === 'PCMU' ? 8 : 16, (magnitude + 132) / 16);
    expect(Math.abs((heard as number) - Math.max(-32636, Math.min(32636, sample)))).toBeLessThanOrEqual(step);
  }
});
