import { Worker } from 'node:worker_threads';
import { type StorageLimits, storageLimits } from '../limits.ts';
import type { SqlValue, Step } from '../statements.ts';
import type { AppendName, Batch, BatchResult, Write } from './writer-thread.ts';

export class StorageError extends Error {
  readonly code: 'STORAGE_BUSY' | 'STORAGE_FAILED' | 'STORAGE_CLOSED';

  constructor(code: 'STORAGE_BUSY' | 'STORAGE_FAILED' | 'STORAGE_CLOSED', message: string) {
    super(message);
    this.name = 'StorageError';
    this.code = code;
  }
}

interface Waiting {
  write: Write;
  /** Of rows to append: all who wait for them. */
  done?: Promise<number>;
  resolve(changes: number): void;
  reject(error: Error): void;
}

/**
 * Group commit: while one batch is being made durable, what comes in is gathered into the next. A lone write costs one
 * flush of the disk, a storm of them a flush a thousand; and the thread that signals never waits for either.
 */
export class Writer {
  readonly #worker: Worker;
  readonly #limits: StorageLimits;
  #queue: Waiting[] = [];
  #inFlight: Waiting[] = [];
  #queued = 0;
  #scheduled = false;
  #closing: { resolve(): void } | undefined;
  #dead: Error | undefined;

  constructor(file: string, limits: Partial<StorageLimits> = {}) {
    this.#limits = { ...storageLimits, ...limits };
    const name = import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js';
    this.#worker = new Worker(new URL(name, import.meta.url), { workerData: { file }, execArgv: [] });
    this.#worker.unref(); // alive only while somebody waits for it
    this.#worker.on('message', (result: BatchResult) => this.#receive(result));
    this.#worker.on('error', (error) =>
      this.#fail(new StorageError('STORAGE_FAILED', `The writer ended: ${(error as Error).message}`)),
    );
    this.#worker.on('exit', () => this.#fail(new StorageError('STORAGE_CLOSED', 'The store is closed.')));
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

  #refusal(size: number): Error | undefined {
    if (this.#dead !== undefined) return this.#dead;
    if (this.#closing !== undefined) return new StorageError('STORAGE_CLOSED', 'The store is closed.');
    if (this.#queued + size > this.#limits.queuedWrites)
      return new StorageError('STORAGE_BUSY', 'Too many writes are waiting for the disk.');
    return undefined;
  }

  #enqueue(waiting: Waiting, size: number): void {
    this.#queue.push(waiting);
    this.#queued += size;
    this.#schedule();
  }

  /** Makes what is queued durable, then ends the thread. */
  close(): Promise<void> {
    if (this.#dead !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#closing = { resolve };
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight.length > 0) return;
    this.#scheduled = true;
    this.#worker.ref();
    // After the event loop's turn, so that everything which arrived with one packet shares a commit.
    setImmediate(() => this.#send());
  }

  #send(): void {
    this.#scheduled = false;
    if (this.#dead !== undefined || this.#inFlight.length > 0) return;
    if (this.#queue.length === 0) {
      if (this.#closing !== undefined) this.#worker.postMessage({ close: true } satisfies Batch);
      return;
    }
    let rows = 0;
    let writes = 0;
    while (writes < this.#queue.length && rows < this.#limits.batchWrites) rows += sizeOf(this.#queue[writes++]);
    this.#inFlight = this.#queue.splice(0, writes);
    this.#worker.postMessage({ writes: this.#inFlight.map(({ write }) => write) } satisfies Batch);
  }

  #receive(result: BatchResult): void {
    if ('closed' in result) return;
    const done = this.#inFlight;
    this.#inFlight = [];
    for (const waiting of done) this.#queued -= sizeOf(waiting);
    if (this.#queue.length > 0 || this.#closing !== undefined) this.#schedule();
    else this.#worker.unref();
    done.forEach(({ resolve, reject }, i) => {
      const changes = result.changes[i];
      if (typeof changes === 'number') resolve(changes);
      else reject(new StorageError('STORAGE_FAILED', changes?.error ?? 'no answer'));
    });
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    this.#queued = 0;
    for (const { reject } of [...this.#inFlight.splice(0), ...this.#queue.splice(0)]) reject(error);
    this.#closing?.resolve();
  }
}

function sizeOf(waiting: Waiting | undefined): number {
  return waiting !== undefined && 'append' in waiting.write ? waiting.write.rows.length : 1;
}
