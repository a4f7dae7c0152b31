const WINDOW = 60_000;
/** Addresses that are remembered; beyond it all are forgotten, which costs an attacker that many addresses. */
const ADDRESSES = 20_000;

/** Counts wrong passwords by address, in windows of a minute. */
export class Failures {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();
  #window = 0;
  total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  count(address: string, now: number): void {
    this.#roll(now);
    this.total += 1;
    if (this.#counts.size >= ADDRESSES) this.#counts.clear();
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  exceeded(address: string, now: number): boolean {
    this.#roll(now);
    return (this.#counts.get(address) ?? 0) >= this.#limit;
  }

  #roll(now: number): void {
    const window = Math.floor(now / WINDOW);
    if (window === this.#window) return;
    this.#window = window;
    this.#counts.clear();
  }
}
