// What transcoding costs: microseconds of CPU for a frame of 20 ms, decoded and encoded, over 20 calls by turns.
//   node tools/run.js bench/transcode.ts [frames]
import { setSequenceNumber, setTimestamp } from '../src/protocol/rtp/header.ts';
import { Transcoder } from '../src/server/media/transcode/transcoder.ts';
import { G722, OPUS, PCMA, PCMU, speak } from '../test/support/rtp-audio.ts';

const FRAMES = Number(process.argv[2] ?? 4000);
const ROUNDS = 4;
const CALLS = 20;

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
  console.log(`${`${from.name} to ${to.name}`.padEnd(20)}${best.toFixed(1).padStart(7)} us a frame`);
}
