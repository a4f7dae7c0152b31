import type { PubsubItem, PubsubStore } from '../messaging.ts';
import type { Queries } from '../queries.ts';

export class Pubsub implements PubsubStore {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async items(owner: string, node: string, limit: number): Promise<PubsubItem[]> {
    const rows = await this.#queries.read('items', { owner, node, limit });
    return rows.reverse() as unknown as PubsubItem[];
  }

  async find(owner: string, node: string, id: string): Promise<PubsubItem | undefined> {
    return (await this.#queries.read('item', { owner, node, id }))[0] as unknown as PubsubItem | undefined;
  }

  async nodes(owner: string): Promise<string[]> {
    return (await this.#queries.read('nodes', { owner })).map(({ node }) => node as string);
  }

  async size(owner: string): Promise<number> {
    return Number((await this.#queries.read('itemsSize', { owner }))[0]?.['size']);
  }

  async publish({ owner, node, id, publisher, time, payload }: PubsubItem, keep: number): Promise<void> {
    await this.#queries.write(
      ['publish', { owner, node, id, publisher, time, payload }],
      ['trimNode', { owner, node, keep }],
    );
  }

  async retract(owner: string, node: string, id: string): Promise<boolean> {
    return (await this.#queries.write(['retract', { owner, node, id }])) === 1;
  }

  async purge(owner: string, node: string): Promise<void> {
    await this.#queries.write(['purgeNode', { owner, node }]);
  }
}
