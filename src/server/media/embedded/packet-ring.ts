// Where a datagram is worked on: with room behind it, and without memory being asked for each one.
import type { Socket } from 'node:dgram';
import { ROOM } from '../relay/ports.ts';

/** Octets of a place: a datagram over Ethernet and its room. Longer ones, which are rare, get memory of their own. */
const PLACE = 2048;
const PLACES = 512;

/**
 * `dgram.send` copies nothing: when the kernel does not take a datagram at once, its octets have to stay until it does.
 * So places are used again in turn only, and before the first one is, every socket that has sent meanwhile is asked
 * whether something waits there. If so, which next to never happens, those octets are left to it and the ring is made anew.
 */
export class PacketRing {
  private memory = new ArrayBuffer(PLACE * PLACES);
  private places = placesOf(this.memory);
  private next = 0;
  private readonly senders = new Set<Socket>();

  /** A copy of the datagram, good until the next one is taken. */
  take(datagram: Uint8Array): Uint8Array {
    const { length } = datagram;
    if (length + ROOM > PLACE) {
      const own = new Uint8Array(length + ROOM);
      own.set(datagram);
      return own;
    }
    if (this.next === PLACES) this.turn();
    const place = this.places[this.next++]!;
    place.set(datagram);
    return place;
  }

  /** Octets that stay as they are while a socket may still have to send them: those of the ring, or a copy. */
  lasting(packet: Uint8Array, length: number): Uint8Array {
    return packet.buffer === this.memory ? packet : new Uint8Array(packet.subarray(0, length));
  }

  /** The socket is about to send from the ring. */
  used(sender: Socket): void {
    this.senders.add(sender);
  }

  private turn(): void {
    this.next = 0;
    for (const sender of this.senders) {
      if (!isBehind(sender)) continue;
      this.memory = new ArrayBuffer(PLACE * PLACES);
      this.places = placesOf(this.memory);
      break;
    }
    this.senders.clear();
  }
}

function isBehind(socket: Socket): boolean {
  try {
    return socket.getSendQueueCount() > 0;
  } catch {
    return false; // closed, and what waited there is gone
  }
}

function placesOf(memory: ArrayBuffer): Uint8Array[] {
  return Array.from({ length: PLACES }, (_, i) => new Uint8Array(memory, i * PLACE, PLACE));
}
