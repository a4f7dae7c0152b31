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
The rest of the distance to coturn is Node's. A profile (\`perf\`) of the first row, in parts of our time: 55 % is the kernel
(sending 39, receiving 12, epoll 3), about what coturn spends there; 29 % is what Node makes of each datagram received before we
see it (64 KiB asked for and given back, the octets copied, an address object with the address as text, the call into
JavaScript); 10 % is JavaScript, ours and \`dgram\`'s; 6 % is \`dgram\` sending (a request object, the text parsed). The first two
alone, without any TURN, are 1.4 times coturn's whole: <= 1.2x cannot be met to a peer and back with \`node:dgram\`, which has no
other way to receive.

Tried and not kept: a connected socket for each busy client on the same port, and for the relayed address of one peer. A send by
itself costs 3.7 us instead of 4.5 then, but in the whole there was no gain that could be told from noise; the likely reason is
that each wakeup reads one client's socket until it is empty, one more \`recvmsg\` and 64 KiB for nothing.

These figures are of one run on a machine that had other work. Between such runs, with the same code, the ratios were 1.7 to 2.1
(channels), 1.5 to 1.6 (indications), 1.2 to 1.8 (TCP) and 1.0 to 1.3 (client to client): a hit of one run is not a proof.

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
