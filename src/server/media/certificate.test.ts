import { createHash, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateCertificate } from './certificate.ts';
import { nodeDtlsCrypto } from './dtls-crypto.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

test('a generated certificate is self-signed, on P-256, and valid from the day before', () => {
  const { der, keyType } = generateCertificate(NOW, 30, 'gateway.example');
  const certificate = new X509Certificate(der);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.subject).toBe('CN=gateway.example');
  expect(certificate.issuer).toBe(certificate.subject);
  expect(new Date(certificate.validFrom).getTime()).toBe(NOW - 86_400_000);
  expect(new Date(certificate.validTo).getTime()).toBe(NOW + 30 * 86_400_000);
  expect(keyType).toBe('ecdsa');
});

test('its signatures verify under the certificate, and no other octets do', () => {
  const local = generateCertificate(NOW);
  const octets = new Uint8Array([1, 2, 3]);
  const signature = local.sign(octets);
  expect(nodeDtlsCrypto.verify(local.der, octets, signature)).toBe(true);
  expect(nodeDtlsCrypto.verify(local.der, new Uint8Array([1, 2, 4]), signature)).toBe(false);
  expect(nodeDtlsCrypto.verify(generateCertificate(NOW).der, octets, signature)).toBe(false);
  expect(nodeDtlsCrypto.verify(local.der, octets, new Uint8Array([0x30, 0]))).toBe(false);
});

test('two certificates share neither key nor serial number', () => {
  const [a, b] = [generateCertificate(NOW), generateCertificate(NOW)];
  expect(new X509Certificate(a.der).serialNumber).not.toBe(new X509Certificate(b.der).serialNumber);
  expect(createHash('sha256').update(a.der).digest()).not.toEqual(createHash('sha256').update(b.der).digest());
});
