// RFC 3550 section 5.1: the RTP header, read and rewritten in place. A packet is the first `length` octets of a buffer.
// Only `headerLength` checks bounds: ask it first, then the fields may be read.
import { readUint16, readUint32, writeUint16, writeUint32 } from './octets.ts';

export const FIXED_HEADER = 12;

/** Octets before the payload: the fixed header, CSRCs and the header extension. -1: not RTP of version 2, or cut short. */
export function headerLength(packet: Uint8Array, length = packet.length): number {
  if (length < FIXED_HEADER || length > packet.length) return -1;
  const first = packet[0]!;
  if (first >> 6 !== 2) return -1;
  let end = FIXED_HEADER + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (end + 4 > length) return -1;
    end += 4 + 4 * readUint16(packet, end + 2);
  }
  return end > length ? -1 : end;
}

/** Where the payload ends, its padding taken off; -1: the padding is longer than the payload, or of no octets. */
export function payloadEnd(packet: Uint8Array, start: number, length = packet.length): number {
  if ((packet[0]! & 0x20) === 0) return length;
  const padding = length > start ? packet[length - 1]! : 0;
  return padding === 0 || length - padding < start ? -1 : length - padding;
}

export function hasExtension(packet: Uint8Array): boolean {
  return (packet[0]! & 0x10) !== 0;
}

/** Where the header extension stands if there is one: behind the CSRCs. */
export function extensionStart(packet: Uint8Array): number {
  return FIXED_HEADER + 4 * (packet[0]! & 0x0f);
}

export function marker(packet: Uint8Array): boolean {
  return packet[1]! >= 0x80;
}

export function payloadType(packet: Uint8Array): number {
  return packet[1]! & 0x7f;
}

export function sequenceNumber(packet: Uint8Array): number {
  return readUint16(packet, 2);
}

/** In units of the payload format's clock. */
export function timestamp(packet: Uint8Array): number {
  return readUint32(packet, 4);
}

export function ssrc(packet: Uint8Array): number {
  return readUint32(packet, 8);
}

export function setMarker(packet: Uint8Array, on: boolean): void {
  packet[1] = on ? packet[1]! | 0x80 : packet[1]! & 0x7f;
}

/** The marker stays. */
export function setPayloadType(packet: Uint8Array, type: number): void {
  packet[1] = (packet[1]! & 0x80) | (type & 0x7f);
}

export function setSequenceNumber(packet: Uint8Array, sequence: number): void {
  writeUint16(packet, 2, sequence);
}

export function setTimestamp(packet: Uint8Array, value: number): void {
  writeUint32(packet, 4, value);
}

export function setSsrc(packet: Uint8Array, value: number): void {
  writeUint32(packet, 8, value);
}

/** A fixed header of version 2 at the front of `packet`, without CSRCs, extension or padding. */
export function writeHeader(
  packet: Uint8Array,
  type: number,
  sequence: number,
  time: number,
  source: number,
  mark = false,
): void {
  packet[0] = 0x80;
  packet[1] = (mark ? 0x80 : 0) | (type & 0x7f);
  writeUint16(packet, 2, sequence);
  writeUint32(packet, 4, time);
  writeUint32(packet, 8, source);
}

/** How far `to` is ahead of `from`, modulo 2^16: -32768 to 32767. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}
