// CPU of a relayed packet, Chappe beside coturn, in turns, under coturn's own load generator.
//   node bench/turn.ts [--write] [--only channel,tcp] [--scale 0.5]
import { parseArgs } from 'node:util';
import { startChappe } from '../test/support/chappe.ts';
import { runUclient, startCoturn, startUdpEcho } from '../test/support/coturn.ts';
import { freePort } from '../test/support/ports.ts';
import { machine, writeSection } from './section.ts';
import { generatorCore, serverCore } from './servers.ts';
import { cpuTime } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
});
const secret = 'for-the-benchmark-only';
const realm = 'bench.test';
const rounds = 2;
const clients = 16;
const messages = Math.round(3000 * Number(options.scale));
const budget = 1.2;

const rows = [
  { name: 'channel', title: 'UDP, channels, to a peer and back', flags: '-c' },
  { name: 'send', title: 'UDP, Send and Data indications, to a peer and back', flags: '-s -c' },
  { name: 'tcp', title: 'client over TCP, channels, to a peer and back', flags: '-t -c' },
  { name: 'pair', title: 'UDP, channels, client to client over two relayed addresses', flags: '-y -c' },
  { name: 'pair-send', title: 'UDP, indications, client to client', flags: '-y -s -c' },
];

const port = await freePort();
const chappe = await startChappe({
  cpu: serverCore,
  config: {
    domain: realm,
    web: { listen: '127.0.0.1:0' },
    sip: { listen: ['udp:127.0.0.1:0'] },
    turn: { listen: [`udp:127.0.0.1:${port}`, `tcp:127.0.0.1:${port}`], allowPeers: ['127.0.0.0/8'] },
    auth: { secret: [secret] },
    accounts: [],
    limits: { turn: { bandwidth: 1_000_000_000, allocationsPerAccount: 5_000 } }, // uclient leaves its allocations behind
  },
});
const coturn = await startCoturn({ secret, realm, flags: '--allow-loopback-peers', cpu: serverCore });
const echo = await startUdpEcho(generatorCore);
const servers = [
  { name: 'Chappe', pid: chappe.ready.pid, port },
  { name: 'coturn', pid: coturn.pid, port: coturn.port },
] as const;

interface Measured {
  cost: number;
  lost: number;
}

/** CPU of one packet, either direction; each message is two: to the relayed address, and back or on from it. */
async function measure({ pid, port: at }: (typeof servers)[number], flags: string, count: number): Promise<Measured> {
  const before = cpuTime(pid);
  const { sent, received, output } = await runUclient({
    port: at,
    flags: flags.includes('-y') ? flags : `${flags} -e 127.0.0.1 -r ${echo.port}`,
    secret,
    clients,
    messages: count,
    interval: 2,
    cpu: generatorCore,
  });
  if (received === 0) throw new Error(output.slice(-2000));
  return { cost: (cpuTime(pid) - before) / (sent + received), lost: 1 - received / sent };
}

const lines: string[] = [];
try {
  for (const { name, title, flags } of rows) {
    if (options.only !== undefined && !options.only.split(',').includes(name)) continue;
    const found = { Chappe: [] as Measured[], coturn: [] as Measured[] };
    for (const server of servers) await measure(server, flags, Math.round(messages / 3));
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        const measured = await measure(server, flags, messages);
        found[server.name].push(measured);
        process.stderr.write(
          `${name} ${server.name}: ${measured.cost.toFixed(1)} us a packet, ${(100 * measured.lost).toFixed(2)} % lost\n`,
        );
      }
    }
    const ratio = mean(found.Chappe) / mean(found.coturn);
    lines.push(
      `| ${title} | ${range(found.Chappe)} | ${range(found.coturn)} | ${ratio.toFixed(2)} | <= ${budget}x | ${ratio <= budget ? 'hit' : 'missed'} |`,
    );
  }
} finally {
  await Promise.all([chappe.stop(), coturn.stop(), echo.stop()]);
}

const table = ['| packet relayed | Chappe | coturn | ratio | budget | |', '|---|---|---|---|---|---|', ...lines].join(
  '\n',
);
process.stdout.write(`${table}\n`);
if (options.write)
  writeSection(
    'TURN',
    `## TURN

CPU is user and system time of the server's whole process for one relayed packet of 172 octets, one direction. The load is coturn's
\`turnutils_uclient\`: ${clients} clients, each a message every 2 ms, so ${clients * 500} messages a second, each of which is two
packets. Server on one core (coturn with one relay thread), load on the other; in turns (A B A B) after a warm-up.

${table}

Two clients of one Chappe are joined inside of it: the packet does not go through the kernel between their two relayed addresses.
The rest of the distance to coturn is Node's: of the time, half is \`sendmsg\` and \`recvmsg\` as in coturn, a tenth is ours, and
a third is what \`dgram\` and V8 make for each datagram (a request object, two buffers, an address object).

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${machine()}; coturn 4.6.1 (Debian 12)
- again: \`node bench/turn.ts --write\``,
  );

function mean(measured: readonly Measured[]): number {
  return measured.reduce((sum, { cost }) => sum + cost, 0) / measured.length;
}

function range(measured: readonly Measured[]): string {
  const costs = measured.map(({ cost }) => cost.toFixed(1)).sort((a, b) => Number(a) - Number(b));
  const lost = Math.max(...measured.map((each) => each.lost));
  return `${costs[0]}-${costs.at(-1)} us${lost > 0.0005 ? `, ${(100 * lost).toFixed(1)} % lost` : ''}`;
}
