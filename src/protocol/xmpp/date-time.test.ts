import { expect, test } from 'vitest';
import { formatDateTime, parseDateTime } from './date-time.ts';
import { delay, delayOf } from './delay.ts';
import { xml } from './element.ts';

test('a time is read in any zone, with or without a fraction', () => {
  const noon = Date.UTC(2026, 0, 31, 12);
  expect(formatDateTime(noon)).toBe('2026-01-31T12:00:00.000Z');
  for (const text of ['2026-01-31T12:00:00Z', '2026-01-31T13:30:00+01:30', '2026-01-31T06:00:00.0-06:00'])
    expect(parseDateTime(text), text).toBe(noon);
  expect(parseDateTime('2026-01-31T12:00:00.123456Z')).toBe(noon + 123);
  expect(parseDateTime('0099-01-01T00:00:00Z')).toBeLessThan(0);
});

test('what is no time is none', () => {
  for (const text of [
    '',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-02-30T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-01-00T12:00:00Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '20260131T12:00:00',
    ' 2026-01-31T12:00:00Z',
  ])
    expect(parseDateTime(text), text).toBeUndefined();
});

test('a delay counts only as its keeper wrote it', () => {
  const message = xml('message', 'jabber:client', {}, delay('mallory', 5000), delay('example.test', 1000));
  expect(delayOf(message, 'example.test')).toBe(1000);
  expect(delayOf(message, 'other')).toBeUndefined();
});
