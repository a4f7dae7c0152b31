// RFC 5289 section 3.2, RFC 8422 section 5.1.1 and RFC 5246 section 7.4.1.4.1: what is negotiated, by number.
import type { Group, KeyType } from './crypto-port.ts';

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, by the key of the server's certificate. */
export const CIPHER_SUITES: Record<KeyType, number> = { ecdsa: 0xc02b, rsa: 0xc02f };

/** ecdsa_secp256r1_sha256 and rsa_pkcs1_sha256. */
export const SIGNATURE_SCHEMES: Record<KeyType, number> = { ecdsa: 0x0403, rsa: 0x0401 };

/** ClientCertificateType (RFC 8422 section 5.5). */
export const CERTIFICATE_TYPES: Record<KeyType, number> = { ecdsa: 64, rsa: 1 };

/** In this side's order of preference. */
export const GROUPS: readonly { name: Group; id: number }[] = [
  { name: 'x25519', id: 29 },
  { name: 'secp256r1', id: 23 },
];
