import { expect, test } from 'vitest';
import type { RelayThread } from './relay-thread.ts';
import { SharedPort } from './shared-port.ts';

const MEDIA = Uint8Array.of(0x80, 0, 0, 1);

function thread(): RelayThread & { heard: number } {
  const fake = {
    heard: 0,
    packet() {
      fake.heard += 1;
    },
  };
  return fake as unknown as RelayThread & { heard: number };
}

test('who claims the address of another call in another thread does not get its packets until it is given up', () => {
  const port = new SharedPort('mux', new Map(), () => {});
  const [owner, thief] = [thread(), thread()];
  port.addPath('192.0.2.7', 5000, owner);
  port.addPath('192.0.2.7', 5000, thief);
  port.receive(MEDIA, '192.0.2.7', 5000);
  expect([owner.heard, thief.heard]).toEqual([1, 0]);
  port.removePath('192.0.2.7', 5000, thief);
  port.receive(MEDIA, '192.0.2.7', 5000);
  expect(owner.heard).toBe(2);
  port.addPath('192.0.2.7', 5000, thief);
  port.forget(owner);
  port.receive(MEDIA, '192.0.2.7', 5000);
  expect([owner.heard, thief.heard]).toEqual([2, 1]);
  port.forget(thief);
  expect(port['paths'].size).toBe(0);
});
