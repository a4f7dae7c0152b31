import { expect, test } from 'vitest';
import { VirtualClock } from '../../../transport/clock.ts';
import { connectUdp } from './ng-connection.ts';

const SILENT = { receive() {}, onOpen() {}, onRefused() {} };

test('an engine whose name has no address is given up at any moment: while it is looked up, and between two attempts', async () => {
  const clock = new VirtualClock();
  const url = new URL('udp://no-such-host.invalid:2223');
  connectUdp(url, SILENT, clock).close();
  const connection = connectUdp(url, SILENT, clock);
  await expect.poll(() => clock.pending, { timeout: 10_000 }).toBe(1);
  expect(() => connection.close()).not.toThrow();
  expect(clock.pending).toBe(0);
});
