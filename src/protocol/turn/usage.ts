/** What one account has of the server: a count, and a budget of octets that all of its allocations share. */
export class Usage {
  readonly account: string;
  allocations = 0;
  readonly #rate: number;
  #allowance: number;
  #filled = Number.NEGATIVE_INFINITY;
  /** Packets dropped for want of budget. */
  dropped = 0;

  /** `rate`: octets a second. */
  constructor(account: string, rate: number) {
    this.account = account;
    this.#rate = rate;
    this.#allowance = rate;
  }

  /**
   * Whether so many octets may be relayed now. The clock is asked only when the budget is used up, so that a packet costs
   * a subtraction.
   */
  spend(octets: number, clock: () => number): boolean {
    this.#allowance -= octets;
    if (this.#allowance >= 0) return true;
    const now = clock();
    const gained = Math.min(1, (now - this.#filled) / 1000) * this.#rate;
    this.#allowance = Math.min(this.#rate, this.#allowance + gained);
    this.#filled = now;
    if (this.#allowance >= 0) return true;
    this.#allowance += octets; // what is not sent is not spent
    this.dropped += 1;
    return false;
  }
}
