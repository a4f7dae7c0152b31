/**
 * Delays between attempts to reconnect: doubling from `first` to `most` milliseconds, each drawn at random from the
 * upper half, so that the clients of a server that came back do not all knock at once (RFC 5626 section 4.5 draws from
 * 50 to 100 percent as well). The very first delay is drawn from zero: a lone dropped socket comes back at once,
 * 5,000 of them spread over `first`.
 */
export class BackOff {
  readonly #first: number;
  readonly #most: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(first = 1000, most = 30_000, random: () => number = Math.random) {
    this.#first = first;
    this.#most = most;
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const ceiling = Math.min(this.#most, this.#first * 2 ** this.#attempts);
    const floor = this.#attempts === 0 ? 0 : ceiling / 2;
    this.#attempts++;
    return floor + this.#random() * (ceiling - floor);
  }

  /** After an attempt that held. */
  reset(): void {
    this.#attempts = 0;
  }
}
