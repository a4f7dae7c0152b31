import { expect, test } from 'vitest';
import { canonicalName, canonicalUser } from './canonical-name.ts';

test('Alice and %61lice are alice', () => {
  expect(canonicalName('Alice')).toBe('alice');
  expect(canonicalUser('%61lice')).toBe('alice');
  expect(canonicalUser('%41LICE')).toBe('alice');
});

test('full-width letters are mapped, compatibility characters are refused', () => {
  expect(canonicalName('ａｌｉｃｅ')).toBe('alice');
  expect(canonicalName('ﬁona')).toBeUndefined(); // the ligature fi
  expect(canonicalName('henryⅣ')).toBeUndefined(); // RFC 8265 table 3
});

test('accents come out in NFC however they go in', () => {
  expect(canonicalName('Ange\u0301lique')).toBe('angélique');
  expect(canonicalUser('Ang%C3%A9lique')).toBe('angélique');
  expect(canonicalUser('Ang\u00c3\u00a9lique')).toBe('angélique'); // the same octets unescaped
});

test('telephone numbers and the usual ASCII marks stay as they are', () => {
  for (const name of ['+4930123456', '1001', 'a.b-c_d~e', 'sales!', 'guest.x']) expect(canonicalName(name)).toBe(name);
});

test('spaces, controls, separators and the empty name are refused', () => {
  for (const name of [
    '',
    ' ',
    'al ice',
    'a\tb',
    'a\0b',
    'a:b',
    'a@b',
    'a/b',
    '<a>',
    'a"b',
    "a'b",
    'a&b',
    'a\u3000b',
    'a\u00adb',
    'a\u200eb',
    '\ud800',
  ])
    expect(canonicalName(name), JSON.stringify(name)).toBeUndefined();
});

test('a name cannot be decoded twice', () => {
  expect(canonicalUser('%2561lice')).toBeUndefined();
  expect(canonicalUser('a%3ab')).toBeUndefined();
});

test('bad escapes and bad UTF-8 are refused', () => {
  for (const user of ['%', '%4', '%zz', '%ff', '%c0%80', '%ed%a0%80'])
    expect(canonicalUser(user), user).toBeUndefined();
});

test('a name of mixed direction is refused, a Hebrew or Arabic one is not', () => {
  expect(canonicalName('שלום')).toBe('שלום');
  expect(canonicalName('محمد1')).toBe('محمد1');
  expect(canonicalName('aשלום')).toBeUndefined();
  expect(canonicalName('שa')).toBeUndefined();
});

test('contextual characters are allowed in their context only', () => {
  expect(canonicalName('col·lega')).toBe('col·lega');
  expect(canonicalName('a·b')).toBeUndefined();
  expect(canonicalName('क्\u200dष')).toBe('क्\u200dष');
  expect(canonicalName('a\u200db')).toBeUndefined();
});

test('a name is bounded before and after mapping', () => {
  expect(canonicalName('a'.repeat(128))).toBe('a'.repeat(128));
  expect(canonicalName('a'.repeat(129))).toBeUndefined();
  expect(canonicalName('é'.repeat(65))).toBeUndefined();
  expect(canonicalUser('%61'.repeat(1000))).toBeUndefined();
});

test('canonical names are fixed points', () => {
  for (const name of ['Straße', 'ΣΊΣΥΦΟΣ', 'İstanbul', 'ＡＬＩＣＥ', 'Ǆ']) {
    const once = canonicalName(name);
    if (once !== undefined) expect(canonicalName(once)).toBe(once);
  }
});
