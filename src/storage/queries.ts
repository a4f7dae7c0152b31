import type { AppendName, Parameters, ReadName, Row, SqlValue, Step } from './statements.ts';

/** What the stores ask of an engine. A promise of a write resolves when it is durable; both reject with a StorageError. */
export interface Queries {
  read(name: ReadName, parameters: Parameters): Promise<Row[]>;
  /** Together or not at all; resolves with the number of rows that the last one changed. */
  write(...steps: Step[]): Promise<number>;
  /** With what else is added at that moment; a row whose key is there already is left out. */
  append(name: AppendName, rows: SqlValue[][]): Promise<void>;
}
