/** Time that passes only when a test says so. Timers due at the same instant fire in the order they were set. */
export class VirtualTime {
  now = 0;
  private order = 0;
  private readonly timers = new Map<string, { due: number; order: number; fire: () => void }>();

  set(name: string, delay: number, fire: () => void): void {
    this.timers.set(name, { due: this.now + delay, order: this.order++, fire });
  }

  clear(name: string): void {
    this.timers.delete(name);
  }

  /** Names of the timers that run. */
  get running(): string[] {
    return [...this.timers.keys()];
  }

  advance(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      let next: string | undefined;
      let first = { due: end, order: Number.POSITIVE_INFINITY, fire: () => {} };
      for (const [name, timer] of this.timers) {
        if (timer.due < first.due || (timer.due === first.due && timer.order < first.order)) {
          next = name;
          first = timer;
        }
      }
      if (next === undefined) break;
      this.timers.delete(next);
      this.now = first.due;
      first.fire();
    }
    this.now = end;
  }
}
