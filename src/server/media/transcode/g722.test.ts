import { expect, test } from 'vitest';
import { amplitudeOf, decibels, rootMeanSquare, tone } from '../../../../test/support/audio.ts';
import { G722Decoder, G722Encoder } from './g722.ts';

function coded(samples: Int16Array): Int16Array {
  const octets = new Uint8Array(samples.length / 2);
  const heard = new Int16Array(samples.length);
  // By packets of 20 ms.
  const encoder = new G722Encoder();
  const decoder = new G722Decoder();
  for (let at = 0; at < samples.length; at += 320) {
    encoder.encode(samples.subarray(at, at + 320), 320, octets, at / 2);
    decoder.decode(octets, at / 2, 160, heard.subarray(at, at + 320));
  }
  return heard;
}

test.each([200, 1000, 3000, 5000, 6800])('a tone of %i Hz keeps its level, and noise stays far below it', (hertz) => {
  const heard = coded(tone(hertz, 16_000, 16_000)).subarray(1600);
  const level = amplitudeOf(hertz, heard, 16_000);
  expect(Math.abs(decibels(level, 8000))).toBeLessThan(1);
  const noise = Math.sqrt(Math.max(1, rootMeanSquare(heard) ** 2 - level ** 2 / 2));
  expect(decibels(level / Math.SQRT2, noise)).toBeGreaterThan(hertz < 4000 ? 25 : 14);
});

test('it is 22 samples late, and silence is silence', () => {
  const impulse = new Int16Array(640);
  impulse[320] = 20_000;
  const heard = coded(impulse);
  const loudest = heard.reduce((best, sample, n) => (Math.abs(sample) > Math.abs(heard[best] as number) ? n : best), 0);
  expect(loudest - 320).toBe(22);
  expect(Math.max(...coded(new Int16Array(1600)).map(Math.abs))).toBeLessThan(4);
});
