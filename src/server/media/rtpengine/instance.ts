// One rtpengine: the requests to it, whether it is there, and the calls that are pinned to it. Sans-I/O but for its connection.
// Laws: it is there as long as it answers; a request without an answer, or a refused connection, makes it gone until a ping
// is answered. Gone for longer than `patience` its calls are lost. When it is there again, calls that it no longer knows
// (it was restarted) are lost at once.
import type { Primitives } from '../../../protocol/primitives.ts';
import type { Clock, Timer } from '../../../transport/clock.ts';
import type { BencodeDictionary, Writable } from './bencode.ts';
import type { RtpengineLimits } from './limits.ts';
import { NgClient, type NgCommand, noAnswer } from './ng-client.ts';
import type { NgConnection, NgListener } from './ng-connection.ts';

/** A call that is pinned to an instance. */
export interface PinnedCall {
  /** Its `call-id` there. */
  readonly id: string;
  /** The instance has answered its first offer. */
  readonly established: boolean;
  /** The instance is gone, or has forgotten it. */
  lost(reason: string): void;
}

export interface InstanceOptions {
  /** For logs and metrics: `udp://192.0.2.1:2223`. */
  name: string;
  /** Its share of the calls beside the others. */
  weight: number;
  unreliable: boolean;
  connect(listener: NgListener): NgConnection;
  clock: Clock;
  primitives: Pick<Primitives, 'random'>;
  limits: RtpengineLimits;
  onChange?(instance: Instance): void;
}

export class Instance {
  readonly name: string;
  readonly weight: number;
  readonly calls = new Map<string, PinnedCall>();
  /** It answered last time; before the first answer it is taken to be there. */
  available = true;
  private readonly options: InstanceOptions;
  private readonly client: NgClient;
  private readonly connection: NgConnection;
  private ping: Timer | undefined;
  private verdict: Timer | undefined;
  private closed = false;

  constructor(options: InstanceOptions) {
    this.options = options;
    this.name = options.name;
    this.weight = options.weight;
    const { clock, primitives, limits, unreliable } = options;
    this.client = new NgClient({
      clock,
      primitives,
      limits,
      unreliable,
      send: (message) => this.connection.send(message),
    });
    this.connection = options.connect({
      receive: (message) => this.client.receive(message),
      onOpen: () => this.client.repeatAll(),
      onRefused: () => {
        this.gone();
        this.client.failAll();
      },
    });
    this.pingLater(0);
  }

  get strays(): number {
    return this.client.strays;
  }

  /** As NgClient.request. */
  async request(
    command: NgCommand,
    parameters?: Readonly<Record<string, Writable | undefined>>,
  ): Promise<BencodeDictionary> {
    if (this.closed) throw noAnswer();
    try {
      const answer = await this.client.request(command, parameters);
      this.there();
      return answer;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'NG_NO_ANSWER') this.gone();
      else if (code === 'NG_REFUSED') this.there();
      throw error;
    }
  }

  close(): void {
    this.closed = true;
    this.ping?.close();
    this.verdict?.close();
    this.client.failAll();
    this.connection.close();
  }

  private pingLater(delay: number): void {
    this.ping = this.options.clock.setTimer(delay, () => {
      const next = (): void => {
        if (!this.closed) this.pingLater(this.options.limits.pingInterval);
      };
      this.request('ping').then(next, next);
    });
  }

  private there(): void {
    if (this.available || this.closed) return;
    this.available = true;
    this.verdict?.close();
    this.verdict = undefined;
    this.options.onChange?.(this);
    void this.compare();
  }

  private gone(): void {
    if (!this.available || this.closed) return;
    this.available = false;
    this.verdict = this.options.clock.setTimer(this.options.limits.patience, () => {
      for (const call of [...this.calls.values()]) call.lost('The media engine is gone');
    });
    this.options.onChange?.(this);
  }

  /** Of the calls that it had before it was gone: which does it still have? */
  private async compare(): Promise<void> {
    const before = [...this.calls.values()].filter(({ established }) => established);
    if (before.length === 0) return;
    try {
      const answer = await this.request('list', { limit: `${LISTED}` });
      const listed = answer.get('calls');
      const known = new Set(Array.isArray(listed) ? listed : []);
      for (const call of before)
        if (!known.has(call.id) && !(await this.knows(call))) call.lost('The media engine was restarted');
    } catch {
      // gone again: the verdict is pending
    }
  }

  private async knows({ id }: PinnedCall): Promise<boolean> {
    try {
      await this.request('query', { 'call-id': id });
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === 'NG_REFUSED') return false;
      throw error;
    }
  }
}

/** Names that fit in one datagram; the others are asked after one by one. */
const LISTED = 400;

/** Where a new call goes: the one with the fewest calls for its weight among those that are there. */
export function leastLoaded(
  instances: readonly Instance[],
  except: ReadonlySet<Instance> = new Set(),
): Instance | undefined {
  let best: Instance | undefined;
  for (const instance of instances) {
    if (!instance.available || except.has(instance)) continue;
    if (best === undefined || instance.calls.size / instance.weight < best.calls.size / best.weight) best = instance;
  }
  return best;
}
