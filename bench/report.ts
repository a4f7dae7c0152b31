// The benchmark's table: what was measured, what the budget says, hit or missed.
import { cpus, release, totalmem } from 'node:os';
import type { ServerName } from './servers.ts';

export interface Measurement {
  name: string;
  server: ServerName;
  /** In the row's own unit. */
  value: number;
  failures: number;
  elapsed: number;
}

interface Row {
  name: string;
  title: string;
  unit: 'us' | 'kB' | 's';
  /** Value is divided by this for print. */
  divisor: number;
  /** At most this share of Kamailio's. */
  ratio?: number;
  /** At most this, in the row's unit. */
  limit?: number;
}

export const rows: readonly Row[] = [
  {
    name: 'register',
    title: 'REGISTER over WebSocket, 3,000/s from 5,000 connections',
    unit: 'us',
    divisor: 1,
    ratio: 0.8,
  },
  {
    name: 'message',
    title: 'MESSAGE relayed, stateful, WebSocket to WebSocket, 1,500/s',
    unit: 'us',
    divisor: 1,
    ratio: 0.6,
  },
  {
    name: 'call',
    title: 'call, INVITE to BYE, 3 kB SDP, WebSocket to WebSocket, 400/s',
    unit: 'us',
    divisor: 1,
    ratio: 0.7,
  },
  { name: 'register-full', title: 'REGISTER, as many as the server takes', unit: 'us', divisor: 1 },
  { name: 'message-full', title: 'MESSAGE, as many as the server takes', unit: 'us', divisor: 1 },
  { name: 'call-full', title: 'call, as many as the server takes', unit: 'us', divisor: 1 },
  { name: 'idle', title: 'idle registered WebSocket, at 10,000', unit: 'kB', divisor: 1000, limit: 15 },
  {
    name: 'storm',
    title: '5,000 reconnect and register at once (failed: attempts that had to be repeated)',
    unit: 's',
    divisor: 1000,
    limit: 3,
  },
  { name: 'udp-register', title: 'REGISTER over UDP with digest (SIPp)', unit: 'us', divisor: 1 },
  { name: 'udp-call', title: 'call over UDP with digest (SIPp)', unit: 'us', divisor: 1 },
];

/** A Markdown table; ranges are the lowest and highest of the rounds. */
export function table(measurements: readonly Measurement[]): string {
  const lines = [
    '| operation | Chappe | Kamailio | ratio | budget | | bare Node + ws |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const row of rows) {
    const of = (server: string): Measurement[] =>
      measurements.filter((measurement) => measurement.name === row.name && measurement.server === server);
    const chappe = of('chappe');
    const kamailio = of('kamailio');
    const floor = of('floor');
    if (chappe.length + kamailio.length === 0) continue;
    const ratio = chappe.length && kamailio.length ? mean(chappe) / mean(kamailio) : undefined;
    const budget =
      row.ratio !== undefined ? `<= ${row.ratio}x` : row.limit !== undefined ? `<= ${row.limit} ${row.unit}` : '';
    lines.push(
      `| ${row.title} | ${range(chappe, row)} | ${range(kamailio, row)} | ${ratio?.toFixed(2) ?? ''} | ${budget} | ${verdict(row, chappe, ratio)} | ${range(floor, row)} |`,
    );
  }
  return lines.join('\n');
}

function verdict(row: Row, chappe: readonly Measurement[], ratio: number | undefined): string {
  if (chappe.length === 0) return '';
  if (chappe.some(({ failures }) => failures > 0)) return 'missed (failures)';
  if (row.ratio !== undefined) return ratio === undefined ? '' : ratio <= row.ratio ? 'hit' : 'missed';
  if (row.limit !== undefined) return worst(chappe) / row.divisor <= row.limit ? 'hit' : 'missed';
  return '';
}

