import type { Clock, Timer } from '../../transport/clock.ts';

/** Whose timers they are. */
export interface TimerOwner {
  expired(name: string): void;
}

interface Running {
  name: string;
  timer: Timer | undefined;
}

/** The running timers of a transaction, by name. At most three at a time: a small array beats a map. */
export class TransactionTimers {
  readonly #clock: Clock;
  readonly #owner: TimerOwner;
  readonly #running: Running[] = [];

  constructor(clock: Clock, owner: TimerOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  set(name: string, delay: number): void {
    this.clear(name);
    const running: Running = { name, timer: undefined };
    running.timer = this.#clock.setTimer(delay, () => this.#fire(running));
    this.#running.push(running);
  }

  clear(name: string): void {
    for (const running of this.#running) {
      if (running.name !== name) continue;
      running.timer?.close();
      this.#forget(running);
      return;
    }
  }

  clearAll(): void {
    for (const { timer } of this.#running) timer?.close();
    this.#running.length = 0;
  }

  #fire(running: Running): void {
    this.#forget(running);
    this.#owner.expired(running.name);
  }

  #forget(running: Running): void {
    const at = this.#running.indexOf(running);
    if (at >= 0) this.#running.splice(at, 1);
  }
}
