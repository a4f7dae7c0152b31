// What transcoding costs: microseconds of CPU for a frame of 20 ms, decoded and encoded, over 20 calls by turns.
//   node tools/run.js bench/transcode.ts [--write]
import { setSequenceNumber, setTimestamp } from '../src/protocol/rtp/header.ts';
import { Transcoder } from '../src/server/media/transcode/transcoder.ts';
import { G722, OPUS, PCMA, PCMU, speak } from '../test/support/rtp-audio.ts';
import { machine, writeSection } from './section.ts';

const FRAMES = 4000;
const ROUNDS = 4;
const CALLS = 20;

const rows: string[] = [];
for (const [from, to] of [
  [OPUS, PCMU],
  [PCMU, OPUS],
  [OPUS, G722],
  [G722, OPUS],
  [PCMU, PCMA],
  [G722, PCMA],
] as const) {
  const calls = Array.from({ length: CALLS }, () => new Transcoder({ conversions: [{ from, to }], send: () => {} }));
  const packets = speak(from, { seconds: 1, rate: to === G722 ? 16_000 : from === G722 ? 16_000 : 8000 });
  const units = from.clockRate / 50;
  let best = Number.POSITIVE_INFINITY;
  let frame = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let n = 0; n < FRAMES; n++, frame++) {
      const time = Math.floor(frame / CALLS);
      const packet = packets[time % packets.length] as Uint8Array;
      setSequenceNumber(packet, time & 0xffff);
      setTimestamp(packet, time * units);
      (calls[frame % CALLS] as Transcoder).push(packet, packet.length, time * 20);
    }
    const { user, system } = process.cpuUsage(before);
    if (round > 0) best = Math.min(best, (user + system) / FRAMES);
  }
  for (const call of calls) call.close();
  rows.push(`| ${from.name} to ${to.name} | ${best.toFixed(1)} us |`);
  console.log(rows.at(-1));
}

if (process.argv.includes('--write'))
  writeSection(
    'transcoding',
    `## Transcoding

CPU is user and system time for one frame of 20 ms: a packet read, decoded, encoded and written, of one direction of one of ${CALLS} calls
that take turns. Opus at complexity 5, 16 kbit/s beside G.711 and 24 beside G.722.

| from, to | a frame |
|---|---|
${rows.join('\n')}

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${machine()}
- again: \`node bench/transcode.ts --write\``,
  );
