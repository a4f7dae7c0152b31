/**
 * What is kept for an owner, in memory while it is asked for often: a message is judged in one turn of the event loop
 * where everything about both sides is here already. The least recently used goes first.
 */
export class OwnerCache<T> {
  readonly #load: (owner: string) => Promise<T>;
  readonly #most: number;
  readonly #mayForget: (value: T) => boolean;
  readonly #values = new Map<string, T>();
  readonly #loading = new Map<string, Promise<T>>();

  /** `mayForget`: false while the value is ahead of the store. */
  constructor(options: { load: (owner: string) => Promise<T>; most: number; mayForget?: (value: T) => boolean }) {
    this.#load = options.load;
    this.#most = options.most;
    this.#mayForget = options.mayForget ?? (() => true);
  }

  /** The value where it is at hand, else the promise of it. */
  get(owner: string): T | Promise<T> {
    const known = this.#values.get(owner);
    if (known === undefined) return this.#fetch(owner);
    this.#values.delete(owner);
    this.#values.set(owner, known);
    return known;
  }

  /** Only what is at hand. */
  peek(owner: string): T | undefined {
    return this.#values.get(owner);
  }

  set(owner: string, value: T): void {
    this.#loading.delete(owner);
    this.#values.delete(owner);
    this.#values.set(owner, value);
    if (this.#values.size <= this.#most) return;
    for (const [oldest, kept] of this.#values) {
      if (oldest === owner || !this.#mayForget(kept)) continue;
      this.#values.delete(oldest);
      return;
    }
  }

  forget(owner: string): void {
    this.#values.delete(owner);
    this.#loading.delete(owner);
  }

  #fetch(owner: string): Promise<T> {
    const under = this.#loading.get(owner);
    if (under !== undefined) return under;
    const loading = this.#load(owner).then(
      (value) => {
        // What was set or forgotten meanwhile is newer.
        if (this.#loading.get(owner) === loading) this.set(owner, value);
        return this.#values.get(owner) ?? value;
      },
      (error: unknown) => {
        if (this.#loading.get(owner) === loading) this.#loading.delete(owner);
        throw error;
      },
    );
    this.#loading.set(owner, loading);
    return loading;
  }
}
