// The signalling thread's side of a relaying thread (relay-thread-main.ts).
import { Worker } from 'node:worker_threads';
import type { LegStatistics } from '../engine.ts';
import type { BranchPlan, RelayEvent, SocketName } from '../relay/plan.ts';
import type { RelayMetrics } from '../relay/ports.ts';
import type { FromThread, PhoneSocket, Reply, SharedAddress, ThreadData, ToThread } from './thread-messages.ts';

export interface RelayThreadEvents {
  event(event: RelayEvent): void;
  metrics(metrics: RelayMetrics): void;
  fault(error: string): void;
  /** Octets for that shared port to send. */
  send(local: string, octets: Uint8Array, address: string, port: number): void;
  valid(local: string, address: string, port: number): void;
  gone(local: string, address: string, port: number): void;
  stray(local: string, octets: Uint8Array, address: string, port: number): void;
  /** It ended without having been told to: what it had is gone. */
  died(reason: string): void;
}

export class ThreadGoneError extends Error {
  constructor() {
    super('The relaying thread is gone');
    this.name = 'ThreadGoneError';
  }
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class RelayThread {
  /** Calls pinned to it. */
  calls = 0;
  private readonly worker: Worker;
  private readonly events: RelayThreadEvents;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private gone = false;
  private closing = false;

  constructor(data: ThreadData, events: RelayThreadEvents) {
    this.events = events;
    const name = import.meta.url.endsWith('.ts') ? './relay-thread-main.ts' : './relay-thread-main.js';
    this.worker = new Worker(new URL(name, import.meta.url), { workerData: data, execArgv: [], name: 'media' });
    this.worker.on('message', (message: FromThread) => this.receive(message));
    this.worker.on('error', (error) => this.end(error instanceof Error ? error.message : String(error)));
    this.worker.on('exit', (code) => this.end(`exit ${code}`));
  }

  get alive(): boolean {
    return !this.gone;
  }

  shared(local: string, at: SharedAddress, reusable: boolean): void {
    this.post({ type: 'shared', local, at, reusable });
  }

  /** Undefined: they are bound. Else the system's code: EADDRINUSE where another program has one of the ports. */
  async bind(address: string, sockets: readonly PhoneSocket[]): Promise<string | undefined> {
    const reply = await this.ask((id) => ({ type: 'bind', id, address, sockets }));
    return 'bound' in reply && reply.bound ? undefined : ('code' in reply && reply.code) || 'UNKNOWN';
  }

  unbind(names: readonly SocketName[]): void {
    this.post({ type: 'unbind', names });
  }

  /** Resolves once it holds. */
  async update(plan: BranchPlan): Promise<void> {
    const reply = await this.ask((id) => ({ type: 'update', id, plan }));
    if ('failed' in reply) throw new Error(reply.failed);
  }

  async statistics(branch: string): Promise<LegStatistics[]> {
    const reply = await this.ask((id) => ({ type: 'statistics', id, branch }));
    return 'statistics' in reply ? reply.statistics : [];
  }

  async closeBranch(branch: string): Promise<LegStatistics[]> {
    const reply = await this.ask((id) => ({ type: 'close', id, branch }));
    return 'statistics' in reply ? reply.statistics : [];
  }

  /** A datagram of that shared port. It is not the caller's any more. */
  packet(local: string, octets: Uint8Array, address: string, port: number): void {
    this.post({ type: 'packet', local, octets, address, port });
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.worker.terminate();
  }

  private post(message: ToThread): void {
    if (!this.gone) this.worker.postMessage(message);
  }

  private ask(make: (id: number) => ToThread): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.gone) return reject(new ThreadGoneError());
      const id = ++this.lastId;
      this.waiting.set(id, { resolve, reject });
      this.post(make(id));
    });
  }

  private receive(message: FromThread): void {
    switch (message.type) {
      case 'reply':
        this.waiting.get(message.id)?.resolve(message.reply);
        this.waiting.delete(message.id);
        break;
      case 'send':
      case 'stray':
        this.events[message.type](message.local, message.octets, message.address, message.port);
        break;
      case 'valid':
      case 'gone':
        this.events[message.type](message.local, message.address, message.port);
        break;
      case 'event':
        this.events.event(message.event);
        break;
      case 'metrics':
        this.events.metrics(message.metrics);
        break;
      case 'fault':
        this.events.fault(message.error);
        break;
    }
  }

  private end(reason: string): void {
    if (this.gone) return;
    this.gone = true;
    for (const { reject } of this.waiting.values()) reject(new ThreadGoneError());
    this.waiting.clear();
    if (!this.closing) this.events.died(reason);
  }
}
