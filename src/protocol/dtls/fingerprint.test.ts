import { expect, test } from 'vitest';
import { parseFingerprint, serializeFingerprint } from './fingerprint.ts';

test('a SHA-256 fingerprint is read in either case and written in upper case', () => {
  const octets = Uint8Array.from({ length: 32 }, (_, i) => i * 8);
  const text = serializeFingerprint(octets);
  expect(text).toMatch(/^00:08:10:.*:F8$/);
  expect(parseFingerprint(text)).toEqual(octets);
  expect(parseFingerprint(text.toLowerCase())).toEqual(octets);
});

test('a fingerprint of another hash of that family is read', () => {
  for (const length of [20, 28, 48, 64]) {
    const octets = new Uint8Array(length).fill(7);
    expect(parseFingerprint(serializeFingerprint(octets))).toEqual(octets);
  }
  for (const length of [1, 16, 31, 33, 65])
    expect(parseFingerprint(serializeFingerprint(new Uint8Array(length)))).toBeUndefined();
});

test('what is no fingerprint is none', () => {
  const good = serializeFingerprint(new Uint8Array(32));
  for (const text of [
    '',
    good.slice(3),
    `${good}:00`,
    good.replaceAll(':', ''),
    good.replace('00', '0G'),
    ` ${good}`,
  ]) {
    expect(parseFingerprint(text)).toBeUndefined();
  }
});
