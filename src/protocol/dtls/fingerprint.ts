// RFC 8122 section 5: `a=fingerprint:sha-256 AB:CD:...`.
import { toHex } from '../primitives.ts';

/** The octets of a SHA-256 fingerprint as SDP writes it; undefined when it is none. */
export function parseFingerprint(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
}

export function serializeFingerprint(octets: Uint8Array): string {
  return Array.from(octets, (octet) => toHex(String.fromCharCode(octet)).toUpperCase()).join(':');
}
