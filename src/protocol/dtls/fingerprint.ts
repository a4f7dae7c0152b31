// RFC 8122 section 5: `a=fingerprint:sha-256 AB:CD:...`.
import { toHex } from '../primitives.ts';

/** Octets of a digest: of SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512. */
const LENGTHS: ReadonlySet<number> = new Set([20, 28, 32, 48, 64]);

/** The octets of a fingerprint as SDP writes it; undefined when it is none. */
export function parseFingerprint(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(text) || !LENGTHS.has((text.length + 1) / 3)) return undefined;
  return Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
}

export function serializeFingerprint(octets: Uint8Array): string {
  return Array.from(octets, (octet) => toHex(String.fromCharCode(octet)).toUpperCase()).join(':');
}