function range(measurements: readonly Measurement[], { divisor, unit }: Row): string {
  if (measurements.length === 0) return '';
  const digits = unit === 'us' ? 0 : 1;
  const values = measurements.map(({ value }) => (value / divisor).toFixed(digits));
  const low = values.reduce((a, b) => (Number(b) < Number(a) ? b : a));
  const high = values.reduce((a, b) => (Number(b) > Number(a) ? b : a));
  const failures = measurements.reduce((sum, measurement) => sum + measurement.failures, 0);
  return `${low === high ? low : `${low}-${high}`} ${unit}${failures ? `, ${failures} failed` : ''}`;
}

function mean(measurements: readonly Measurement[]): number {
  return measurements.reduce((sum, { value }) => sum + value, 0) / measurements.length;
}

function worst(measurements: readonly Measurement[]): number {
  return Math.max(...measurements.map(({ value }) => value));
}

/** With one worker nothing in Kamailio waits for a lock or hands a connection over: its leanest, on one core only. */
export function sectionName(workers: number): string {
  return workers === 8 ? 'SIP' : `SIP, beside a Kamailio of ${workers} worker${workers === 1 ? '' : 's'}`;
}

export function markdown(measurements: readonly Measurement[], seconds: number, workers: number): string {
  const [cpu] = cpus();
  if (workers !== 8)
    return `## ${sectionName(workers)}\n\n${table(measurements)}\n\n- again: \`node bench/run.ts --write --workers ${workers}\`\n`;
  return `## SIP

CPU is user and system time of the server's whole process tree for one operation, from \`/proc\`; memory is the growth of its
proportional set size. Both servers run at the same time on one core, the load generator on the other, and are measured in turns
(A B A B) after a warm-up of twice as many operations, since V8 goes on compiling for thousands of calls; a range is the lowest and the highest of the rounds. The rows with a rate are what the budgets are
about: a server with time to spare wakes up for every message, and its connections have been still for a while. Flat out, a server
finds its next message already waiting, which makes each much cheaper for both. Kamailio runs with eight
workers, as it does unless told otherwise, and does the same work: an ephemeral credential at the WebSocket handshake, checked again on every request,
digest on UDP, the location service in memory (Chappe also stores the bindings of UDP phones durably), stateful relay with Record-Route, no media. The last column is what Node and \`ws\` spend
when a message is only handed on, unread (\`bench/floor.ts\`): no server on them can cost less.

${table(measurements)}

Where a budget is missed: of the time of a call at 400/s (\`perf\`, all threads) the kernel takes a quarter (writes to sockets 15 %,
waiting for them 7 %, reading 4 %), V8's helper threads a fifth (marking 9 %, compiling 8 %, which ends, scavenging 2 %), Node's streams
and \`ws\` a tenth, and our code, what it allocates included, a third. That third is flat: no function of the parser, the
transactions or the proxy takes more than 2 %. A call costs two to three times as much there as flat out, and so does bare Node with \`ws\`:
code and connections that have not run for a millisecond are cold in the caches. Tried without gain: resting 1 to 4 ms so that
messages gather, a larger young generation, fewer V8 threads, other compiler budgets, a queue of our own for timers of one length
(it saves a third of the 3 kB that a call keeps for 32 s, but no time), a trace that fits into the caches.

A REGISTER that repeats the last one of its connection is not parsed (\`src/server/sip/refresh.ts\`); what that takes is remembered
from the second REGISTER on, 1.2 kB a connection, which the row of idle ones does not have yet.

Of a REGISTER over UDP the store's share is gone where the phone only prolongs its binding: a binding is stored for twice its time,
so that a phone which refreshes at half of it writes one time in three (SIPp, which refreshes sooner, hardly ever). What is left is two
requests, each parsed, challenged or proved (four hashes), answered and traced, at \`dgram\`'s price for a datagram.

- date: ${new Date().toISOString().slice(0, 10)}; the run took ${seconds} s
- machine: ${cpu?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}
- peers: Kamailio 5.6.3, SIPp 3.6.1 (Debian 12; \`tools/peers.sh\` installs them)
- again: \`node bench/run.ts --write\`; one row: \`node bench/run.ts --only call\`
`;
}
