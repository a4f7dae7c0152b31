/** What is visited once in every interval. */
export interface Beating {
  beat(): void;
}

const SLOTS = 25;

/**
 * Visits every member once an interval, with one timer for all: members are spread over slots, and each tick visits one
 * slot, so that 10,000 pings are 25 bursts of 400 and not one that blocks signalling. Members that join together (a
 * storm) are spread over all slots: the first visit comes within one interval.
 */
export class Heartbeat {
  readonly #slots: Set<Beating>[] = Array.from({ length: SLOTS }, () => new Set());
  readonly #period: number;
  #interval: NodeJS.Timeout | undefined;
  #tick = 0;
  #next = 0;

  constructor(interval: number) {
    this.#period = interval / SLOTS;
  }

  /** The slot, which `remove` needs: members keep it, since that is cheaper than a map here. */
  add(member: Beating): number {
    this.#next = (this.#next + 1) % SLOTS;
    this.#slots[this.#next]?.add(member);
    this.#interval ??= setInterval(() => this.#visit(), this.#period).unref();
    return this.#next;
  }

  remove(member: Beating, slot: number): void {
    this.#slots[slot]?.delete(member);
  }

  *members(): Generator<Beating> {
    for (const slot of this.#slots) yield* slot;
  }

  get size(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.size, 0);
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #visit(): void {
    this.#tick = (this.#tick + 1) % SLOTS;
    for (const member of this.#slots[this.#tick] ?? []) member.beat();
  }
}
