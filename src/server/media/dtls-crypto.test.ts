import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateCertificate } from './certificate.ts';
import { nodeDtlsCrypto as crypto, localCertificate } from './dtls-crypto.ts';

test('both sides of an exchange derive the same secret, on each group', () => {
  for (const [group, length] of [
    ['x25519', 32],
    ['secp256r1', 65],
  ] as const) {
    const [a, b] = [crypto.generateKeyPair(group), crypto.generateKeyPair(group)];
    expect(a.publicKey).toHaveLength(length);
    expect(a.derive(b.publicKey)).toEqual(b.derive(a.publicKey));
  }
});

test('a point of small order, off the curve, compressed or of the wrong length gives no secret', () => {
  const x25519 = crypto.generateKeyPair('x25519');
  expect(x25519.derive(new Uint8Array(32))).toBeUndefined();
  expect(x25519.derive(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)))).toBeUndefined();
  expect(x25519.derive(new Uint8Array(31))).toBeUndefined();
  const p256 = crypto.generateKeyPair('secp256r1');
  expect(p256.derive(new Uint8Array(65).fill(4))).toBeUndefined();
  expect(p256.derive(new Uint8Array([0]))).toBeUndefined();
  expect(p256.derive(crypto.generateKeyPair('secp256r1').publicKey.subarray(0, 33))).toBeUndefined();
});

test('AES-128-GCM opens what it sealed, and nothing that was changed', () => {
  // NIST GCM test case 2: an all-zero key, nonce and block.
  const zero = crypto.aead(new Uint8Array(16));
  const nonce = new Uint8Array(12);
  const sealed = zero.seal(nonce, new Uint8Array(), new Uint8Array(16));
  expect(Buffer.from(sealed).toString('hex')).toBe('0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf');
  expect(Buffer.from(zero.open(nonce, new Uint8Array(), sealed)!)).toEqual(Buffer.alloc(16));
  for (const at of [0, 16, 31]) {
    const changed = Uint8Array.from(sealed);
    changed[at]! ^= 1;
    expect(zero.open(nonce, new Uint8Array(), changed)).toBeUndefined();
  }
  expect(zero.open(nonce, new Uint8Array([1]), sealed)).toBeUndefined();
  expect(zero.open(nonce, new Uint8Array(), sealed.subarray(0, 15))).toBeUndefined();
});

test('what is no certificate holds no key, and never throws', () => {
  const { der } = generateCertificate(0);
  for (const octets of [
    new Uint8Array(),
    new Uint8Array([0x30]),
    der.subarray(0, der.length - 1),
    new Uint8Array(500).fill(0x30),
  ]) {
    expect(crypto.certificateKey(octets)).toBeUndefined();
    expect(crypto.verify(octets, new Uint8Array(1), new Uint8Array(1))).toBe(false);
  }
});

test('a certificate is not taken with the private key of another', () => {
  const { der } = generateCertificate(0);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  expect(() => localCertificate(der, privateKey)).toThrow('private key');
});
