// The load generator of the relay benchmark: both ends of every call, in a process of its own. Told over IPC what to do.
import type { MediaParty } from '../src/server/media/engine.ts';
import { MediaPeer } from '../test/support/media-peer.ts';
import { RelayStream } from './relay-stream.ts';

export interface LoadSettings {
  caller: MediaParty['profile'];
  callee: MediaParty['profile'];
  calls: number;
  /** What a browser offers to protect by; default: AEAD_AES_128_GCM before AES128_CM_HMAC_SHA1_80. */
  srtp?: 'SRTP_AES128_CM_HMAC_SHA1_80' | 'SRTP_AEAD_AES_128_GCM';
}

export type LoadWork =
  | ({ kind: 'offer' } & LoadSettings)
  | { kind: 'answer' | 'accept'; descriptions: readonly string[] }
  /** Packets a second over all calls, both directions. */
  | { kind: 'run'; rate: number; seconds: number }
  | { kind: 'close' };

export interface LoadResult {
  sent: number;
  received: number;
  wrong: number;
  /** Milliseconds from the first packet to the last. */
  elapsed: number;
  /** Milliseconds that a packet took, by quantile. */
  latency: Record<'median' | 'p99' | 'most', number>;
  /** Share of a core that the generator itself used. */
  busy: number;
}

let callers: MediaPeer[] = [];
let callees: MediaPeer[] = [];
let streams: RelayStream[] = [];
/** Counts by 0.01 ms, up to a second. */
const histogram = new Uint32Array(100_000);

function take(milliseconds: number): void {
  const slot = Math.min(histogram.length - 1, Math.round(milliseconds * 100));
  histogram[slot] = histogram[slot]! + 1;
}

async function perform(work: LoadWork): Promise<string[] | LoadResult> {
  switch (work.kind) {
    case 'offer': {
      const open = (profile: MediaParty['profile']): Promise<MediaPeer[]> =>
        Promise.all(
          Array.from({ length: work.calls }, () =>
            MediaPeer.open(profile, '127.0.0.1', work.srtp === undefined ? undefined : [work.srtp]),
          ),
        );
      callers = await open(work.caller);
      callees = await open(work.callee);
      return callers.map((peer) => peer.offer());
    }
    case 'answer':
      return callees.map((peer, i) => peer.answer(work.descriptions[i]!));
    case 'accept':
      for (const [i, peer] of callers.entries()) peer.accept(work.descriptions[i]!);
      await Promise.all([...callers, ...callees].map((peer) => peer.ready));
      streams = callers.flatMap((caller, i) => [
        new RelayStream(caller, callees[i]!, take),
        new RelayStream(callees[i]!, caller, take),
      ]);
      // A phone is known by what it sends: one after the other.
      for (const stream of streams) stream.from.send();
      for (const stream of streams) await stream.open();
      for (const peer of [...callers, ...callees]) await peer.settle();
      return [];
    case 'run':
      return run(work.rate, work.seconds);
    case 'close':
      for (const peer of [...callers, ...callees]) peer.close();
      return [];
  }
}

/** Milliseconds that are made up for when the generator itself was held up; beyond them it sends less. */
const CATCH_UP = 5;
/** After the last packet, until no more comes. */
const LAST = 50;

/** Each millisecond what is due by then: bursts of 12 or 24, as the clocks of many senders make them. */
async function run(rate: number, seconds: number): Promise<LoadResult> {
  const most = Math.ceil((rate * seconds) / streams.length) * streams.length;
  for (const stream of streams) stream.prepare(most / streams.length);
  histogram.fill(0);
  const before = process.cpuUsage();
  const start = performance.now();
  let [sent, last] = [0, start];
  for (let now = start; now < start + seconds * 1000; now = performance.now()) {
    const due = Math.min(most, sent + Math.round((Math.min(now - last, CATCH_UP) * rate) / 1000));
    last = now;
    while (sent < due) streams[sent++ % streams.length]!.send();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const sum = (of: (stream: RelayStream) => number): number => streams.reduce((all, stream) => all + of(stream), 0);
  for (let came = -1; came < sum(({ received }) => received); ) {
    came = sum(({ received }) => received);
    await new Promise((resolve) => setTimeout(resolve, LAST));
  }
  return {
    sent,
    received: sum(({ received }) => received),
    wrong: sum(({ wrong }) => wrong),
    elapsed,
    latency: { median: quantile(0.5), p99: quantile(0.99), most: quantile(1) },
    busy: (user + system) / 1000 / elapsed,
  };
}

function quantile(share: number): number {
  const all = histogram.reduce((sum, count) => sum + count, 0);
  let left = Math.ceil(all * share);
  const slot = histogram.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return slot / 100;
}

process.on('message', (work: LoadWork) => {
  perform(work).then(
    (done) => process.send!(done),
    (error: Error) => process.send!({ failed: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());
