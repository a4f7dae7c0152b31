import type { DocumentStore } from '../../storage/messaging.ts';
import { OwnerCache } from './owner-cache.ts';

/** XEP-0441: what an account wants to have in its archive. */
export interface ArchivePreferences {
  default: 'always' | 'never' | 'roster';
  /** Bare or full addresses that are archived, or are not, whatever the default. */
  always: readonly string[];
  never: readonly string[];
}

export const EVERYTHING: ArchivePreferences = { default: 'always', always: [], never: [] };
const DOCUMENT = 'archive-preferences';

export class ArchiveWishes {
  readonly #documents: DocumentStore;
  readonly #cache: OwnerCache<ArchivePreferences>;

  constructor(options: { documents: DocumentStore; cachedAccounts: number }) {
    this.#documents = options.documents;
    this.#cache = new OwnerCache({
      load: async (owner) => {
        const text = await this.#documents.get(owner, DOCUMENT);
        return text === undefined ? EVERYTHING : (JSON.parse(text) as ArchivePreferences);
      },
      most: options.cachedAccounts,
    });
  }

  of(owner: string): ArchivePreferences | Promise<ArchivePreferences> {
    return this.#cache.get(owner);
  }

  /** The store has others. */
  forget(owner: string): void {
    this.#cache.forget(owner);
  }

  async save(owner: string, preferences: ArchivePreferences): Promise<void> {
    await this.#documents.set(owner, DOCUMENT, JSON.stringify(preferences));
    this.#cache.set(owner, preferences);
  }
}
