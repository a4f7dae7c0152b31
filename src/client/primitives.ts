import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha512_256 } from '@noble/hashes/sha2.js';
import type { ByteString } from '../protocol/byte-string.ts';
import type { HashName, Primitives } from '../protocol/primitives.ts';

const HASHES = { md5, sha1, sha256, 'sha512-256': sha512_256 } satisfies Record<HashName, unknown>;

/** The cryptographic port for browsers: synchronous hashes (WebCrypto's are not, and lack MD5). */
export const primitives: Primitives = {
  hash: (name, octets) => toByteString(HASHES[name](toBytes(octets))),
  hmac: (name, key, octets) => toByteString(hmac(HASHES[name], toBytes(key), toBytes(octets))),
  random: (length) => toByteString(crypto.getRandomValues(new Uint8Array(length))),
  equal(a, b) {
    if (a.length !== b.length) return false;
    let difference = 0;
    for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
    return difference === 0;
  },
};

export function toBytes(octets: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(octets.length);
  for (let i = 0; i < octets.length; i++) bytes[i] = octets.charCodeAt(i);
  return bytes;
}

export function toByteString(bytes: Uint8Array): ByteString {
  let octets = '';
  for (let i = 0; i < bytes.length; i += 8192) octets += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return octets;
}
