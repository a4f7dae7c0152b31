/** A timer that is running. */
export interface Timer {
  /** Cancels it; harmless when it has fired. (`close`, so that a Node Timeout is one as it is: no wrapper for each.) */
  close(): unknown;
}

/** Where the drivers of the state machines get their time: native at the edge, virtual in tests. */
export interface Clock {
  /** Milliseconds, monotonic; only differences mean anything. */
  now(): number;
  /** Calls `fire` once, `delay` milliseconds from now. */
  setTimer(delay: number, fire: () => void): Timer;
}

export const nativeClock: Clock = {
  now: () => performance.now(),
  setTimer: (delay, fire) => setTimeout(fire, delay),
};

interface VirtualTimer extends Timer {
  due: number;
  /** Timers that are due at the same instant fire in the order they were set. */
  order: number;
  fire: () => void;
}

/** Time that passes only when a test says so. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Set<VirtualTimer>();

  now(): number {
    return this.#now;
  }

  setTimer(delay: number, fire: () => void): Timer {
    this.#order += 1;
    const timer: VirtualTimer = {
      due: this.#now + Math.max(0, delay),
      order: this.#order,
      fire,
      close: () => this.#timers.delete(timer),
    };
    this.#timers.add(timer);
    return timer;
  }

  /** Timers still running: a test that ends with some has leaked them. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets `milliseconds` pass, firing what falls due on the way, also what is set meanwhile. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.fire();
    }
    this.#now = end;
  }

  #next(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order))
        next = timer;
    }
    return next;
  }
}
