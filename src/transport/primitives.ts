import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { HashName, Primitives } from '../protocol/primitives.ts';

const NODE_NAME: Record<HashName, string> = { md5: 'md5', sha1: 'sha1', sha256: 'sha256', 'sha512-256': 'sha512-256' };

/** The cryptographic port on `node:crypto`. */
export const primitives: Primitives = {
  hash: (name, octets) => hash(NODE_NAME[name], Buffer.from(octets, 'latin1'), 'binary'),
  hmac: (name, key, octets) =>
    createHmac(NODE_NAME[name], Buffer.from(key, 'latin1')).update(octets, 'latin1').digest('binary'),
  random: (length) => randomBytes(length).toString('latin1'),
  equal: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
};
