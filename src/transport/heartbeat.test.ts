import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('each member is visited once an interval, spread over it, by one timer', () => {
  const heartbeat = new Heartbeat(25_000);
  const visits = new Map<number, number>();
  for (let member = 0; member < 1000; member++) {
    heartbeat.add({ beat: () => visits.set(member, (visits.get(member) ?? 0) + 1) });
  }
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(visits.size).toBe(40); // a twenty-fifth
  vi.advanceTimersByTime(24_000);
  expect(visits.size).toBe(1000);
  vi.advanceTimersByTime(50_000);
  expect([...visits.values()].every((count) => count === 3)).toBe(true);
});

test('a member that leaves, even while it is visited, is not visited again', () => {
  const heartbeat = new Heartbeat(100);
  let visits = 0;
  const member = {
    beat: () => {
      visits += 1;
      heartbeat.remove(member, slot);
    },
  };
  const slot = heartbeat.add(member);
  vi.advanceTimersByTime(1000);
  expect(visits).toBe(1);
  expect(heartbeat.size).toBe(0);
  heartbeat.stop();
  expect(vi.getTimerCount()).toBe(0);
});
