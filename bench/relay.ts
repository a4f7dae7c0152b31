// CPU of a relayed packet, Chappe's media engine beside rtpengine in userspace, in turns, under one load.
//   node bench/relay.ts [--write] [--only plain,cm,gcm] [--seconds 5] [--rounds 2] [--rates 24000,12000] [--profile]
// --profile leaves V8's CPU profiles of our engine's threads in the working directory.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { LoadSettings, LoadWork } from './relay-load.ts';
import { embeddedSubject, type RelaySubject, rtpengineSubject } from './relay-subject.ts';
import { machine, writeSection } from './section.ts';
import { generatorCore } from './servers.ts';
import type { LoadResult } from './stream-load.ts';
import { threadTime } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    subjects: { type: 'string', default: 'Chappe,rtpengine' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '2' },
    rates: { type: 'string', default: '24000,12000' },
    profile: { type: 'boolean', default: false },
  },
});
const CALLS = 40;
const seconds = Number(options.seconds);
const rates = options.rates.split(',').map(Number);
const rows: readonly (LoadSettings & { name: string; title: string; budget?: number })[] = [
  {
    name: 'plain',
    title: 'plain RTP, phone to phone',
    caller: 'RTP/AVP',
    callee: 'RTP/AVP',
    calls: CALLS,
    budget: 1.2,
  },
  {
    name: 'cm',
    title: 'browser (DTLS-SRTP, AES_CM_128_HMAC_SHA1_80) to plain RTP',
    caller: 'webrtc',
    callee: 'RTP/AVP',
    calls: CALLS,
    srtp: 'SRTP_AES128_CM_HMAC_SHA1_80',
    budget: 1.3,
  },
  {
    name: 'gcm',
    title: 'browser (DTLS-SRTP, AEAD_AES_128_GCM) to plain RTP',
    caller: 'webrtc',
    callee: 'RTP/AVP',
    calls: CALLS,
    srtp: 'SRTP_AEAD_AES_128_GCM',
    budget: 1.3,
  },
  { name: 'sdes', title: 'phone with SDES to plain RTP', caller: 'RTP/SAVP', callee: 'RTP/AVP', calls: CALLS },
];

interface Measured extends LoadResult {
  rate: number;
  /** Microseconds of CPU of a packet. */
  cost: number;
}

const load = fork(new URL('./relay-load.ts', import.meta.url), {
  execPath: 'taskset',
  execArgv: ['-c', generatorCore, process.execPath],
});
const loadEnded = once(load, 'exit').then(([code]) => {
  throw new Error(`the generator ended with ${code}`);
});
loadEnded.catch(() => {});

async function perform<T extends string[] | LoadResult>(work: LoadWork): Promise<T> {
  load.send(work);
  const [answer] = (await Promise.race([once(load, 'message'), loadEnded])) as [T | { failed: string }];
  if ('failed' in answer) throw new Error(answer.failed);
  return answer;
}

/** The calls of one row through one relay, and what they cost at each rate. */
async function measure(
  subject: RelaySubject,
  { name, title: _, budget: __, ...settings }: (typeof rows)[number],
): Promise<Measured[]> {
  const { caller, callee } = settings;
  const offers = await subject.ask({
    ask: 'offer',
    caller,
    callee,
    descriptions: await perform<string[]>({ kind: 'offer', ...settings }),
  });
  const answers = await subject.ask({
    ask: 'answer',
    descriptions: await perform<string[]>({ kind: 'answer', descriptions: offers }),
  });
  await perform({ kind: 'accept', descriptions: answers });
  await perform({ kind: 'run', rate: rates[0]!, seconds: 4 }); // not counted: what runs often is compiled now
  const measured: Measured[] = [];
  for (const rate of rates) {
    for (let second = 0; second < seconds; second++) {
      const before = threadTime(subject.pid);
      const result = await perform<LoadResult>({ kind: 'run', rate, seconds: 1 });
      measured.push({ ...result, rate, cost: (threadTime(subject.pid) - before) / result.received });
    }
    const these = measured.filter((each) => each.rate === rate);
    process.stderr.write(`${name} ${subject.name} at ${rate}/s: ${cell(these)}; ${sentOf(these)}\n`);
  }
  await subject.ask({ ask: 'close' });
  await perform({ kind: 'close' });
  return measured;
}

