import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fragment } from './handshake-message.ts';
import { Reassembly } from './reassembly.ts';

const LIMITS = { message: 1000, messagesAhead: 4, octetsAhead: 1500 };

function fragment(sequence: number, body: readonly number[], offset = 0, length = body.length): Fragment {
  return { type: 1, sequence, length, offset, body: Uint8Array.from(body) };
}

test('messages come out whole and in order, however their fragments overlap and arrive', () => {
  const piece = fc.record({ message: fc.nat(2), from: fc.nat(19), size: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const reassembly = new Reassembly(LIMITS);
      const octets = (message: number): number[] => Array.from({ length: 20 }, (_, i) => message * 20 + i);
      const present = [0, 1, 2].map(() => new Set<number>());
      let delivered = 0;
      for (const { message, from, size } of pieces) {
        const end = Math.min(20, from + size);
        reassembly.add(fragment(message, octets(message).slice(from, end), from, 20), 0);
        for (let i = from; i < end; i++) present[message]!.add(i);
        for (let next = reassembly.next(); next; next = reassembly.next()) {
          expect(next.sequence).toBe(delivered);
          expect([...next.body]).toEqual(octets(delivered));
          delivered++;
          reassembly.accept();
        }
      }
      const whole = present.map((set) => set.size === 20);
      expect(delivered).toBe(whole.indexOf(false) < 0 ? 3 : whole.indexOf(false));
    }),
  );
});

test('an empty message is whole at once', () => {
  const reassembly = new Reassembly(LIMITS);
  reassembly.add(fragment(0, []), 0);
  expect(reassembly.next()?.body).toHaveLength(0);
});

test('what is too long, old, far ahead or outside its message is dropped', () => {
  const reassembly = new Reassembly(LIMITS);
  expect(reassembly.add(fragment(0, [1], 0, 1001), 0)).toBe(false);
  expect(reassembly.add(fragment(0, [1, 2], 9, 10), 0)).toBe(false);
  expect(reassembly.add(fragment(5, [1]), 0)).toBe(false);
  expect(reassembly.add(fragment(0, [1]), 0)).toBe(true);
  reassembly.accept();
  expect(reassembly.add(fragment(0, [1]), 0)).toBe(false);
});

test('messages ahead share a bound, and the awaited one always has room', () => {
  const reassembly = new Reassembly(LIMITS);
  expect(reassembly.add(fragment(1, [1], 0, 1000), 0)).toBe(true);
  expect(reassembly.add(fragment(2, [1], 0, 501), 0)).toBe(false);
  expect(reassembly.add(fragment(2, [1], 0, 500), 0)).toBe(true);
  expect(reassembly.add(fragment(3, [1], 0, 1), 0)).toBe(false);
  expect(reassembly.add(fragment(0, [1], 0, 1000), 0)).toBe(true);
});

test('a fragment in conflict starts its message anew, but not over one that is authenticated', () => {
  const reassembly = new Reassembly(LIMITS);
  reassembly.add(fragment(0, [9], 0, 3), 0);
  reassembly.add(fragment(0, [1, 2]), 0);
  expect([...reassembly.next()!.body]).toEqual([1, 2]);
  reassembly.add(fragment(0, [5], 0, 2), 1);
  expect(reassembly.next()).toBeUndefined();
  expect(reassembly.add(fragment(0, [7, 7]), 0)).toBe(false);
  reassembly.add(fragment(0, [6], 1, 2), 1);
  expect(reassembly.next()).toMatchObject({ epoch: 1, body: Uint8Array.from([5, 6]) });
});

test('a message that was rejected may come again', () => {
  const reassembly = new Reassembly(LIMITS);
  reassembly.add(fragment(0, [1]), 0);
  reassembly.reject();
  expect(reassembly.next()).toBeUndefined();
  reassembly.add(fragment(0, [2]), 0);
  expect([...reassembly.next()!.body]).toEqual([2]);
});
