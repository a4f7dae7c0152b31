import { HEADER_LENGTH, viewOf } from './message.ts';

/** RFC 8489 section 14.7. */
export const FINGERPRINT = 0x8028;
const FINGERPRINT_XOR = 0x5354554e;
/** Of the whole attribute. */
export const FINGERPRINT_LENGTH = 8;

/** The CRC-32 of ISO 3309 (as in zlib), reflected polynomial. */
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(octets: Uint8Array): number {
  let crc = 0xffffffff;
  for (const octet of octets) crc = (TABLE[(crc ^ octet) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The message with FINGERPRINT as its last attribute; the header's length counts it before the CRC is taken. */
export function appendFingerprint(message: Uint8Array): Uint8Array {
  const octets = new Uint8Array(message.length + FINGERPRINT_LENGTH);
  octets.set(message);
  const view = viewOf(octets);
  view.setUint16(2, octets.length - HEADER_LENGTH);
  view.setUint16(message.length, FINGERPRINT);
  view.setUint16(message.length + 2, 4);
  view.setUint32(message.length + 4, (crc32(octets.subarray(0, message.length)) ^ FINGERPRINT_XOR) >>> 0);
  return octets;
}

/** Whether the message ends with a FINGERPRINT, and a right one. */
export function checkFingerprint(message: Uint8Array): 'absent' | 'right' | 'wrong' {
  const start = message.length - FINGERPRINT_LENGTH;
  if (start < HEADER_LENGTH) return 'absent';
  const view = viewOf(message);
  if (view.getUint16(start) !== FINGERPRINT || view.getUint16(start + 2) !== 4) return 'absent';
  const right = (crc32(message.subarray(0, start)) ^ FINGERPRINT_XOR) >>> 0;
  return view.getUint32(start + 4) === right ? 'right' : 'wrong';
}
