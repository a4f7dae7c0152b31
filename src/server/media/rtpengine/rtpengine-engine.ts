// Media by rtpengine, over its ng protocol: several instances as one MediaEngine. A call stays with the instance that has its
// first offer; new calls go past one that does not answer.
import type { Primitives } from '../../../protocol/primitives.ts';
import { type Clock, nativeClock } from '../../../transport/clock.ts';
import { primitives as nodePrimitives } from '../../../transport/primitives.ts';
import type { LegStatistics, MediaCall, MediaCallOptions, MediaEngine, MediaMetrics } from '../engine.ts';
import { Instance } from './instance.ts';
import { type RtpengineLimits, rtpengineLimits } from './limits.ts';
import { connectUdp, connectWebSocket, type NgConnection, type NgListener } from './ng-connection.ts';
import { type CallContext, RtpengineCall } from './rtpengine-call.ts';

export interface RtpengineOptions {
  /** `udp://192.0.2.1:2223`, `ws://...`, `wss://...`; `?weight=2` gives one twice the calls of the others. At least one. */
  urls: readonly string[];
  limits?: RtpengineLimits;
  clock?: Clock;
  primitives?: Pick<Primitives, 'random'>;
  /** Milliseconds since 1970. */
  wallClock?: () => number;
  /** An instance is there again, or has gone. */
  onChange?(name: string, available: boolean): void;
  /** In place of sockets, for tests. */
  connect?(url: URL, listener: NgListener): NgConnection;
}

export class RtpengineEngine implements MediaEngine {
  readonly name = 'rtpengine';
  readonly instances: readonly Instance[];
  private readonly context: CallContext;
  private pinned = 0;
  private readonly counters = { calls: 0, packets: 0, octets: 0, refused: 0, failed: 0 };
  private readonly dropped: Record<string, number> = {};

  constructor(options: RtpengineOptions) {
    const {
      limits = rtpengineLimits,
      clock = nativeClock,
      primitives = nodePrimitives,
      wallClock = Date.now,
    } = options;
    this.instances = options.urls.map((text) => {
      const url = new URL(text);
      const weight = Number(url.searchParams.get('weight') ?? 1);
      url.search = '';
      const unreliable = url.protocol === 'udp:';
      const connect = (listener: NgListener): NgConnection =>
        options.connect?.(url, listener) ?? (unreliable ? connectUdp : connectWebSocket)(url, listener, clock);
      const onChange = ({ name, available }: Instance): void => options.onChange?.(name, available);
      return new Instance({ name: text, weight, unreliable, connect, clock, primitives, limits, onChange });
    });
    const { counters } = this;
    this.context = {
      instances: this.instances,
      limits,
      clock,
      primitives,
      wallClock: () => wallClock() / 1000,
      reserve: () => {
        if (this.pinned >= limits.calls) return false;
        this.pinned++;
        return true;
      },
      release: () => {
        this.pinned--;
      },
      opened: () => {
        counters.calls++;
      },
      closed: () => {
        counters.calls--;
      },
      refused: () => {
        counters.refused++;
      },
      failed: () => {
        counters.failed++;
      },
      relayed: (before, after) => this.add(before, after),
    };
  }

  open(options: MediaCallOptions): MediaCall {
    return new RtpengineCall(options, this.context);
  }

  /** It is told which family is wanted, and has its own interfaces. */
  reaches(): boolean {
    return true;
  }

  metrics(): MediaMetrics {
    return { ...this.counters, dropped: { ...this.dropped } };
  }

  /** Calls are not ended: rtpengine may go on with them, and ends what falls silent. */
  async close(): Promise<void> {
    for (const instance of this.instances) instance.close();
  }

  private add(before: readonly LegStatistics[], after: readonly LegStatistics[]): void {
    after.forEach(({ received, dropped }, i) => {
      const earlier = before[i];
      this.counters.packets += Math.max(0, received.packets - (earlier?.received.packets ?? 0));
      this.counters.octets += Math.max(0, received.octets - (earlier?.received.octets ?? 0));
      for (const [reason, count] of Object.entries(dropped)) {
        const more = Math.max(0, count - (earlier?.dropped[reason] ?? 0));
        this.dropped[reason] = (this.dropped[reason] ?? 0) + more;
      }
    });
  }
}
