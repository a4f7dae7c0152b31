import { createHmac, createSecretKey, hash, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Primitives } from '../protocol/primitives.ts';

/** The few keys in use (flow tokens, nonces, credentials) as OpenSSL wants them: making one costs more than an HMAC. */
const keys = new Map<string, KeyObject>();
const MOST_KEYS = 32;

function secretKey(key: string): KeyObject {
  let made = keys.get(key);
  if (made === undefined) {
    if (keys.size >= MOST_KEYS) keys.clear();
    made = createSecretKey(Buffer.from(key, 'latin1'));
    keys.set(key, made);
  }
  return made;
}

/** The cryptographic port on `node:crypto` (its 'binary' is latin1: an octet a character). */
export const primitives: Primitives = {
  hash: (name, octets) => hash(name, Buffer.from(octets, 'latin1'), 'binary'),
  hmac: (name, key, octets) => createHmac(name, secretKey(key)).update(octets, 'latin1').digest('binary'),
  random: (length) => randomBytes(length).toString('latin1'),
  equal: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
};
