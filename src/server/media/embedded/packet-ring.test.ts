import type { Socket } from 'node:dgram';
import { expect, test } from 'vitest';
import { ROOM } from '../relay/ports.ts';
import { PacketRing } from './packet-ring.ts';

const sender = (queued: number) => ({ getSendQueueCount: () => queued }) as Socket;

function turns(ring: PacketRing, socket: Socket): { first: Uint8Array; again: boolean } {
  const first = ring.take(Uint8Array.of(1));
  ring.used(socket);
  for (let i = 0; i < 10_000; i++) if (ring.take(Uint8Array.of(2)) === first) return { first, again: true };
  return { first, again: false };
}

test('a datagram is copied to a place with room behind it', () => {
  const ring = new PacketRing();
  for (const length of [1, 172, 1500, 2000, 65_000]) {
    const datagram = new Uint8Array(length).fill(7);
    const place = ring.take(datagram);
    expect(place.subarray(0, length)).toEqual(datagram);
    expect(place.length).toBeGreaterThanOrEqual(length + ROOM);
  }
});

test('places are used again, without new memory', () => {
  expect(turns(new PacketRing(), sender(0)).again).toBe(true);
});

test('octets that a socket has not sent yet are left alone', () => {
  const { first, again } = turns(new PacketRing(), sender(1));
  expect(again).toBe(false);
  expect(first[0]).toBe(1);
});

test('what is sent from elsewhere is copied, what is in the ring is not', () => {
  const ring = new PacketRing();
  const place = ring.take(Uint8Array.of(1, 2, 3));
  expect(ring.lasting(place, 3)).toBe(place);
  const scratch = Uint8Array.of(4, 5, 6);
  const kept = ring.lasting(scratch, 2);
  scratch.fill(0);
  expect([...kept]).toEqual([4, 5]);
});
