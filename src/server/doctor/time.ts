import type { Check } from './examination.ts';
import { findings } from './finding.ts';

const MINUTE = 60_000;

/**
 * Credentials carry their expiry, so a clock that is wrong makes them useless elsewhere. From inside only this is seen: that
 * it stands before what has been written already, or in no likely year.
 */
export const time: Check = async ({ system, configuration }) => {
  const { list, ok, problem } = findings('time');
  const now = system.now();
  const { files } = await system.folder(configuration.data);
  const latest = files.reduce((late, { modified }) => Math.max(late, modified), 0);
  const year = new Date(now).getUTCFullYear();
  const advice = 'Set it, and keep it right with chrony or systemd-timesyncd.';
  if (year < 2025 || year >= 2100)
    problem('The clock is wrong', `It says ${text(now)}. Credentials and certificates are judged by it.`, advice);
  else if (latest > now + MINUTE)
    problem(
      'The clock has gone back',
      `It says ${text(now)}, but a file in the data folder is of ${text(latest)}. Credentials that were made meanwhile live too long.`,
      advice,
    );
  else ok('The clock can be right', `It says ${text(now)}. "chappe doctor --server URL" compares it with a server's.`);
  return list;
};

function text(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
