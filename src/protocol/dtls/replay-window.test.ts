import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplayWindow } from './replay-window.ts';

test('a record is taken once, and not at all when 64 newer ones may have come', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }), (sequences) => {
      const window = new ReplayWindow();
      const taken = new Set<number>();
      let highest = -1;
      for (const sequence of sequences) {
        const expected = !taken.has(sequence) && highest - sequence < 64;
        expect(window.fresh(sequence)).toBe(expected);
        if (!expected) continue;
        window.accept(sequence);
        taken.add(sequence);
        highest = Math.max(highest, sequence);
      }
    }),
  );
});

test('numbers up to 48 bits are told apart', () => {
  const window = new ReplayWindow();
  window.accept(2 ** 48 - 2);
  expect(window.fresh(2 ** 48 - 1)).toBe(true);
  expect(window.fresh(2 ** 48 - 2)).toBe(false);
  expect(window.fresh(2 ** 47)).toBe(false);
});
