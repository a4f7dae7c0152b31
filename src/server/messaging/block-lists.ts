import { xml } from '../../protocol/xmpp/element.ts';
import type { Jid } from '../../protocol/xmpp/jid.ts';
import type { DocumentStore } from '../../storage/messaging.ts';
import { OwnerCache } from './owner-cache.ts';

export type BlockList = ReadonlySet<string>;

const DOCUMENT = 'blocklist';
/** XEP-0191 section 2.4: why somebody cannot write to an address that he himself has blocked. */
export const BLOCKED = xml('blocked', 'urn:xmpp:blocking:errors');
const NONE: BlockList = new Set();

/** Whom each account does not want to hear of, nor be seen by (XEP-0191). For either protocol. */
export class BlockLists {
  readonly #documents: DocumentStore;
  readonly #cache: OwnerCache<BlockList>;
  readonly #listeners: Array<(owner: string) => void> = [];

  constructor(options: { documents: DocumentStore; cachedAccounts: number }) {
    this.#documents = options.documents;
    this.#cache = new OwnerCache({
      load: async (owner) => read(await this.#documents.get(owner, DOCUMENT)),
      most: options.cachedAccounts,
    });
  }

  /** Of that bare address. */
  of(owner: string): BlockList | Promise<BlockList> {
    return this.#cache.get(owner);
  }

  /** Of both sides of a stanza. */
  both(one: string, other: string): [BlockList, BlockList] | Promise<[BlockList, BlockList]> {
    const first = this.of(one);
    const second = this.of(other);
    return first instanceof Promise || second instanceof Promise ? Promise.all([first, second]) : [first, second];
  }

  /** What is at hand; a list that is not counts as empty. */
  peek(owner: string): BlockList {
    return this.#cache.peek(owner) ?? NONE;
  }

  /** The store has another. */
  forget(owner: string): void {
    this.#cache.forget(owner);
  }

  /** Told of each change, when it has taken effect. */
  onChange(listener: (owner: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes effect at once; resolves when it is durable, and is undone where that fails. */
  async save(owner: string, addresses: Iterable<string>): Promise<void> {
    const next: BlockList = new Set(addresses);
    this.#cache.set(owner, next);
    for (const listener of this.#listeners) listener(owner);
    try {
      await this.#documents.set(owner, DOCUMENT, next.size === 0 ? undefined : JSON.stringify([...next]));
    } catch (error) {
      this.#cache.forget(owner);
      throw error;
    }
  }
}

/** XEP-0191 section 2.1: the full address, the bare one, the domain with that resource, the domain. */
export function blocks(list: BlockList, address: Jid): boolean {
  if (list.size === 0) return false;
  const { full, bare, domain, resource } = address;
  return (
    list.has(full) ||
    list.has(bare) ||
    list.has(domain) ||
    (resource !== undefined && list.has(`${domain}/${resource}`))
  );
}

function read(text: string | undefined): BlockList {
  if (text === undefined) return NONE;
  const addresses: unknown = JSON.parse(text);
  return Array.isArray(addresses) ? new Set(addresses.filter((entry) => typeof entry === 'string')) : NONE;
}
