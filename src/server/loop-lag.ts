const INTERVAL = 100;
/** Share of a new measurement in the smoothed value. */
const WEIGHT = 0.35;

/** How late the event loop is with its timers, in milliseconds, smoothed. It does not keep the process alive. */
export class LoopLag {
  value = 0;
  #due: number;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#due = performance.now() + INTERVAL;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.value += WEIGHT * (Math.max(0, now - this.#due) - this.value);
      this.#due = now + INTERVAL;
    }, INTERVAL);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
