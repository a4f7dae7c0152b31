import { expect, test } from 'vitest';
import { BackOff } from './back-off.ts';

test('delays double up to the most, and begin again after a reset', () => {
  const backOff = new BackOff(1000, 8000, () => 1);
  expect([1, 2, 3, 4, 5, 6].map(() => backOff.next())).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
  backOff.reset();
  expect(backOff.next()).toBe(1000);
});

test('the first delay is drawn from zero, later ones from the upper half', () => {
  const backOff = new BackOff(1000, 8000, () => 0);
  expect([backOff.next(), backOff.next(), backOff.next()]).toEqual([0, 1000, 2000]);
});
