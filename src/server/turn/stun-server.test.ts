import { expect, test } from 'vitest';
import { BINDING, serializeStun } from '../../protocol/stun/message.ts';
import { SourceRate } from './source-rate.ts';
import { StunServer } from './stun-server.ts';

const binding = serializeStun({
  class: 'request',
  method: BINDING,
  transactionId: new Uint8Array(12).fill(7),
  attributes: [],
});

test('one source is answered so often at once and so often a second, and others as before', () => {
  let now = 0;
  const stun = new StunServer({ rate: new SourceRate({ burst: 100, rate: 10, now: () => now, seed: 1 }) });
  const answered = (address: string, times: number) => {
    let count = 0;
    for (let port = 1; port <= times; port++) if (stun.respond(binding, { address, port }) !== undefined) count += 1;
    return count;
  };
  expect(answered('192.0.2.1', 1_000)).toBe(100);
  expect(answered('::ffff:192.0.2.1', 1)).toBe(0); // the same one
  expect(answered('192.0.2.2', 50)).toBe(50);
  now = 1_000;
  expect(answered('192.0.2.1', 1_000)).toBe(10);
  now = 3_600_000;
  expect(answered('192.0.2.1', 1_000)).toBe(100);
  expect(stun).toMatchObject({ answered: 260, unanswered: 900 + 1 + 990 + 900 });
});

test('the addresses of one IPv6 network count as one, however they are written', () => {
  const rate = new SourceRate({ burst: 2, rate: 1, now: () => 0, seed: 1 });
  expect(['2001:db8::1', '2001:db8:0:0:1:2:3:4', '2001:db8::7'].map((address) => rate.take(address))).toEqual([
    true,
    true,
    false,
  ]);
  expect(rate.take('2001:db8:0:1::1')).toBe(true);
});

test('a flood from a million forged sources takes no answer from anybody else', () => {
  let now = 0;
  const rate = new SourceRate({ burst: 20_000, rate: 1_000, now: () => now });
  for (let i = 0; i < 1_000_000; i++) {
    now += 0.001;
    rate.take(`${i & 255}.${(i >> 8) & 255}.${(i >> 16) & 255}.9`);
  }
  for (let i = 0; i < 5_000; i++) expect(rate.take('198.51.100.1')).toBe(true);
});

test('a source without an address that can be read is one as well', () => {
  const rate = new SourceRate({ burst: 1, rate: 1, now: () => 0 });
  expect([rate.take(':'), rate.take(':'), rate.take('')]).toEqual([true, false, true]);
});
