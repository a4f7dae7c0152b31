import { isIPv6 } from 'node:net';

interface Bucket {
  tokens: number;
  /** Milliseconds, when `tokens` was right. */
  at: number;
}

/**
 * A bucket of tokens for each key that a stranger may choose (an address, a name). The number of buckets is bounded:
 * beyond it the one that was used longest ago is forgotten, which forgives it.
 */
export class TokenBuckets {
  readonly #burst: number;
  readonly #interval: number;
  readonly #keys: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `burst` tokens at most; one comes back every `interval` milliseconds. `now`: monotonic milliseconds. */
  constructor(options: { burst: number; interval: number; keys: number; now: () => number }) {
    this.#burst = options.burst;
    this.#interval = options.interval;
    this.#keys = options.keys;
    this.#now = options.now;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token, or several at once: 0. Not so many left: the milliseconds until there are, and none is taken. */
  take(key: string, tokens = 1): number {
    const now = this.#now();
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#keys) this.#buckets.delete(this.#buckets.keys().next().value as string);
      this.#buckets.set(key, { tokens: this.#burst - tokens, at: now });
      return 0;
    }
    this.#buckets.delete(key); // and back in at the end: a Map keeps the order of insertion
    this.#buckets.set(key, bucket);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) / this.#interval);
    bucket.at = now;
    if (bucket.tokens < tokens) return Math.ceil((tokens - bucket.tokens) * this.#interval);
    bucket.tokens -= tokens;
    return 0;
  }

  /** Gives a token back: what it was taken for turned out well. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) bucket.tokens = Math.min(this.#burst, bucket.tokens + 1);
  }
}

/** What counts as one address: an IPv6 network of 64 bits is one customer's. */
export function addressKey(address: string): string {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%')[0]!.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const all =
    tail === undefined ? first : [...first, ...Array(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last];
  return all.slice(0, 4).join(':');
}
