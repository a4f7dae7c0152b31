// The writer: a thread that owns the only writing connection of this process and commits what it is given in batches.
import { parentPort, workerData } from 'node:worker_threads';
import type { Outcome } from '../group-commit.ts';
import type { Write } from '../statements.ts';
import { committer } from './commit.ts';
import { openDatabase } from './database.ts';

export type Batch = { writes: Write[] } | { close: true };
export type BatchResult = { changes: Outcome[] } | { closed: true };

/** Pages of log before they are copied into the database, 40 MB: an archive's pages are written many times in a row. */
const CHECKPOINT_PAGES = 10_000;

const port = parentPort;
if (port === null) throw new Error('this is a worker thread');
const database = openDatabase((workerData as { file: string }).file);
database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
const commit = committer(database);

port.on('message', (batch: Batch) => {
  if ('close' in batch) {
    database.close();
    port.postMessage({ closed: true } satisfies BatchResult);
    port.close();
    return;
  }
  let changes: Outcome[];
  try {
    changes = commit(batch.writes);
  } catch (error) {
    // The disk is full, or another process holds the database: nothing of the batch is durable.
    changes = batch.writes.map(() => ({ error: (error as Error).message }));
  }
  port.postMessage({ changes } satisfies BatchResult);
});
