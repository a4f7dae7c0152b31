// Overload: what is turned away so that the rest is served in time (goodput). New work is refused by a bound on
// transactions, by the event loop's lag, and by a rate for each source; requests of dialogs that are up never are.
import type { Flow } from '../../transport/flow.ts';
import type { FlowState } from './flow-state.ts';
import type { SipLimits } from './limits.ts';
import type { TransactionLayer } from './transactions.ts';

/** A token bucket that nobody needs to fill: it is counted when it is asked. */
export interface Bucket {
  tokens: number;
  counted: number;
}

/** Takes one token; false: there is none. `perSecond` come back each second, up to `burst`. `now`: milliseconds. */
export function take(bucket: Bucket, now: number, perSecond: number, burst: number): boolean {
  if (bucket.tokens < 0) bucket.tokens = burst;
  else bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.counted) * perSecond) / 1000);
  bucket.counted = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

/** Sources by name, the least recently used forgotten beyond a bound. */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#buckets.size;
  }

  peek(key: string): Bucket | undefined {
    return this.#buckets.get(key);
  }

  get(key: string): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: -1, counted: 0 };
      if (this.#buckets.size >= this.#most) {
        const oldest = this.#buckets.keys().next().value;
        if (oldest !== undefined) this.#buckets.delete(oldest);
      }
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }
}

/** Fewer transactions than this that wait are nobody's attack. */
const MANY = 1000;

export class Overload {
  readonly #limits: SipLimits;
  readonly #transactions: TransactionLayer;
  readonly #udp: Buckets;
  readonly #lag: () => number;
  /** Share of new work refused because of lag, 0 to 1; follows the lag smoothly. */
  #shed = 0;
  #debt = 0;
  #sampled = 0;
  draining = false;

  constructor(limits: SipLimits, transactions: TransactionLayer, lag: () => number) {
    this.#limits = limits;
    this.#transactions = transactions;
    this.#udp = new Buckets(limits.sources);
    this.#lag = lag;
  }

  get shed(): number {
    return this.#shed;
  }

  /**
   * Seconds for Retry-After when a new request must be refused; 0: it is welcome.
   * A REGISTER is welcome under lag: it is cheap, and without it nobody is reached; so is what drains (BYE).
   */
  refuse(flow: Flow, state: FlowState, method: string, now: number): number {
    const limits = this.#limits;
    if (this.draining && method !== 'BYE' && method !== 'OPTIONS') return 10;
    const bucket = flow.transport === 'udp' ? this.#udp.get(flow.remote.address) : state;
    if (!take(bucket, now, limits.requestRate, limits.requestBurst)) return 2;
    if (method === 'BYE') return 0;
    const { waiting } = this.#transactions;
    if (waiting >= limits.transactions) return 5;
    if (waiting > MANY && this.#transactions.of(flow.remote.address) >= limits.transactionsPerAddress) return 5;
    if (method !== 'REGISTER' && this.#shedsNow(now)) return 3;
    return 0;
  }

  /** A REGISTER over a connection that refuse() would welcome without a closer look. False, and nothing taken: ask it. */
  admits(state: FlowState, now: number): boolean {
    if (this.draining || this.#transactions.waiting > MANY) return false;
    const { requestRate, requestBurst } = this.#limits;
    return take(state, now, requestRate, requestBurst);
  }

  /** A share of the work proportional to the lag, spread evenly: every n-th request is refused, not all for a while. */
  #shedsNow(now: number): boolean {
    if (now - this.#sampled >= 100) {
      this.#sampled = now;
      const { lag } = this.#limits;
      const over = Math.max(0, Math.min(1, (this.#lag() - lag) / (4 * lag)));
      this.#shed = 0.7 * this.#shed + 0.3 * over;
    }
    if (this.#shed < 0.01) return false;
    this.#debt += this.#shed;
    if (this.#debt < 1) return false;
    this.#debt -= 1;
    return true;
  }
}
