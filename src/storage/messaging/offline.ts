import type { OfflineStore, WaitingMessage } from '../messaging.ts';
import type { Queries } from '../queries.ts';

export class Offline implements OfflineStore {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async add({ owner, id, time, stanza }: WaitingMessage, most: number): Promise<boolean> {
    return (await this.#queries.write(['addWaiting', { owner, id, time, stanza, most }])) === 1;
  }

  async list(owner: string): Promise<WaitingMessage[]> {
    return (await this.#queries.read('waiting', { owner })) as unknown as WaitingMessage[];
  }

  async remove(owner: string, throughId: string): Promise<void> {
    await this.#queries.write(['removeWaiting', { owner, through: throughId }]);
  }

  async any(owner: string): Promise<boolean> {
    return (await this.#queries.read('anyWaiting', { owner })).length > 0;
  }
}
