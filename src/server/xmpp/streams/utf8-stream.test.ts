import { expect, test } from 'vitest';
import { Utf8Stream } from './utf8-stream.ts';

const text = 'a é 世 🎈 z';

test('text that is cut anywhere comes out whole', () => {
  const octets = Buffer.from(text);
  for (let first = 0; first <= octets.length; first++)
    for (let second = first; second <= octets.length; second++) {
      const stream = new Utf8Stream();
      const parts = [octets.subarray(0, first), octets.subarray(first, second), octets.subarray(second)];
      expect(parts.map((part) => stream.push(part)).join('')).toBe(text);
    }
});

test('what is not UTF-8 is refused, at once or with the octet that shows it', () => {
  for (const bad of ['c0af', 'ff', '80', 'eda080', 'f4908080', '61e282', 'c328']) {
    const stream = new Utf8Stream();
    expect(() => {
      stream.push(Buffer.from(bad, 'hex'));
      stream.push(Buffer.from('zz'));
    }, bad).toThrow('Not UTF-8');
  }
});
