import { expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8 } from './byte-string.ts';

const samples = ['', 'plain', 'Zoë', 'ßß', '日本語', '👩‍🚀', '\u0000\u007f\u0080\u07ff\u0800\uffff\u{10ffff}'];

test('UTF-8 goes out as TextEncoder writes it and comes back as it was', () => {
  for (const text of samples) {
    expect(encodeUtf8(text)).toBe(Buffer.from(text, 'utf8').toString('latin1'));
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
  }
});

test('a lone surrogate is sent as the replacement character', () => {
  expect(encodeUtf8('a\ud800b')).toBe('a\xef\xbf\xbdb');
});

test.each([
  ['a continuation without a lead', '\x80'],
  ['an overlong slash', '\xc0\xaf'],
  ['an overlong three-octet form', '\xe0\x80\xaf'],
  ['a surrogate', '\xed\xa0\x80'],
  ['a point past U+10FFFF', '\xf4\x90\x80\x80'],
  ['a sequence cut short', '\xe6\x97'],
  ['a lead that never was', '\xff'],
])('%s is not UTF-8', (_name, octets) => {
  expect(decodeUtf8(octets)).toBeUndefined();
});

test('decoding agrees with a strict TextDecoder on every two-octet string', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      let want: string | undefined;
      try {
        want = strict.decode(Uint8Array.of(a, b));
      } catch {
        want = undefined;
      }
      expect(decodeUtf8(String.fromCharCode(a, b))).toBe(want);
    }
  }
});
