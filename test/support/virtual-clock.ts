// Time that passes only when told, in the shape of src/client/clock.ts.
import type { Clock } from '../../src/client/clock.ts';

export class VirtualClock implements Clock {
  #now = 0;
  #count = 0;
  readonly #due = new Map<number, { at: number; run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): () => void {
    const id = ++this.#count;
    this.#due.set(id, { at: this.#now + delay, run });
    return () => this.#due.delete(id);
  }

  get pending(): number {
    return this.#due.size;
  }

  /** Lets time pass; promises that were waiting go on between one timer and the next. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (;;) {
      const next = [...this.#due].filter(([, { at }]) => at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (!next) break;
      this.#due.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].run();
      await settled();
    }
    this.#now = end;
  }
}

/** Lets every promise that can go on do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
