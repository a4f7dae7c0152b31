import type { DocumentStore } from '../messaging.ts';
import type { Queries } from '../queries.ts';

export class Documents implements DocumentStore {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async get(owner: string, name: string): Promise<string | undefined> {
    return (await this.#queries.read('document', { owner, name }))[0]?.['value'] as string | undefined;
  }

  async set(owner: string, name: string, value: string | undefined): Promise<void> {
    if (value === undefined) await this.#queries.write(['removeDocument', { owner, name }]);
    else await this.#queries.write(['setDocument', { owner, name, value }]);
  }

  async list(owner: string, prefix: string): Promise<Array<{ name: string; value: string }>> {
    // A range, which the primary key answers; U+10FFFF is no character that a name has.
    const range = { from: prefix, to: `${prefix}\u{10ffff}` };
    return (await this.#queries.read('documents', { owner, ...range })) as Array<{ name: string; value: string }>;
  }

  async all(name: string): Promise<Array<{ owner: string; value: string }>> {
    return (await this.#queries.read('documentsOfAll', { name })) as Array<{ owner: string; value: string }>;
  }
}
