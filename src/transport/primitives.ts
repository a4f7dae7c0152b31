import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { HashName, Primitives } from '../protocol/primitives.ts';

const BLOCK: Record<HashName, number> = { md5: 64, sha1: 64, sha256: 64, 'sha512-256': 128 };

/** The two padded keys of RFC 2104, for the few keys in use (flow tokens, nonces, credentials). */
interface PaddedKey {
  inner: string;
  outer: string;
}

const MOST_KEYS = 256;
let recent = new Map<string, PaddedKey>();
let earlier = new Map<string, PaddedKey>();

function paddedKey(name: HashName, key: string): PaddedKey {
  const id = `${name} ${key}`;
  let padded = recent.get(id);
  if (padded !== undefined) return padded;
  padded = earlier.get(id) ?? pad(name, key);
  if (recent.size >= MOST_KEYS) {
    earlier = recent;
    recent = new Map();
  }
  recent.set(id, padded);
  return padded;
}

function pad(name: HashName, key: string): PaddedKey {
  const octets = Buffer.alloc(BLOCK[name]);
  octets.write(key.length > octets.length ? digest(name, key) : key, 'latin1');
  return {
    inner: Buffer.from(octets.map((octet) => octet ^ 0x36)).toString('latin1'),
    outer: Buffer.from(octets.map((octet) => octet ^ 0x5c)).toString('latin1'),
  };
}

function digest(name: HashName, octets: string): string {
  return hash(name, Buffer.from(octets, 'latin1'), 'binary'); // 'binary' is latin1: an octet a character
}

/** The cryptographic port on `node:crypto`. An HMAC is two one-shot hashes: half the cost of createHmac's stream. */
export const primitives: Primitives = {
  hash: digest,
  hmac(name, key, octets) {
    const { inner, outer } = paddedKey(name, key);
    return digest(name, outer + digest(name, inner + octets));
  },
  random: (length) => randomBytes(length).toString('latin1'),
  equal: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
};