const start = {
  Chappe: () => embeddedSubject(options.profile ? ['--cpu-prof'] : []),
  rtpengine: rtpengineSubject,
};
const subjects: RelaySubject[] = [];
const found: { row: (typeof rows)[number]; subject: RelaySubject['name']; measured: Measured[] }[] = [];
try {
  for (const name of options.subjects.split(',') as (keyof typeof start)[]) subjects.push(await start[name]());
  for (const row of rows) {
    if (options.only !== undefined && !options.only.split(',').includes(row.name)) continue;
    for (let round = 0; round < Number(options.rounds); round++)
      for (const subject of subjects) found.push({ row, subject: subject.name, measured: await measure(subject, row) });
  }
} finally {
  load.disconnect();
  await Promise.all(subjects.map((subject) => subject.stop()));
}

const lines = [
  '| 172 octets, 40 calls | packets/s | Chappe | rtpengine | ratio | budget | |',
  '|---|---|---|---|---|---|---|',
];
for (const row of rows) {
  for (const rate of rates) {
    const of = (name: RelaySubject['name']): Measured[] =>
      found
        .filter(({ row: its, subject }) => its === row && subject === name)
        .flatMap(({ measured }) => measured.filter((each) => each.rate === rate));
    const [ours, theirs] = [of('Chappe'), of('rtpengine')];
    if (ours.length === 0) continue;
    const ratio = costOf(ours) / costOf(theirs);
    const verdict = row.budget === undefined || theirs.length === 0 ? '' : ratio <= row.budget ? 'hit' : 'missed';
    lines.push(
      `| ${row.title} | ${rate.toLocaleString('en')} | ${cell(ours)} | ${cell(theirs)} | ${ratio.toFixed(2)} | ${row.budget === undefined ? '' : `<= ${row.budget}x`} | ${verdict} |`,
    );
  }
}
const table = lines.join('\n');
process.stdout.write(`${table}\n`);
if (options.write)
  writeSection(
    'Media relay',
    `## Media relay

CPU is user and system time of all threads of the relay's process for one packet that reached the other side, from \`/proc\`: 40
calls, both directions, 172 octets of RTP. The relay has one core, the load another one; in turns (A B A B) after a warm-up; each
second is measured by itself, and the table has the median, since others use the machine as well; losses are those of all
seconds together. rtpengine has one thread and not its kernel module. The latency is that of a packet from one socket of the
generator to another, at the 99th percentile: the generator sends what is due each millisecond, so it is the queue of a burst for the most
part. Packets were protected before the run, and are not decrypted again where they arrive.

${table}

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${machine()}; rtpengine 10.5.3 (Debian 12)
- again: \`node bench/relay.ts --write\``,
  );

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function costOf(measured: readonly Measured[]): number {
  // Of a second in which most was lost (somebody else had the machine) it is not known what a packet costs.
  return median(measured.filter(({ sent, received }) => received > 0.9 * sent).map(({ cost }) => cost));
}

function cell(measured: readonly Measured[]): string {
  if (measured.length === 0) return '';
  const lost = measured.reduce((sum, { sent, received }) => sum + sent - received, 0);
  const p99 = median(measured.map(({ latency }) => latency.p99));
  return `${costOf(measured).toFixed(1)} us, p99 ${p99.toFixed(1)} ms, ${lost === 0 ? 'none' : lost} lost`;
}

/** Whether the load was what it should be. */
function sentOf(measured: readonly Measured[]): string {
  const rate = median(measured.map(({ sent, elapsed }) => (sent / elapsed) * 1000));
  return `${rate.toFixed(0)} sent a second, by ${(100 * median(measured.map(({ busy }) => busy))).toFixed(0)} % of a core`;
}
