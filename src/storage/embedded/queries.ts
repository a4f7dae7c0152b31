import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Queries } from '../queries.ts';
import {
  type AppendName,
  type Parameters,
  type ReadName,
  type Row,
  reads,
  type SqlValue,
  type Step,
} from '../statements.ts';
import { StorageError } from '../storage-error.ts';
import type { Writer } from './writer.ts';

/** Reads on the signalling thread's connection: a page of an archive takes less than a hop to another thread and back. */
export class EmbeddedQueries implements Queries {
  readonly #database: DatabaseSync;
  readonly #writer: Writer;
  readonly #prepared = new Map<ReadName, StatementSync>();

  constructor(database: DatabaseSync, writer: Writer) {
    this.#database = database;
    this.#writer = writer;
  }

  now(name: ReadName, parameters: Parameters): Row[] {
    let statement = this.#prepared.get(name);
    if (statement === undefined) {
      statement = this.#database.prepare(reads[name]);
      this.#prepared.set(name, statement);
    }
    return statement.all(parameters) as Row[];
  }

  async read(name: ReadName, parameters: Parameters): Promise<Row[]> {
    try {
      return this.now(name, parameters);
    } catch (error) {
      throw new StorageError(this.#database.isOpen ? 'STORAGE_FAILED' : 'STORAGE_CLOSED', (error as Error).message);
    }
  }

  write(...steps: Step[]): Promise<number> {
    return this.#writer.write(...steps);
  }

  append(name: AppendName, rows: SqlValue[][]): Promise<void> {
    return this.#writer.append(name, rows);
  }
}
