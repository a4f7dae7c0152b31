import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import { OwnerCache } from '../../messaging/owner-cache.ts';
import type { PepLimits } from './limits.ts';
import type { NodeConfiguration } from './node-configuration.ts';

const PREFIX = 'node:';

/** The nodes of each account and how they are configured: a document each, and in memory while they are in use. */
export class PepNodes {
  readonly limits: PepLimits;
  readonly #documents: DocumentStore;
  readonly #cache: OwnerCache<Map<string, NodeConfiguration>>;

  constructor(documents: DocumentStore, limits: PepLimits) {
    this.limits = limits;
    this.#documents = documents;
    this.#cache = new OwnerCache({
      load: async (owner) => {
        const kept = await documents.list(owner, PREFIX);
        return new Map(
          kept.map(({ name, value }) => [name.slice(PREFIX.length), JSON.parse(value) as NodeConfiguration]),
        );
      },
      most: limits.cachedAccounts,
    });
  }

  of(owner: string): ReadonlyMap<string, NodeConfiguration> | Promise<ReadonlyMap<string, NodeConfiguration>> {
    return this.#cache.get(owner);
  }

  /** The store has others. */
  forget(owner: string): void {
    this.#cache.forget(owner);
  }

  async find(owner: string, node: string): Promise<NodeConfiguration | undefined> {
    return (await this.of(owner)).get(node);
  }

  /** Creates or changes it; durable when it resolves. */
  async save(owner: string, node: string, configuration: NodeConfiguration): Promise<void> {
    const nodes = await this.#cache.get(owner);
    if (!nodes.has(node)) {
      if (node === '' || node.length > this.limits.nameCharacters)
        throw new StanzaError('not-acceptable', 'a node has a name, and no long one');
      if (nodes.size >= this.limits.nodes) throw new StanzaError('resource-constraint', 'there are too many nodes');
    }
    nodes.set(node, configuration); // at once: who publishes twice in one breath creates it once
    await this.#write(owner, node, JSON.stringify(configuration));
  }

  async remove(owner: string, node: string): Promise<void> {
    (await this.#cache.get(owner)).delete(node);
    await this.#write(owner, node, undefined);
  }

  /** What is not in the store has not happened. */
  async #write(owner: string, node: string, value: string | undefined): Promise<void> {
    try {
      await this.#documents.set(owner, PREFIX + node, value);
    } catch (error) {
      this.#cache.forget(owner);
      throw error;
    }
  }
}
