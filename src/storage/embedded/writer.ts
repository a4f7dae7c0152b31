import { Worker } from 'node:worker_threads';
import { GroupCommit, type Outcome } from '../group-commit.ts';
import type { StorageLimits } from '../limits.ts';
import type { Write } from '../statements.ts';
import { StorageError } from '../storage-error.ts';
import type { Batch, BatchResult } from './writer-thread.ts';

/** Group commit by a thread that owns this process's writing connection. */
export class Writer extends GroupCommit {
  readonly #worker: Worker;

  constructor(file: string, limits: Pick<StorageLimits, 'queuedWrites' | 'batchWrites' | 'commitInterval'>) {
    let answer: ((result: Outcome[]) => void) | undefined;
    const name = import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js';
    const worker = new Worker(new URL(name, import.meta.url), { workerData: { file }, execArgv: [] });
    super((writes: Write[]) => {
      worker.ref();
      worker.postMessage({ writes } satisfies Batch);
      return new Promise((resolve) => {
        answer = resolve;
      });
    }, limits);
    this.#worker = worker;
    worker.unref(); // alive only while somebody waits for it
    worker.on('message', (result: BatchResult) => {
      if ('closed' in result) return;
      worker.unref();
      answer?.(result.changes);
    });
    worker.on('error', (error) =>
      this.fail(new StorageError('STORAGE_FAILED', `The writer ended: ${(error as Error).message}`)),
    );
    worker.on('exit', () => this.fail(new StorageError('STORAGE_CLOSED', 'The store is closed.')));
  }

  /** Makes what is queued durable, then ends the thread. */
  override async close(): Promise<void> {
    await super.close();
    if (this.#worker.threadId === -1) return; // it has ended
    this.#worker.ref();
    this.#worker.postMessage({ close: true } satisfies Batch);
    await new Promise((resolve) => this.#worker.once('exit', resolve));
  }
}
