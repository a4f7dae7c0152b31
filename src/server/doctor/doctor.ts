import { checks } from './all.ts';
import { type Examination, examine } from './examination.ts';
import type { Finding } from './finding.ts';

/** Milliseconds for which a look at the host is good enough for whoever asks next. */
const FRESH = 5_000;

/** Examines the host it runs on, from inside: one look at a time, however many ask. */
export class Doctor {
  readonly #examination: () => Examination;
  readonly #now: () => number;
  #looking: Promise<Finding[]> | undefined;
  #until = Number.NEGATIVE_INFINITY;

  /** `now`: monotonic milliseconds. */
  constructor(options: { examination: () => Examination; now: () => number }) {
    this.#examination = options.examination;
    this.#now = options.now;
  }

  look(): Promise<Finding[]> {
    if (this.#looking !== undefined && this.#now() < this.#until) return this.#looking;
    this.#until = Number.POSITIVE_INFINITY;
    this.#looking = examine(this.#examination(), checks).finally(() => {
      this.#until = this.#now() + FRESH;
    });
    return this.#looking;
  }
}
