import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { PubsubStore } from '../../../storage/messaging.ts';
import { OwnerCache } from '../../messaging/owner-cache.ts';
import type { PresenceStamp } from '../presence-routing.ts';
import { METADATA } from './avatars.ts';
import type { PepNodes } from './nodes.ts';

const UPDATE = 'vcard-temp:x:update';
/** The id of an avatar is the SHA-1 of its octets, as XEP-0153 wants it. */
const HASH = /^[\da-f]{40}$/;

/** XEP-0398 section 3, XEP-0153: every presence of an account says which its picture is, whatever its client knows of it. */
export class PhotoHashes implements PresenceStamp {
  readonly #hashes: OwnerCache<{ hash: string | undefined }>;

  constructor(nodes: PepNodes, store: Pick<PubsubStore, 'items'>) {
    this.#hashes = new OwnerCache({
      load: async (owner) => {
        // A picture that not everybody may see is not in the card either.
        if ((await nodes.find(owner, METADATA))?.accessModel !== 'open') return { hash: undefined };
        const [item] = await store.items(owner, METADATA, 1);
        return {
          hash: item !== undefined && HASH.test(item.id) && item.payload.includes('<info') ? item.id : undefined,
        };
      },
      most: nodes.limits.cachedAccounts,
    });
  }

  stamp(presence: Element, owner: string): Element | Promise<Element> {
    const known = this.#hashes.get(owner);
    if (!(known instanceof Promise)) return stamped(presence, known.hash);
    return known.then(
      ({ hash }) => stamped(presence, hash),
      () => presence, // that it cannot be known now keeps nobody from being there
    );
  }

  peek(presence: Element, owner: string): Element {
    return stamped(presence, this.#hashes.peek(owner)?.hash);
  }

  /** Another picture, or none. */
  forget(owner: string): void {
    this.#hashes.forget(owner);
  }
}

function stamped(presence: Element, hash: string | undefined): Element {
  const own = presence.child('x', UPDATE);
  if (own === undefined && hash === undefined) return presence;
  if (own !== undefined && own.childText('photo') === hash) return presence;
  const update = xml('x', UPDATE, {}, xml('photo', UPDATE, {}, hash));
  return presence.holding([...presence.children.filter((child) => child !== own), update]);
}
