import { expect, it } from 'vitest';
import { VirtualClock } from '../../transport/clock.ts';
import { Retention } from './retention.ts';

it('what is older than is to be kept is deleted every hour, as the configuration says then', async () => {
  const clock = new VirtualClock();
  const before: number[] = [];
  const faults: unknown[] = [];
  let keep = Number.POSITIVE_INFINITY;
  let failing = false;
  const retention = new Retention({
    archive: {
      async expire(time) {
        if (failing) throw new Error('away');
        before.push(time);
        return 1;
      },
    },
    keep: () => keep,
    clock,
    wallClock: () => 10_000_000 + clock.now(),
    onExpired: () => {},
    onFault: (error) => faults.push(error),
  });
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await new Promise(setImmediate);
  };
  await pass(60_000);
  expect(before).toEqual([]);
  keep = 1_000;
  await pass(3_600_000);
  expect(before).toEqual([10_000_000 + 3_660_000 - 1_000]);
  failing = true;
  await pass(3_600_000);
  failing = false;
  await pass(3_600_000);
  expect([before.length, faults.length]).toEqual([2, 1]);
  retention.close();
  expect(clock.pending).toBe(0);
});
