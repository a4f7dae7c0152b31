import { expect, test } from 'vitest';
import { rootMeanSquare, tone } from '../../../../test/support/audio.ts';
import { LossConcealment } from './loss-concealment.ts';

const FRAME = 160;

/** Frames of a tone of 230 Hz, of which those with these numbers are lost. */
function heard(frames: number, ...lost: number[]): Int16Array {
  const said = tone(230, 8000, frames * FRAME);
  const concealment = new LossConcealment(8000);
  for (let n = 0; n < frames; n++) {
    const frame = said.subarray(n * FRAME, (n + 1) * FRAME);
    if (lost.includes(n)) concealment.conceal(frame, FRAME);
    else concealment.heard(frame, FRAME);
  }
  return said;
}

function largestStep(samples: Int16Array): number {
  let largest = 0;
  for (let n = 1; n < samples.length; n++) largest = Math.max(largest, Math.abs(samples[n]! - samples[n - 1]!));
  return largest;
}

test('a voice goes on through a lost frame, without a click at its beginning or its end', () => {
  const samples = heard(10, 5);
  expect(rootMeanSquare(samples.subarray(5 * FRAME, 6 * FRAME))).toBeGreaterThan(0.8 * (8000 / Math.SQRT2));
  expect(largestStep(samples)).toBeLessThan(2.5 * largestStep(heard(10)));
});

test('a longer gap fades out and is silent after 60 ms', () => {
  const levels = [5, 6, 7, 8].map((n) => rootMeanSquare(heard(10, 5, 6, 7, 8).subarray(n * FRAME, (n + 1) * FRAME)));
  expect(levels).toEqual([...levels].sort((one, other) => other - one));
  expect(levels.at(-1)).toBe(0);
});

test('a gap before anything was heard is silence', () => {
  expect(rootMeanSquare(heard(1, 0))).toBe(0);
});
