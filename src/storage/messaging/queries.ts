import type { ArchivedMessage } from '../messaging.ts';
import type { Parameters, Row, Step } from '../statements.ts';
import type { ReadName } from './statements.ts';

/** What the messaging store asks of an engine: its prepared statements, and writes that are durable when their promise resolves. */
export interface Queries {
  read(name: ReadName, parameters: Parameters): Promise<Row[]>;
  /** Together or not at all; resolves with the number of rows that the last one changed. */
  write(...steps: Step[]): Promise<number>;
  /** With what else is archived at that moment; one that is there already is left as it is. */
  archive(messages: readonly ArchivedMessage[]): Promise<void>;
}
