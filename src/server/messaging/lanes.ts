/**
 * Keeps the stanzas of one sender in order (RFC 6120 section 10.1) while some of them wait for the disk: a lane is what
 * that sender's stanzas are let out of, one after the other, each as soon as it is ready. Work that makes them ready
 * begins at once, so a hundred messages share a commit. An idle lane does not exist, and costs nothing.
 */
export class Lanes {
  readonly #last = new Map<string, Promise<void>>();

  /** Something of that sender is waiting: what comes now has to go through `pass`. */
  busy(sender: string): boolean {
    return this.#last.has(sender);
  }

  /** Nothing of that sender has come behind it: what `pass` gave. */
  isLast(sender: string, place: Promise<void> | undefined): boolean {
    return place !== undefined && this.#last.get(sender) === place;
  }

  /**
   * Calls `release` when `ready` has resolved and whatever passed before is out; `refuse` in its place if it was rejected.
   * Resolves after whichever was called. What `release` promises keeps what comes after it back: it must not itself wait for
   * a place in the same lane.
   */
  pass<T>(
    sender: string,
    ready: Promise<T> | undefined,
    release: (value: T | undefined) => unknown,
    refuse?: (error: unknown) => void,
  ): Promise<void> {
    const before = this.#last.get(sender);
    ready?.catch(ignore); // it may fail while it is not yet its turn
    const go = () => turn(ready, release, refuse);
    const mine = before === undefined ? go() : before.then(go, go);
    this.#last.set(sender, mine);
    const done = () => {
      if (this.#last.get(sender) === mine) this.#last.delete(sender);
    };
    mine.then(done, done);
    return mine;
  }
}

async function turn<T>(
  ready: Promise<T> | undefined,
  release: (value: T | undefined) => unknown,
  refuse: ((error: unknown) => void) | undefined,
): Promise<void> {
  let value: T | undefined;
  try {
    value = await ready;
  } catch (error) {
    refuse?.(error);
    return;
  }
  const rest = release(value);
  if (rest instanceof Promise) await rest;
}

function ignore(): void {}
