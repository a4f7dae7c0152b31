// The named timers of one state machine on a clock.
import type { Clock, Timer } from '../../../transport/clock.ts';

export class Timers<Name extends string> {
  private readonly clock: Clock;
  private readonly running = new Map<Name, Timer>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  set(name: Name, delay: number, fire: () => void): void {
    this.clear(name);
    const timer = this.clock.setTimer(delay, () => {
      this.running.delete(name);
      fire();
    });
    this.running.set(name, timer);
  }

  clear(name: Name): void {
    this.running.get(name)?.close();
    this.running.delete(name);
  }

  clearAll(): void {
    for (const timer of this.running.values()) timer.close();
    this.running.clear();
  }
}
