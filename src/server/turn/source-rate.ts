import { randomInt } from 'node:crypto';
import { addressOctets } from '../../protocol/stun/address.ts';

/** Buckets. Whoever forges sources at random would have to send 8 million packets a second to empty all of them. */
const SLOTS = 8_192;
/** An IPv6 network of 64 bits is one customer's. */
const NETWORK = 8;

export interface SourceRateOptions {
  /** How many may come at once, and how many a second come back. */
  burst: number;
  rate: number;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Of the hash: a stranger is not to know whose bucket is his. */
  seed?: number;
}

/** How often each source address is answered. Its memory is fixed: addresses share buckets by a secret hash. */
export class SourceRate {
  readonly #options: SourceRateOptions;
  readonly #seed: number;
  readonly #tokens: Float64Array;
  /** Milliseconds, when `#tokens` was right. */
  readonly #at = new Float64Array(SLOTS);

  constructor(options: SourceRateOptions) {
    this.#options = options;
    this.#seed = options.seed ?? randomInt(2 ** 32);
    this.#tokens = new Float64Array(SLOTS).fill(options.burst);
    this.#at.fill(options.now());
  }

  /** Whether one more is to be answered. */
  take(address: string): boolean {
    const { burst, rate, now } = this.#options;
    const slot = this.#hash(address) % SLOTS;
    const time = now();
    const elapsed = time - (this.#at[slot] as number);
    const tokens = Math.min(burst, (this.#tokens[slot] as number) + (elapsed * rate) / 1_000);
    this.#at[slot] = time;
    this.#tokens[slot] = tokens < 1 ? tokens : tokens - 1;
    return tokens >= 1;
  }

  /** FNV-1a, seeded, and mixed once more: the low bits are what counts. */
  #hash(address: string): number {
    let hash = this.#seed;
    if (address.includes(':')) {
      const octets = addressOctets(address);
      for (let i = 0; i < NETWORK; i++) hash = Math.imul(hash ^ (octets?.[i] ?? 0), 0x01000193);
    } else for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }
}
