// CPU of calls between WebRTC pages and plain phones, signalling and media: Chappe beside Kamailio with rtpengine, in turns.
//   node bench/gateway.ts [--write] [--subjects Chappe,Kamailio] [--seconds 5] [--rounds 2] [--rates 24000,12000] [--calls 200]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { GatewayWork } from './gateway-load.ts';
import { chappeGateway, type GatewaySubject, kamailioGateway } from './gateway-subject.ts';
import { machine, writeSection } from './section.ts';
import { generatorCore } from './servers.ts';
import type { LoadResult } from './stream-load.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    subjects: { type: 'string', default: 'Chappe,Kamailio' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '2' },
    rates: { type: 'string', default: '24000,12000' },
    calls: { type: 'string', default: '200' },
  },
});
const CALLS = 40;
/** Short calls begun in a second. */
const SHORT = 40;
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const rates = options.rates.split(',').map(Number);
const shortCalls = Number(options.calls);

interface Measured {
  subject: GatewaySubject;
  rate: number;
  /** Microseconds of CPU of a packet, with its share of the calls' set-up and end. */
  whole: number;
  /** Of a packet alone, in each second. */
  media: number[];
  sent: number;
  lost: number;
}

const measured: Measured[] = [];
/** Microseconds of CPU of a call without sound. */
const ofCall: { subject: GatewaySubject; cost: number }[] = [];
const started = Date.now();

const load = fork(new URL('./gateway-load.ts', import.meta.url), {
  execPath: 'taskset',
  execArgv: ['-c', generatorCore, process.execPath],
});
const loadEnded = once(load, 'exit').then(([code]) => {
  throw new Error(`the generator ended with ${code}`);
});
loadEnded.catch(() => {});

async function perform(work: GatewayWork): Promise<LoadResult | undefined> {
  load.send(work);
  const [answer] = await Promise.race([once(load, 'message'), loadEnded]);
  const { failed, result } = answer as { failed?: string; result?: LoadResult };
  if (failed !== undefined) throw new Error(failed);
  return result;
}

/** 40 calls from their INVITEs to their BYEs, and in between packets at a rate. */
async function conversations(subject: GatewaySubject, rate: number): Promise<Measured> {
  const { name } = subject;
  const before = subject.cpu();
  await perform({ kind: 'begin', name });
  const media: number[] = [];
  let [sent, received] = [0, 0];
  for (let second = 0; second < seconds; second++) {
    const since = subject.cpu();
    const result = (await perform({ kind: 'run', rate, seconds: 1 }))!;
    media.push((subject.cpu() - since) / result.received);
    sent += result.sent;
    received += result.received;
  }
  await perform({ kind: 'end', name });
  const whole = (subject.cpu() - before) / received;
  process.stderr.write(
    `${name} at ${rate}/s: ${whole.toFixed(1)} us, media alone ${median(media).toFixed(1)} us, ${sent} sent, ${sent - received} lost\n`,
  );
  return { subject, rate, whole, media, sent, lost: sent - received };
}

async function short(subject: GatewaySubject): Promise<number> {
  const before = subject.cpu();
  await perform({ kind: 'short', name: subject.name, calls: shortCalls, rate: SHORT });
  const cost = (subject.cpu() - before) / shortCalls;
  process.stderr.write(`${subject.name}: ${(cost / 1000).toFixed(2)} ms a call\n`);
  return cost;
}

const start = { Chappe: chappeGateway, Kamailio: kamailioGateway };
const subjects: GatewaySubject[] = [];
try {
  for (const name of options.subjects.split(',') as (keyof typeof start)[]) {
    const subject = await start[name]();
    subjects.push(subject);
    await perform({ kind: 'register', name: subject.name, address: subject.address, calls: CALLS });
  }
  // Not counted: what runs often is compiled now.
  for (const subject of subjects) {
    await conversations(subject, rates[0]!);
    await short(subject);
  }
  for (let round = 0; round < rounds; round++) {
    for (const rate of rates) for (const subject of subjects) measured.push(await conversations(subject, rate));
    for (const subject of subjects) ofCall.push({ subject, cost: await short(subject) });
  }
} finally {
  load.disconnect();
  await Promise.all(subjects.map((subject) => subject.stop()));
}

const lines = [
  `| operation | ${subjects.map(({ name }) => name).join(' | ')} | ratio |`,
  `|---|${'---|'.repeat(subjects.length)}---|`,
];
for (const rate of rates) {
  const at = (subject: GatewaySubject): Measured[] =>
    measured.filter((each) => each.subject === subject && each.rate === rate);
  const title = `${rate.toLocaleString('en')} packets/s`;
  row(
    `packet, its share of the calls included, ${title}`,
    (subject) => at(subject).map(({ whole }) => whole),
    (values, subject) => `${range(values)} us, ${at(subject).reduce((sum, { lost }) => sum + lost, 0) || 'none'} lost`,
  );
  row(
    `packet alone, ${title}`,
    (subject) => at(subject).flatMap(({ media }) => media),
    (values) => `${median(values).toFixed(1)} us`,
  );
}
row(
  'call set up and ended, no sound',
  (subject) => ofCall.filter((each) => each.subject === subject).map(({ cost }) => cost / 1000),
  (values) => `${range(values)} ms`,
);
const table = lines.join('\n');
/** Whether the load was what it should be: others use the machine as well. */
const least = Math.min(...measured.map(({ sent, rate }) => sent / (rate * seconds)));
const sending = `the generator sent at least ${(100 * least).toFixed(0)} % of each rate`;
process.stdout.write(`${table}\n${sending}\n`);
if (options.write)
  writeSection(
    'gateway',
    `## Calls through the gateway

CPU is user and system time of all processes and threads of each side, from \`/proc\`; Kamailio and rtpengine count as one. Pages
register over WebSocket, phones over UDP with digest; the pages call (INVITE, 180, 200, ACK, BYE), with ICE, DTLS and SRTP, the phones
speak plain RTP. Both sides have one core together, the load another one, in turns (A B A B) after a warm-up. For a packet ${CALLS} calls
are set up, send 172 octets at the rate in both directions for ${seconds} s, and end: all that this takes, divided by the packets that
reached the other side; the packet alone is the median of the seconds in between, each measured by itself. A call without sound is
one that ends when its DTLS handshake is done, ${SHORT} a second. A range is the lowest and the highest of the rounds. Kamailio has
eight workers, rtpengine one thread and not its kernel module; it is told that phones speak plain RTP, which Chappe finds out by OPTIONS.

${table}

- date: ${new Date().toISOString().slice(0, 10)}; the run took ${Math.round((Date.now() - started) / 1000)} s, ${sending}
- machine: ${machine()}; Kamailio 5.6.3, rtpengine 10.5.3 (Debian 12)
- again: \`node bench/gateway.ts --write\``,
  );

function row(
  title: string,
  valuesOf: (subject: GatewaySubject) => readonly number[],
  text: (values: readonly number[], subject: GatewaySubject) => string,
): void {
  const all = subjects.map(valuesOf);
  const [ours, theirs] = all.map(median);
  const ratio = theirs === undefined ? '' : (ours! / theirs).toFixed(2);
  lines.push(`| ${title} | ${all.map((values, i) => text(values, subjects[i]!)).join(' | ')} | ${ratio} |`);
}

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values).toFixed(1), Math.max(...values).toFixed(1)];
  return low === high ? low : `${low}-${high}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
