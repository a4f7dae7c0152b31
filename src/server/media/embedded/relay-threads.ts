// The relaying threads: calls are spread over them, and one that dies is replaced.
import type { RelayEvent } from '../relay/plan.ts';
import type { RelayMetrics } from '../relay/ports.ts';
import { RelayThread } from './relay-thread.ts';
import type { SharedPort } from './shared-port.ts';
import type { SharedPorts } from './shared-ports.ts';
import type { ThreadData } from './thread-messages.ts';

export interface RelayThreadsOptions {
  count: number;
  data: ThreadData;
  shared: SharedPorts;
  onEvent: (event: RelayEvent) => void;
  onFault: (error: string) => void;
  /** Its calls are lost. The next one is being started. */
  onDeath: (thread: RelayThread, reason: string) => void;
}

/** A thread that dies sooner than this is replaced no sooner. Milliseconds. */
const LEAST_LIFE = 1_000;
const NOTHING: RelayMetrics = { packets: 0, octets: 0, dropped: {} };

export class RelayThreads {
  private readonly options: RelayThreadsOptions;
  private readonly threads: RelayThread[] = [];
  private readonly counted = new Map<RelayThread, RelayMetrics>();
  /** Of those that have died. */
  private before = NOTHING;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(options: RelayThreadsOptions) {
    this.options = options;
    for (let i = 0; i < options.count; i++) this.start();
  }

  /** A shared port is there. */
  listening(port: SharedPort): void {
    for (const thread of this.threads) tellOf(port, thread);
  }

  /** Perhaps one that is gone, when all are and the next have not been started yet. */
  leastLoaded(): RelayThread {
    const alive = this.threads.filter((thread) => thread.alive);
    return (alive.length > 0 ? alive : this.threads).reduce((least, each) => (each.calls < least.calls ? each : least));
  }

  metrics(): RelayMetrics {
    return [...this.counted.values()].reduce(sum, this.before);
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private start(at = this.threads.length): void {
    const { data, shared, onEvent, onFault, onDeath } = this.options;
    const startedAt = performance.now();
    const thread: RelayThread = new RelayThread(data, {
      event: onEvent,
      fault: onFault,
      metrics: (metrics) => this.counted.set(thread, metrics),
      send: (local, octets, address, port) => shared.find(local)?.send(octets, address, port),
      valid: (local, address, port) => shared.find(local)?.addPath(address, port, thread),
      gone: (local, address, port) => shared.find(local)?.removePath(address, port, thread),
      stray: (local, octets, address, port) => shared.find(local)?.socket?.receive(octets, address, port),
      died: (reason) => {
        shared.forget(thread);
        this.before = sum(this.before, this.counted.get(thread) ?? NOTHING);
        this.counted.delete(thread);
        onDeath(thread, reason);
        const wait = Math.max(0, startedAt + LEAST_LIFE - performance.now());
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.start(at);
        }, wait);
        this.timers.add(timer);
      },
    });
    this.threads[at] = thread;
    for (const port of shared.listening) tellOf(port, thread);
  }
}

function tellOf({ name, socket }: SharedPort, thread: RelayThread): void {
  if (socket !== undefined) thread.shared(name, socket.endpoint, socket.reusable);
}

function sum(one: RelayMetrics, other: RelayMetrics): RelayMetrics {
  const dropped: Record<string, number> = { ...one.dropped };
  for (const [reason, count] of Object.entries(other.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
  return { packets: one.packets + other.packets, octets: one.octets + other.octets, dropped };
}
