import { expect, test } from 'vitest';
import { settled, VirtualClock } from '../../test/support/virtual-clock.ts';
import { IceRecovery } from './ice-recovery.ts';

function create() {
  const clock = new VirtualClock();
  const log: string[] = [];
  const conditions = { possible: true };
  const recovery = new IceRecovery(clock, {
    restart: async () => {
      log.push('restart');
    },
    possible: () => conditions.possible,
    interrupted: (interrupted) => log.push(interrupted ? 'interrupted' : 'back'),
  });
  return { clock, log, recovery, conditions };
}

test('a connection that heals by itself is left alone', async () => {
  const { clock, log, recovery } = create();
  recovery.connection('disconnected');
  await clock.advance(3999);
  recovery.connection('connected');
  await clock.advance(60_000);
  expect(log).toEqual(['interrupted', 'back']);
});

test('one that has failed is restarted at once, and again while that does not help', async () => {
  const { clock, log, recovery } = create();
  recovery.connection('failed');
  await settled();
  expect(log).toEqual(['interrupted', 'restart']);
  await clock.advance(6000);
  expect(log).toEqual(['interrupted', 'restart', 'restart']);
  recovery.connection('connected');
  await clock.advance(60_000);
  expect(log).toEqual(['interrupted', 'restart', 'restart', 'back']);
});

test('it waits until the signalling connection is back', async () => {
  const { clock, log, recovery, conditions } = create();
  conditions.possible = false;
  recovery.connection('disconnected');
  await clock.advance(10_000);
  expect(log).toEqual(['interrupted']);
  conditions.possible = true;
  await clock.advance(20_000);
  expect(log).toContain('restart');
});

test('an ended call is not restarted', async () => {
  const { clock, log, recovery } = create();
  recovery.connection('disconnected');
  recovery.close();
  await clock.advance(60_000);
  recovery.restart();
  expect(log).toEqual(['interrupted']);
  expect(clock.pending).toBe(0);
});
