import pg, { type Pool } from 'pg';
import { GroupCommit, type Outcome } from '../group-commit.ts';
import type { StorageLimits } from '../limits.ts';
import type { Queries } from '../queries.ts';
import type { AppendName, Parameters, ReadName, Row, SqlValue, Step, Write } from '../statements.ts';
import { StorageError } from '../storage-error.ts';
import { type Ask, Connection, clientConfig, isAnswer, isOverdue, saidGoodbye, storageError } from './connection.ts';
import { appendQuery, readQuery, writeQuery } from './statements.ts';

/** Connections for reading: a slow read holds up one of them only. */
const READERS = 4;

/** Reads by a few connections, writes by one that commits in groups, in the order in which they were made. */
export class PostgresQueries implements Queries {
  readonly #readers: Pool;
  readonly #writer: Connection;
  readonly #commits: GroupCommit;
  readonly #queuedReads: number;
  #closed: Promise<void> | undefined;

  constructor(url: string, limits: StorageLimits) {
    this.#readers = new pg.Pool({ ...clientConfig(url), max: READERS });
    this.#readers.on('error', () => {}); // an idle connection was lost: the next read has another
    this.#writer = new Connection(url);
    this.#commits = new GroupCommit((writes) => this.#commit(writes), limits);
    this.#queuedReads = limits.queuedReads;
  }

  get queued(): number {
    return this.#commits.queued;
  }

  async read(name: ReadName, parameters: Parameters): Promise<Row[]> {
    if (this.#readers.waitingCount >= this.#queuedReads)
      throw new StorageError('STORAGE_BUSY', 'Too many reads are waiting for the database.');
    try {
      return (await this.#readers.query(readQuery(name, parameters))).rows as Row[];
    } catch (error) {
      throw storageError(error);
    }
  }

  write(...steps: Step[]): Promise<number> {
    return this.#commits.write(...steps);
  }

  append(name: AppendName, rows: SqlValue[][]): Promise<void> {
    return this.#commits.append(name, rows);
  }

  close(): Promise<void> {
    this.#closed ??= this.#commits
      .close()
      .then(() => Promise.all([this.#writer.close(), saidGoodbye(this.#readers.end())]))
      .then(() => {});
    return this.#closed;
  }

  /** All in one transaction; where one of them fails, each in its own, so that its neighbours do not suffer. */
  async #commit(writes: Write[]): Promise<Outcome[]> {
    try {
      return await this.#transaction(writes);
    } catch (error) {
      if (!isAnswer(error) || isOverdue(error)) throw storageError(error);
      if (writes.length === 1) return [{ error: (error as Error).message }];
    }
    const outcomes: Outcome[] = [];
    for (const write of writes)
      outcomes.push(
        await this.#transaction([write]).then(
          ([outcome]) => outcome as Outcome,
          (error: Error) => ({ error: error.message }),
        ),
      );
    return outcomes;
  }

  #transaction(writes: Write[]): Promise<Outcome[]> {
    return this.#writer.hold(async (ask) => {
      const [only] = writes;
      if (writes.length === 1 && only !== undefined && ('append' in only || only.length === 1))
        return [await run(ask, only)]; // a statement alone is a transaction
      await ask('begin');
      try {
        const outcomes: Outcome[] = [];
        for (const write of writes) outcomes.push(await run(ask, write));
        await ask('commit');
        return outcomes;
      } catch (error) {
        if (isAnswer(error)) await ask('rollback').catch(() => this.#writer.drop());
        throw error;
      }
    });
  }
}

async function run(ask: Ask, write: Write): Promise<number> {
  if ('append' in write) return (await ask(appendQuery(write.append, write.rows))).rowCount ?? 0;
  let last = 0;
  for (const [name, parameters] of write) last = (await ask(writeQuery(name, parameters))).rowCount ?? 0;
  return last;
}
