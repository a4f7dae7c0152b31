import { Worker } from 'node:worker_threads';
import { type StorageLimits, storageLimits } from '../limits.ts';
import type { Step } from './statements.ts';
import type { Batch, BatchResult } from './writer-thread.ts';

export class StorageError extends Error {
  readonly code: 'STORAGE_BUSY' | 'STORAGE_FAILED' | 'STORAGE_CLOSED';

  constructor(code: 'STORAGE_BUSY' | 'STORAGE_FAILED' | 'STORAGE_CLOSED', message: string) {
    super(message);
    this.name = 'StorageError';
    this.code = code;
  }
}

interface Waiting {
  steps: Step[];
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
      if (this.#dead !== undefined) return reject(this.#dead);
      if (this.#closing !== undefined) return reject(new StorageError('STORAGE_CLOSED', 'The store is closed.'));
      if (this.#queue.length >= this.#limits.queuedWrites)
        return reject(new StorageError('STORAGE_BUSY', 'Too many writes are waiting for the disk.'));
      this.#queue.push({ steps, resolve, reject });
      this.#schedule();
    });
  }

  get queued(): number {
    return this.#queue.length + this.#inFlight.length;
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
    this.#inFlight = this.#queue.splice(0, this.#limits.batchWrites);
    this.#worker.postMessage({ writes: this.#inFlight.map(({ steps }) => steps) } satisfies Batch);
  }

  #receive(result: BatchResult): void {
    if ('closed' in result) return;
    const done = this.#inFlight;
    this.#inFlight = [];
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
    for (const { reject } of [...this.#inFlight.splice(0), ...this.#queue.splice(0)]) reject(error);
    this.#closing?.resolve();
  }
}
