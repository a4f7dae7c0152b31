import type { StorageLimits } from './limits.ts';
import type { AppendName, SqlValue, Step, Write } from './statements.ts';
import { StorageError } from './storage-error.ts';

/** For each write the rows its last statement changed, or why it failed. */
export type Outcome = number | { error: string };

/** Makes a batch durable with one commit; rejects when nothing of it is. */
export type Commit = (writes: Write[]) => Promise<Outcome[]>;

interface Waiting {
  write: Write;
  /** Of rows to append: all who wait for them. */
  done?: Promise<number>;
  resolve(changes: number): void;
  reject(error: Error): void;
}

/**
 * Group commit: while one batch is being made durable, and for a few milliseconds after one was begun, what comes in is
 * gathered into the next, in order. A lone write goes at once and costs one flush of the disk, a storm of them a flush a thousand; and the thread that signals never waits for either.
 */
export class GroupCommit {
  readonly #commit: Commit;
  readonly #limits: Pick<StorageLimits, 'queuedWrites' | 'batchWrites' | 'commitInterval'>;
  #queue: Waiting[] = [];
  #inFlight: Waiting[] = [];
  #queued = 0;
  #scheduled = false;
  /** When the last batch was begun. */
  #committed = Number.NEGATIVE_INFINITY;
  #closed: Error | undefined;
  #idle: (() => void) | undefined;

  constructor(commit: Commit, limits: Pick<StorageLimits, 'queuedWrites' | 'batchWrites' | 'commitInterval'>) {
    this.#commit = commit;
    this.#limits = limits;
  }

  /** Resolves, once durable, with the number of rows that the last step changed. */
  write(...steps: Step[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(1);
      if (refusal === undefined) this.#enqueue({ write: steps, resolve, reject }, 1);
      else reject(refusal);
    });
  }

  /** Rows that are written with those of others who append at the same moment; resolves when they are durable. */
  async append(name: AppendName, rows: SqlValue[][]): Promise<void> {
    const refusal = this.#refusal(rows.length);
    if (refusal !== undefined) throw refusal;
    const last = this.#queue.at(-1);
    if (
      last?.done !== undefined &&
      'append' in last.write &&
      last.write.append === name &&
      last.write.rows.length + rows.length <= this.#limits.batchWrites
    ) {
      for (const row of rows) last.write.rows.push(row);
      this.#queued += rows.length;
      await last.done;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#enqueue({ write: { append: name, rows }, done: promise, resolve, reject }, rows.length);
    await promise;
  }

  /** Writes, and rows to append, that are under way. */
  get queued(): number {
    return this.#queued;
  }

  /** Takes nothing more; resolves when what was queued is durable, or has failed. */
  close(): Promise<void> {
    this.#closed ??= new StorageError('STORAGE_CLOSED', 'The store is closed.');
    if (this.#queued === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Whoever commits is gone for good: all that waits fails, and what comes. */
  fail(error: Error): void {
    this.#closed = error;
    for (const { reject } of [...this.#inFlight.splice(0), ...this.#queue.splice(0)]) reject(error);
    this.#queued = 0;
    this.#idle?.();
  }

  #refusal(size: number): Error | undefined {
    if (this.#closed !== undefined) return this.#closed;
    if (this.#queued + size > this.#limits.queuedWrites)
      return new StorageError('STORAGE_BUSY', 'Too many writes are waiting for the disk.');
    return undefined;
  }

  #enqueue(waiting: Waiting, size: number): void {
    this.#queue.push(waiting);
    this.#queued += size;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight.length > 0) return;
    this.#scheduled = true;
    const rest = this.#committed + this.#limits.commitInterval - performance.now();
    if (rest > 1) setTimeout(() => void this.#send(), rest);
    // After the event loop's turn, so that everything which arrived with one packet shares a commit.
    else setImmediate(() => void this.#send());
  }

  async #send(): Promise<void> {
    this.#scheduled = false;
    this.#committed = performance.now();
    let rows = 0;
    let writes = 0;
    while (writes < this.#queue.length && rows < this.#limits.batchWrites) rows += sizeOf(this.#queue[writes++]);
    if (writes === 0) return;
    const batch = this.#queue.splice(0, writes);
    this.#inFlight = batch;
    let outcomes: Outcome[];
    try {
      outcomes = await this.#commit(batch.map(({ write }) => write));
    } catch (error) {
      // Whoever closes does not ask again where nothing can be made durable.
      if (this.#closed !== undefined) return this.fail(error as Error);
      outcomes = batch.map(() => ({ error: (error as Error).message }));
    }
    if (this.#inFlight !== batch || batch.length === 0) return; // fail() has answered them
    this.#inFlight = [];
    this.#queued -= rows;
    if (this.#queue.length > 0) this.#schedule();
    batch.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i];
      if (typeof outcome === 'number') resolve(outcome);
      else reject(new StorageError('STORAGE_FAILED', outcome?.error ?? 'no answer'));
    });
    if (this.#queued === 0) this.#idle?.();
  }
}

function sizeOf(waiting: Waiting | undefined): number {
  return waiting !== undefined && 'append' in waiting.write ? waiting.write.rows.length : 1;
}
