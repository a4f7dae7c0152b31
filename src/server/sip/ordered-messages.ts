// The messages of one branch and its dialogs, in the order in which they came, while a description of one of them is
// being translated: what comes after it must not overtake it.

/** Passes a message on, at once or later; `done` is called once when the next may follow. */
export type Passing = (done: () => void) => void;

export class OrderedMessages {
  readonly #most: number;
  readonly #waiting: Passing[] = [];
  #busy = false;

  /** `most`: messages that may wait. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Nothing waits: a message may pass without asking. */
  get idle(): boolean {
    return !this.#busy;
  }

  /** False: too many wait already, and this one is not taken. `always`: it is no stranger's, and must not be lost. */
  pass(message: Passing, always = false): boolean {
    if (this.#waiting.length >= this.#most && !always) return false;
    this.#waiting.push(message);
    if (!this.#busy) this.#next();
    return true;
  }

  #next(): void {
    while (!this.#busy) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#busy = true;
      let done = false;
      let within = true;
      const passed = () => {
        if (done) return;
        done = true;
        this.#busy = false;
        if (!within) this.#next();
      };
      try {
        message(passed);
      } catch (error) {
        within = false;
        passed(); // a message that could not be passed holds up none after it
        throw error;
      }
      within = false;
    }
  }
}
