import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { primitives as browser } from '../client/primitives.ts';
import { primitives as node } from '../transport/primitives.ts';
import { type HashName, toBase64, toBase64Url, toHex } from './primitives.ts';

const names: HashName[] = ['md5', 'sha1', 'sha256', 'sha512-256'];

test('hashes match their published values', () => {
  expect(toHex(node.hash('md5', 'abc'))).toBe('900150983cd24fb0d6963f7d28e17f72');
  expect(toHex(node.hash('sha1', 'abc'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
  expect(toHex(node.hash('sha256', 'abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(toHex(node.hash('sha512-256', 'abc'))).toBe(
    '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
  );
});

test('the browser side and the Node side agree on octets above 127', () => {
  for (const name of names) {
    expect(browser.hash(name, 'caf\xc3\xa9')).toBe(node.hash(name, 'caf\xc3\xa9'));
    expect(browser.hmac(name, 'k\xff', 'caf\xc3\xa9')).toBe(node.hmac(name, 'k\xff', 'caf\xc3\xa9'));
  }
});

test('an HMAC is that of node:crypto, for keys short, of a block, and longer (RFC 2104)', () => {
  for (const name of names) {
    for (const length of [0, 1, 63, 64, 65, 127, 128, 129, 300]) {
      const key = 'k\xfe'.repeat(length).slice(0, length);
      const want = createHmac(name, Buffer.from(key, 'latin1')).update('caf\xc3\xa9', 'latin1').digest('binary');
      expect(node.hmac(name, key, 'caf\xc3\xa9')).toBe(want);
      expect(browser.hmac(name, key, 'caf\xc3\xa9')).toBe(want);
    }
  }
});

test('comparison is by content, and unequal lengths are unequal', () => {
  for (const side of [node, browser]) {
    expect(side.equal('abc\xff', 'abc\xff')).toBe(true);
    expect(side.equal('abc', 'abd')).toBe(false);
    expect(side.equal('abc', 'ab')).toBe(false);
  }
});

test('random octets have the length asked for and differ', () => {
  for (const side of [node, browser]) {
    expect(side.random(24)).toHaveLength(24);
    expect(side.random(24)).not.toBe(side.random(24));
  }
});

test('base64 has the RFC 4648 values, with and without padding', () => {
  expect(['', 'f', 'fo', 'foo', 'foob'].map(toBase64)).toEqual(['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==']);
  expect(toBase64('\xfb\xff\xfe')).toBe('+//+');
  expect(toBase64Url('\xfb\xff\xfe\xff')).toBe('-__-_w');
});
