import { expect, test } from 'vitest';
import { nativeClock, VirtualClock } from './clock.ts';

test('virtual time passes only when told, and fires what is due in order', () => {
  const clock = new VirtualClock();
  const fired: [string, number][] = [];
  const set = (name: string, delay: number) => clock.setTimer(delay, () => fired.push([name, clock.now()]));
  set('late', 500);
  set('early', 100);
  set('also early', 100);
  const cancelled = set('cancelled', 200);
  clock.advance(99);
  expect(fired).toEqual([]);
  cancelled.close();
  clock.advance(1000);
  expect(fired).toEqual([
    ['early', 100],
    ['also early', 100],
    ['late', 500],
  ]);
  expect(clock.now()).toBe(1099);
  expect(clock.pending).toBe(0);
});

test('a timer set by a timer fires within the same advance when it is due', () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  const again = () => {
    fired.push(clock.now());
    if (fired.length < 4) clock.setTimer(500 * 2 ** fired.length, again);
  };
  clock.setTimer(500, again);
  clock.advance(32_000);
  expect(fired).toEqual([500, 1500, 3500, 7500]);
});

test('the native clock fires and cancels', async () => {
  const before = nativeClock.now();
  nativeClock.setTimer(1, () => expect.unreachable()).close();
  await new Promise<void>((resolve) => nativeClock.setTimer(5, resolve));
  expect(nativeClock.now() - before).toBeGreaterThan(4);
});
