import { expect, test } from 'vitest';
import {
  digitOf,
  eventOf,
  parseTelephoneEvent,
  TelephoneEventReceiver,
  telephoneEventPackets,
  writeTelephoneEvent,
} from './telephone-event.ts';

test('digits have their events', () => {
  expect([...'0123456789*#ABCDa'].map(eventOf)).toEqual([...Array(16).keys(), 12]);
  expect([eventOf(''), eventOf('12'), eventOf('E')]).toEqual([undefined, undefined, undefined]);
  expect([digitOf(11), digitOf(16)]).toEqual(['#', undefined]);
});

test('a payload is written and read', () => {
  const packet = new Uint8Array(16);
  const event = { event: 11, end: true, volume: 10, duration: 800 };
  writeTelephoneEvent(packet, 12, event);
  expect([...packet.subarray(12)]).toEqual([11, 0x8a, 3, 32]);
  expect(parseTelephoneEvent(packet, 12)).toEqual(event);
  expect(parseTelephoneEvent(packet, 13)).toBe(undefined);
  expect(parseTelephoneEvent(packet, 12, 17)).toBe(undefined);
});

test('an event is one however many packets it has, its end comes three times', () => {
  const packets = telephoneEventPackets(5, { length: 90 });
  expect(packets.map(({ duration }) => duration)).toEqual([160, 320, 480, 640, 720, 720, 720]);
  expect(packets.map(({ end }) => end)).toEqual([false, false, false, false, true, true, true]);
  expect(packets.map(({ marker }) => marker).indexOf(true, 1)).toBe(-1);
  expect(packets.map(({ after }) => after)).toEqual([0, 20, 40, 60, 80, 100, 120]);

  const receiver = new TelephoneEventReceiver();
  expect(packets.map((packet) => receiver.receive(packet, 1000)).filter((event) => event !== undefined)).toEqual([5]);
  expect(receiver.receive(packets[0]!, 3000)).toBe(5);
  expect(receiver.receive(packets[6]!, 1000)).toBe(undefined);
});

test('an event longer than its duration field is cut', () => {
  expect(telephoneEventPackets(1, { length: 60_000 }).at(-1)?.duration).toBeLessThanOrEqual(0xffff);
});
