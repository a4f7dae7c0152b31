/**
 * What SRTP needs of cryptography, as an argument: `node:crypto` in src/server/media/srtp-crypto.ts. Each object is made once
 * for a key and asked for every packet. No method throws for what a peer sent.
 */
export interface SrtpCrypto {
  /** AES-128 in ECB mode: for the key derivation, and for the keystream of counter mode. The key has 16 octets. */
  aes128(key: Uint8Array): BlockCipher;
  hmacSha1(key: Uint8Array): Mac;
  aes128Gcm(key: Uint8Array): Aead;
}

export interface BlockCipher {
  /** Every 16-octet block of `blocks` (a whole number of them) for itself. The answer is the caller's to keep. */
  encrypt(blocks: Uint8Array): Uint8Array;
}

export interface Mac {
  /** The 20 octets of the MAC over the first `length` octets of `octets` go to the front of `mac`. */
  sign(octets: Uint8Array, length: number, mac: Uint8Array): void;
}

export interface Aead {
  /** Encrypts octets `start` to `end` in place and puts the 16-octet tag at `end`. The nonce has 12 octets. */
  seal(nonce: Uint8Array, additional: Uint8Array, octets: Uint8Array, start: number, end: number): void;
  /** Decrypts octets `start` to `end` in place if the tag at `end` is right; else false, and the octets are as before. */
  open(nonce: Uint8Array, additional: Uint8Array, octets: Uint8Array, start: number, end: number): boolean;
}
