// RFC 8285: header extensions of the one-byte and the two-byte form, found and renumbered in place.
// `headerLength` must have found the packet whole. Elements that run out of their extension end the search.
import { extensionStart, hasExtension } from './header.ts';
import { readUint16, writeUint16 } from './octets.ts';

const ONE_BYTE = 0xbede;
/** The low 4 bits of the two-byte form's profile are the application's. */
const TWO_BYTE = 0x100;

/** Where the value stands that `findExtension` found. */
export function elementOffset(found: number): number {
  return found >> 8;
}

/** How many octets the value has that `findExtension` found: 0 to 255. */
export function elementLength(found: number): number {
  return found & 0xff;
}

/** The first element of that identifier, for `elementOffset` and `elementLength`; -1: there is none. */
export function findExtension(packet: Uint8Array, id: number): number {
  if (!hasExtension(packet)) return -1;
  const start = extensionStart(packet);
  const profile = readUint16(packet, start);
  const end = start + 4 + 4 * readUint16(packet, start + 2);
  let at = start + 4;
  if (profile === ONE_BYTE) {
    while (at < end) {
      const head = packet[at]!;
      if (head === 0) {
        at++;
        continue;
      }
      // Section 4.2: 15 ends the extension, and so does an identifier of 0 that has a length.
      if (head >= 0xf0 || head < 0x10) return -1;
      const length = (head & 0x0f) + 1;
      if (at + 1 + length > end) return -1;
      if (head >> 4 === id) return ((at + 1) << 8) | length;
      at += 1 + length;
    }
  } else if (profile >> 4 === TWO_BYTE) {
    while (at < end) {
      const head = packet[at]!;
      if (head === 0) {
        at++;
        continue;
      }
      if (at + 2 > end) return -1;
      const length = packet[at + 1]!;
      if (at + 2 + length > end) return -1;
      if (head === id) return ((at + 2) << 8) | length;
      at += 2 + length;
    }
  }
  return -1;
}

/**
 * Gives each element the identifier that `mapping` (256 entries) has for its own; 0, or one that the form cannot hold, makes
 * padding of it, and so does whatever cannot be read: what was not negotiated with the other side never reaches it. The packet keeps its length.
 */
export function renumberExtensions(packet: Uint8Array, mapping: Uint8Array): void {
  if (!hasExtension(packet)) return;
  const start = extensionStart(packet);
  const profile = readUint16(packet, start);
  const end = start + 4 + 4 * readUint16(packet, start + 2);
  let at = start + 4;
  if (profile === ONE_BYTE) {
    while (at < end) {
      const head = packet[at]!;
      const next = at + 2 + (head & 0x0f);
      if (head === 0) {
        at++;
        continue;
      }
      if (head >= 0xf0 || head < 0x10 || next > end) break;
      const id = mapping[head >> 4]!;
      if (id === 0 || id > 14) packet.fill(0, at, next);
      else packet[at] = (id << 4) | (head & 0x0f);
      at = next;
    }
  } else if (profile >> 4 === TWO_BYTE) {
    while (at < end) {
      const head = packet[at]!;
      if (head === 0) {
        at++;
        continue;
      }
      const next = at + 1 < end ? at + 2 + packet[at + 1]! : end + 1;
      if (next > end) break;
      const id = mapping[head]!;
      if (id === 0) packet.fill(0, at, next);
      else packet[at] = id;
      at = next;
    }
  }
  packet.fill(0, at, end);
}

/** Takes the whole header extension out, for a peer that negotiated none. Returns the packet's new length. */
export function removeExtension(packet: Uint8Array, length = packet.length): number {
  if (!hasExtension(packet)) return length;
  const start = extensionStart(packet);
  const size = 4 + 4 * readUint16(packet, start + 2);
  packet.copyWithin(start, start + size, length);
  packet[0] = packet[0]! & ~0x10;
  return length - size;
}

/** How much `addExtension` adds at most, for a value of 16 octets or fewer. */
export const MOST_EXTENSION_GROWTH = 24;

/**
 * Puts an element of 1 to 16 octets behind those that are there; `id` is 1 to 14. The packet's new length; it stays as it is
 * when its extension is of a form that this one does not know, or there is no room for the rest of it.
 */
export function addExtension(packet: Uint8Array, length: number, id: number, value: Uint8Array): number {
  const start = extensionStart(packet);
  const present = hasExtension(packet);
  const profile = present ? readUint16(packet, start) : ONE_BYTE;
  const head = profile === ONE_BYTE ? 1 : 2;
  if (profile !== ONE_BYTE && profile >> 4 !== TWO_BYTE) return length;
  const words = present ? readUint16(packet, start + 2) : 0;
  const more = (head + value.length + 3) >> 2;
  const growth = 4 * more + (present ? 0 : 4);
  if (length + growth > packet.length) return length;
  const end = present ? start + 4 + 4 * words : start;
  packet.copyWithin(end + growth, end, length);
  packet[0] = packet[0]! | 0x10;
  writeUint16(packet, start, profile);
  writeUint16(packet, start + 2, words + more);
  let at = end + growth - 4 * more;
  if (head === 1) packet[at++] = (id << 4) | (value.length - 1);
  else {
    packet[at++] = id;
    packet[at++] = value.length;
  }
  packet.set(value, at);
  packet.fill(0, at + value.length, end + growth);
  return length + growth;
}
