import { expect, test } from 'vitest';
import { amplitudeOf, decibels, tone } from '../../../../test/support/audio.ts';
import { Doubler, Halver } from './half-band.ts';

function halved(hertz: number): Int16Array {
  const output = new Int16Array(8000);
  new Halver().push(tone(hertz, 16_000, 16_000), 16_000, output);
  return output.subarray(100);
}

function doubled(hertz: number): Int16Array {
  const output = new Int16Array(16_000);
  new Doubler().push(tone(hertz, 8000, 8000), 8000, output);
  return output.subarray(200);
}

test.each([100, 1000, 3400, 3600])('%i Hz keeps its level in both directions', (hertz) => {
  expect(Math.abs(decibels(amplitudeOf(hertz, halved(hertz), 8000), 8000))).toBeLessThan(0.1);
  expect(Math.abs(decibels(amplitudeOf(hertz, doubled(hertz), 16_000), 8000))).toBeLessThan(0.1);
});

test.each([4400, 5000, 7500])('%i Hz is not folded into what a phone hears', (hertz) => {
  expect(decibels(amplitudeOf(8000 - hertz, halved(hertz), 8000), 8000)).toBeLessThan(-60);
});

test.each([500, 3000, 3600])('%i Hz has no image above 4 kHz', (hertz) => {
  expect(decibels(amplitudeOf(8000 - hertz, doubled(hertz), 16_000), 8000)).toBeLessThan(-60);
});

test('frames are one stream', () => {
  const whole = halved(700);
  const input = tone(700, 16_000, 16_000);
  const output = new Int16Array(8000);
  const halver = new Halver();
  for (let at = 0; at < 16_000; at += 320)
    halver.push(input.subarray(at, at + 320), 320, output.subarray(at / 2, at / 2 + 160));
  expect(output.subarray(100)).toEqual(whole);
});
