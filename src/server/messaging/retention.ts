import type { ArchiveStore } from '../../storage/messaging.ts';
import type { Clock, Timer } from '../../transport/clock.ts';

const HOUR = 3_600_000;

export interface RetentionOptions {
  archive: Pick<ArchiveStore, 'expire'>;
  /** Milliseconds, as the configuration says now; infinite. */
  keep: () => number;
  clock: Clock;
  wallClock: () => number;
  onExpired: (messages: number) => void;
  onFault: (error: unknown) => void;
}

/** Deletes from the archives what is older than is to be kept: soon after the start, then every hour. */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#timer = options.clock.setTimer(60_000, () => void this.#expire());
  }

  async #expire(): Promise<void> {
    const { archive, keep, clock, wallClock, onExpired, onFault } = this.#options;
    const age = keep();
    try {
      const expired = age === Number.POSITIVE_INFINITY ? 0 : await archive.expire(wallClock() - age);
      if (expired > 0) onExpired(expired);
    } catch (error) {
      onFault(error);
    }
    if (!this.#closed) this.#timer = clock.setTimer(HOUR, () => void this.#expire());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.close();
  }
}
