import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { PubsubStore } from '../../../storage/messaging.ts';
import { OwnerCache } from '../../messaging/owner-cache.ts';
import type { PepLimits } from './limits.ts';

/** How much an account has published, in characters: counted on, and asked of the store anew before anything is refused. */
export class PepRoom {
  readonly #store: Pick<PubsubStore, 'size'>;
  readonly #most: number;
  readonly #taken: OwnerCache<{ characters: number }>;

  constructor(store: Pick<PubsubStore, 'size'>, limits: PepLimits) {
    this.#store = store;
    this.#most = limits.accountCharacters;
    this.#taken = new OwnerCache({
      load: async (owner) => ({ characters: await store.size(owner) }),
      most: limits.cachedAccounts,
    });
  }

  /** Throws when there is no room for so much more. */
  async take(owner: string, characters: number): Promise<void> {
    const taken = await this.#taken.get(owner);
    // What was replaced or retracted meanwhile was not taken off.
    if (taken.characters + characters > this.#most) taken.characters = await this.#store.size(owner);
    if (taken.characters + characters > this.#most)
      throw new StanzaError('resource-constraint', 'there is no room for more: retract something');
    taken.characters += characters;
  }
}
