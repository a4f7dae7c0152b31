// The writer: a thread that owns the only writing connection of this process and commits what it is given in batches.
import type { StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { type StatementName, type Step, statements } from './statements.ts';

export type Batch = { writes: Step[][] } | { close: true };
/** For each write the rows its last statement changed, or why it failed. */
export type BatchResult = { changes: Array<number | { error: string }> } | { closed: true };

const port = parentPort;
if (port === null) throw new Error('this is a worker thread');
const database = openDatabase((workerData as { file: string }).file);
const prepared = new Map<StatementName, StatementSync>();

function run([name, parameters]: Step): number {
  let statement = prepared.get(name);
  if (statement === undefined) {
    statement = database.prepare(statements[name]);
    prepared.set(name, statement);
  }
  return Number(statement.run(parameters).changes);
}

function commit(writes: Step[][]): Array<number | { error: string }> {
  const changes: Array<number | { error: string }> = [];
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const steps of writes) {
      if (steps.length > 1) database.exec('SAVEPOINT one');
      try {
        let last = 0;
        for (const step of steps) last = run(step);
        changes.push(last);
        if (steps.length > 1) database.exec('RELEASE one');
      } catch (error) {
        // One write's fault is not its neighbours'.
        if (steps.length > 1) database.exec('ROLLBACK TO one; RELEASE one');
        changes.push({ error: (error as Error).message });
      }
    }
    database.exec('COMMIT');
    return changes;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

port.on('message', (batch: Batch) => {
  if ('close' in batch) {
    database.close();
    port.postMessage({ closed: true } satisfies BatchResult);
    port.close();
    return;
  }
  let changes: Array<number | { error: string }>;
  try {
    changes = commit(batch.writes);
  } catch (error) {
    // The disk is full, or another process holds the database: nothing of the batch is durable.
    changes = batch.writes.map(() => ({ error: (error as Error).message }));
  }
  port.postMessage({ changes } satisfies BatchResult);
});
