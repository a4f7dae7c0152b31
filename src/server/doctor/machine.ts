import type { Check } from './examination.ts';
import { findings } from './finding.ts';

const OPEN_FILES = 4_096;
/** Octets. A burst of 1,000 large packets fits. */
const RECEIVE_BUFFER = 1024 * 1024;
/** Milliseconds by which timers are late: media stutters; nothing works well. */
const LATE = 50;
const MUCH_TOO_LATE = 250;

/** The runtime, the kernel's bounds, and whether the machine keeps up. */
export const machine: Check = async ({ system, configuration, inside }) => {
  const { list, ok, warning, problem } = findings('machine');

  const [major = 0, minor = 0] = system.nodeVersion.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) ok('Node is new enough', `It is ${system.nodeVersion}.`);
  else problem('Node is too old', `It is ${system.nodeVersion}.`, 'Install Node 22.18 or later.');

  const files = Number(/^Max open files\s+(\d+)/m.exec(system.read('/proc/self/limits') ?? '')?.[1] ?? Number.NaN);
  if (files < OPEN_FILES)
    warning(
      'Few files may be open',
      `The limit is ${files}, and each connection, relayed address and phone leg is one: beyond it browsers and phones are turned away.`,
      'Raise it: "ulimit -n 65536", or LimitNOFILE=65536 in the systemd unit.',
    );

  const backlog = Number(system.read('/proc/sys/net/core/somaxconn') ?? Number.NaN);
  const wanted = configuration.limits.transport.backlog;
  if (backlog < wanted)
    warning(
      'The kernel queues few connections',
      `net.core.somaxconn is ${backlog}: when everybody reconnects at once, some wait seconds for their turn.`,
      `sysctl -w net.core.somaxconn=${wanted}`,
    );

  const buffer = Number(system.read('/proc/sys/net/core/rmem_max') ?? Number.NaN);
  if (buffer < RECEIVE_BUFFER)
    warning(
      'The kernel buffers little of UDP',
      `net.core.rmem_max is ${buffer} octets: with many calls at once, packets are lost in bursts and the sound is cut.`,
      'sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=4194304',
    );

  if (![files < OPEN_FILES, backlog < wanted, buffer < RECEIVE_BUFFER].includes(true))
    ok('The system gives enough', `It allows ${Number.isNaN(files) ? 'any number of' : files} open files.`);

  const late = Math.round(await system.timerDelay());
  const meaning = `${inside ? 'The server is' : 'A program here is'} up to ${late} ms late.`;
  if (late < LATE) ok('The machine keeps up', meaning);
  else
    (late < MUCH_TOO_LATE ? warning : problem)(
      'The machine is too busy',
      `${meaning} Relayed sound and picture stutter by as much.`,
      'See what else runs here, and how many calls are relayed.',
    );
  return list;
};
