// RFC 8122 section 5 `a=fingerprint` and RFC 4145, 8842 `a=setup`.
import type { ByteString } from '../byte-string.ts';

export interface Fingerprint {
  /** Lower case, as `sha-256`. */
  hash: string;
  /** Upper case, as `AB:CD:...`. */
  value: string;
}

export type Setup = 'active' | 'passive' | 'actpass' | 'holdconn';

const OCTETS: Record<string, number> = { 'sha-1': 20, 'sha-224': 28, 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 };

/** Undefined when it is malformed or of a hash that nobody should trust (md5, md2). COMPAT: baresip writes `SHA-256`. */
export function parseFingerprint(value: ByteString): Fingerprint | undefined {
  const [name = '', octets = '', more] = value.trim().split(/ +/, 3);
  const hash = name.toLowerCase();
  const length = Object.hasOwn(OCTETS, hash) ? OCTETS[hash] : undefined;
  if (length === undefined || more !== undefined || octets.length !== length * 3 - 1) return undefined;
  return /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(octets) ? { hash, value: octets.toUpperCase() } : undefined;
}

export function serializeFingerprint(fingerprint: Fingerprint): ByteString {
  return `${fingerprint.hash} ${fingerprint.value}`;
}

export function parseSetup(value: ByteString | undefined): Setup | undefined {
  const setup = value?.trim().toLowerCase();
  return setup === 'active' || setup === 'passive' || setup === 'actpass' || setup === 'holdconn' ? setup : undefined;
}

/**
 * What an answer says to an offer's `setup` (RFC 4145 section 4.1; RFC 5763 section 5: without one, the offerer is
 * actpass); `preferred` decides where the offerer leaves it open.
 */
export function answerSetup(offered: Setup | undefined, preferred: 'active' | 'passive'): 'active' | 'passive' {
  if (offered === 'active') return 'passive';
  if (offered === 'passive') return 'active';
  return preferred;
}
