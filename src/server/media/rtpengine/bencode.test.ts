import { expect, test } from 'vitest';
import { readBencode, writeBencode } from './bencode.ts';

test('values are written as the ng protocol has them', () => {
  expect(writeBencode({ command: 'ping' })).toBe('d7:command4:pinge');
  expect(writeBencode({ limit: 32, flags: ['a', 'bc'], none: undefined, at: { x: -1 } })).toBe(
    'd5:limiti32e5:flagsl1:a2:bce2:atd1:xi-1eee',
  );
  expect(writeBencode('')).toBe('0:');
  expect(() => writeBencode(1.5)).toThrow(RangeError);
});

test('every octet goes through a string unchanged', () => {
  const octets = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
  expect(readBencode(writeBencode(octets))).toBe(octets);
});

test('what was written is read', () => {
  const read = readBencode('d6:result2:ok5:calls0:5:statsd7:packetsi90e4:lasti-5ee4:tagsl1:a1:bee');
  expect(read).toEqual(
    new Map<string, unknown>([
      ['result', 'ok'],
      ['calls', ''],
      [
        'stats',
        new Map([
          ['packets', 90],
          ['last', -5],
        ]),
      ],
      ['tags', ['a', 'b']],
    ]),
  );
});

test('a key may be named like what every object has', () => {
  const read = readBencode('d9:__proto__1:x11:constructor1:ye');
  expect(read).toEqual(
    new Map([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]),
  );
});

for (const [title, text] of Object.entries({
  nothing: '',
  'a string shorter than its length': '5:ping',
  'a length of more digits than there can be': `${'9'.repeat(21)}:x`,
  'a length without a colon': '4ping',
  'a negative length': '-1:x',
  'an integer without digits': 'ie',
  'an integer that is a minus': 'i-e',
  'an integer without an end': 'i12',
  'an integer with a fraction': 'i1.5e',
  'a list without an end': 'l4:ping',
  'a dictionary without an end': 'd4:ping',
  'a key without a value': 'd4:pinge',
  'a key that is no string': 'di1e1:xe',
  'octets after the value': '4:pingx',
  'more depth than anybody needs': 'l'.repeat(20) + 'e'.repeat(20),
})) {
  test(`${title} is not bencode`, () => {
    expect(() => readBencode(text)).toThrow(expect.objectContaining({ code: 'NG_SYNTAX' }));
  });
}

test('a million empty lists are refused after as many as are allowed', () => {
  expect(() => readBencode(`l${'le'.repeat(1_000_000)}e`)).toThrow(expect.objectContaining({ code: 'NG_SYNTAX' }));
  expect(readBencode('llelee', { depth: 2, values: 3 })).toEqual([[], []]);
  expect(() => readBencode('llelelee', { depth: 2, values: 3 })).toThrow();
});
