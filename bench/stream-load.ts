// Both directions of many calls at a rate: what was sent, what came, how long it took.
import type { MediaPeer } from '../test/support/media-peer.ts';
import { RelayStream } from './relay-stream.ts';

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

/** Milliseconds that are made up for when the generator itself was held up; beyond them it sends less. */
const CATCH_UP = 5;
/** After the last packet, until no more comes. */
const LAST = 50;

export class StreamLoad {
  private readonly streams: readonly RelayStream[];
  /** Counts by 0.01 ms, up to a second. */
  private readonly histogram = new Uint32Array(100_000);

  private constructor(calls: readonly (readonly [MediaPeer, MediaPeer])[]) {
    const take = (milliseconds: number): void => {
      const slot = Math.min(this.histogram.length - 1, Math.round(milliseconds * 100));
      this.histogram[slot] = this.histogram[slot]! + 1;
    };
    this.streams = calls.flatMap(([one, other]) => [
      new RelayStream(one, other, take),
      new RelayStream(other, one, take),
    ]);
  }

  /** Once everybody is described, until media comes through both ways. */
  static async open(calls: readonly (readonly [MediaPeer, MediaPeer])[]): Promise<StreamLoad> {
    await Promise.all(calls.flat().map((peer) => peer.ready));
    const load = new StreamLoad(calls);
    // A phone is known by what it sends: one after the other.
    for (const stream of load.streams) stream.from.send();
    for (const stream of load.streams) await stream.open();
    for (const peer of calls.flat()) await peer.settle();
    return load;
  }

  /** Each millisecond what is due by then: bursts of 12 or 24, as the clocks of many senders make them. */
  async run(rate: number, seconds: number): Promise<LoadResult> {
    const { streams } = this;
    const most = Math.ceil((rate * seconds) / streams.length) * streams.length;
    for (const stream of streams) stream.prepare(most / streams.length);
    this.histogram.fill(0);
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
      latency: { median: this.quantile(0.5), p99: this.quantile(0.99), most: this.quantile(1) },
      busy: (user + system) / 1000 / elapsed,
    };
  }

  private quantile(share: number): number {
    const all = this.histogram.reduce((sum, count) => sum + count, 0);
    let left = Math.ceil(all * share);
    const slot = this.histogram.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return slot / 100;
  }
}
