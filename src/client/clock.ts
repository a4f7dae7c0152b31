/** Time as an argument, so that tests run on virtual time. Milliseconds; `now` is monotonic. */
export interface Clock {
  now(): number;
  /** Calls `due` once after `delay` milliseconds; the returned function takes that back. */
  after(delay: number, due: () => void): () => void;
}

export const nativeClock: Clock = {
  now: () => performance.now(),
  after(delay, due) {
    const timer = setTimeout(due, delay);
    return () => clearTimeout(timer);
  },
};
