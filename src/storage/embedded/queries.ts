import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Queries } from '../messaging/queries.ts';
import { messagingReads, type ReadName } from '../messaging/statements.ts';
import type { ArchivedMessage } from '../messaging.ts';
import type { Parameters, Row, Step } from '../statements.ts';
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

  async read(name: ReadName, parameters: Parameters): Promise<Row[]> {
    let statement = this.#prepared.get(name);
    if (statement === undefined) {
      statement = this.#database.prepare(messagingReads[name]);
      this.#prepared.set(name, statement);
    }
    return statement.all(parameters) as Row[];
  }

  write(...steps: Step[]): Promise<number> {
    return this.#writer.write(...steps);
  }

  archive(messages: readonly ArchivedMessage[]): Promise<void> {
    return this.#writer.append(
      'archive',
      messages.map(({ owner, id, peer, time, stanza }) => [owner, id, peer, time, stanza]),
    );
  }
}
