/** One stanza that is being worked at, or somebody who waits for those before. */
interface Entry {
  settled: boolean;
  waiter: (() => void) | undefined;
}

/**
 * The stanzas of one stream, in their order: counted for `h` (XEP-0198 section 4) when what each has promised is kept and so
 * is everything before it. Mostly nothing is pending, and then this is one number.
 */
export class ReceivedStanzas {
  readonly #session: { failedToReceive(error: unknown): void };
  #handled = 0;
  #entries: Entry[] | undefined;
  #pending = 0;
  #below: { most: number; waiter: () => void } | undefined;

  constructor(session: { failedToReceive(error: unknown): void }) {
    this.#session = session;
  }

  /** Counting begins with `<enable/>`: what came before it does not count, nor what of that is still pending. */
  begin(): void {
    this.#handled = 0;
    const before = this.#entries;
    this.#entries = undefined;
    if (before !== undefined) for (const { waiter } of before) waiter?.();
  }

  /** Modulo 2^32. */
  get handled(): number {
    return this.#handled;
  }

  get pending(): number {
    return this.#pending;
  }

  add(promise: Promise<void> | undefined): void {
    if (promise === undefined && this.#entries === undefined) {
      this.#handled = (this.#handled + 1) >>> 0;
      return;
    }
    const entry: Entry = { settled: promise === undefined, waiter: undefined };
    this.#entries ??= [];
    this.#entries.push(entry);
    if (promise === undefined) return;
    this.#pending += 1;
    promise.then(
      () => this.#settle(entry),
      (error: unknown) => {
        this.#pending -= 1;
        this.#session.failedToReceive(error); // never counted: its sender is to send it again
      },
    );
  }

  /** Once what came until now is handled; at once when it is. */
  whenHandled(waiter: () => void): void {
    if (this.#entries === undefined) waiter();
    else this.#entries.push({ settled: true, waiter });
  }

  settled(): Promise<void> {
    return new Promise((resolve) => this.whenHandled(resolve));
  }

  whenBelow(most: number, waiter: () => void): void {
    this.#below = { most, waiter };
  }

  #settle(entry: Entry): void {
    entry.settled = true;
    this.#pending -= 1;
    const entries = this.#entries;
    if (entries !== undefined) {
      let done = 0;
      while (done < entries.length && entries[done]?.settled === true) {
        const { waiter } = entries[done] as Entry;
        done += 1;
        if (waiter === undefined) this.#handled = (this.#handled + 1) >>> 0;
        else waiter();
      }
      if (this.#entries === entries) {
        if (done === entries.length) this.#entries = undefined;
        else if (done > 0) entries.splice(0, done);
      }
    }
    if (this.#below !== undefined && this.#pending < this.#below.most) {
      const { waiter } = this.#below;
      this.#below = undefined;
      waiter();
    }
  }
}
