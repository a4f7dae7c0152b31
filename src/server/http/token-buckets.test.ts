import { expect, test } from 'vitest';
import { addressKey, TokenBuckets } from './token-buckets.ts';

test('a bucket is emptied, refilled with time, and given back to', () => {
  let now = 0;
  const buckets = new TokenBuckets({ burst: 2, interval: 1000, keys: 10, now: () => now });
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 1000]);
  expect(buckets.take('b')).toBe(0);
  now = 400;
  expect(buckets.take('a')).toBe(600);
  buckets.giveBack('a');
  expect(buckets.take('a')).toBe(0);
  now = 1_000_000;
  expect([buckets.take('a'), buckets.take('a'), buckets.take('a')]).toEqual([0, 0, 1000]);
});

test('a stranger who makes up keys does not fill the memory', () => {
  const buckets = new TokenBuckets({ burst: 1, interval: 1000, keys: 100, now: () => 0 });
  for (let i = 0; i < 10_000; i++) buckets.take(`key${i}`);
  expect(buckets.size).toBe(100);
  expect(buckets.take('key9999')).toBe(1000);
});

test('an IPv6 customer is one address, an IPv4-mapped one is IPv4', () => {
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
  expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0');
  expect(addressKey('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(addressKey('::1')).toBe('0:0:0:0');
});
