/**
 * What DTLS needs of cryptography, as an argument (docs/adr/0010): `node:crypto` in src/server/media/dtls-crypto.ts. Synchronous,
 * since machines await nothing. Private keys never pass through: whoever owns one signs.
 *
 * No method throws for what a peer sent: a bad point, certificate, signature or tag is `undefined` or `false`.
 */
export interface DtlsCrypto {
  /** Octets from a CSPRNG. */
  random(length: number): Uint8Array;
  sha256(octets: Uint8Array): Uint8Array;
  /** The SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512 digest, by its length of 20 to 64 octets; undefined: there is none. */
  digest(octets: Uint8Array, length: number): Uint8Array | undefined;
  hmacSha256(key: Uint8Array, octets: Uint8Array): Uint8Array;
  /** Constant-time comparison; false when the lengths differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
  /** An ephemeral key of this group. */
  generateKeyPair(group: Group): KeyPair;
  /** AES-128-GCM under this 16-octet key. */
  aead(key: Uint8Array): Aead;
  /** The kind of key in a DER certificate, if it is one that this side verifies with: ECDSA on P-256, or RSA of a sane size. */
  certificateKey(certificate: Uint8Array): KeyType | undefined;
  /** Verifies a signature with the certificate's key: ECDSA (DER form) or RSASSA-PKCS1-v1_5, both over SHA-256. */
  verify(certificate: Uint8Array, octets: Uint8Array, signature: Uint8Array): boolean;
}

/** x25519 public keys are 32 octets (RFC 7748), secp256r1's an uncompressed point of 65 (RFC 8422 section 5.4.1). */
export type Group = 'x25519' | 'secp256r1';

export type KeyType = 'ecdsa' | 'rsa';

export interface KeyPair {
  readonly publicKey: Uint8Array;
  /** The shared secret; undefined when the peer's point is not on the curve, of small order, or of the wrong length. */
  derive(peer: Uint8Array): Uint8Array | undefined;
}

export interface Aead {
  /** Cipher text with the 16-octet tag behind it. */
  seal(nonce: Uint8Array, additional: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** Undefined when the tag is wrong. */
  open(nonce: Uint8Array, additional: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** This side's certificate, with the power to sign as it. */
export interface LocalCertificate {
  /** DER. */
  readonly der: Uint8Array;
  readonly keyType: KeyType;
  /** Over SHA-256, in the form that `verify` takes. */
  sign(octets: Uint8Array): Uint8Array;
}
