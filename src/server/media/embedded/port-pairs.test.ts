import { expect, test } from 'vitest';
import { PortPairs } from './port-pairs.ts';

test('pairs begin at even ports and lie within the range', () => {
  const pairs = new PortPairs({ first: 30_001, last: 30_008 }, 1_000);
  expect(pairs.available).toBe(3);
  const taken = [pairs.take(0), pairs.take(0), pairs.take(0)].sort();
  expect(taken).toEqual([30_002, 30_004, 30_006]);
  expect(pairs.take(0)).toBeUndefined();
});

test('a pair that was given back rests, and is only taken earlier when there is no other', () => {
  const pairs = new PortPairs({ first: 30_000, last: 30_003 }, 1_000);
  const first = pairs.take(0)!;
  pairs.giveBack(first, 0);
  const second = pairs.take(500);
  expect(second).not.toBe(first);
  expect(pairs.take(500)).toBe(first);
  pairs.giveBack(first, 600);
  expect(pairs.take(1_700)).toBe(first);
});

test('which pair is next cannot be foretold', () => {
  const order = () => {
    const pairs = new PortPairs({ first: 30_000, last: 39_999 }, 1_000);
    return [pairs.take(0), pairs.take(0), pairs.take(0), pairs.take(0)].join();
  };
  expect(new Set([order(), order(), order(), order()]).size).toBeGreaterThan(1);
});

test('what is taken and given back 10,000 times stays one pair each', () => {
  const pairs = new PortPairs({ first: 30_000, last: 30_099 }, 10);
  for (let now = 0; now < 10_000; now++) pairs.giveBack(pairs.take(now)!, now);
  expect(pairs.available).toBe(50);
});
