import type { RosterItem, RosterStore, StoredRoster } from '../../storage/messaging.ts';
import { OwnerCache } from './owner-cache.ts';
import { storeFailure } from './store-failure.ts';

/** One account's contacts (RFC 6121 section 2), as they will be in the store when what was begun is durable. */
export class Roster {
  readonly owner: string;
  readonly #items: Map<string, RosterItem>;
  readonly #removed: Map<string, number>;
  /** Removals up to that version are not known any more. */
  readonly #forgotten: number;
  #version: number;
  /** Writes under way, and whether one has failed. */
  saving = 0;
  ahead = false;

  constructor(owner: string, stored: StoredRoster) {
    this.owner = owner;
    this.#version = stored.version;
    this.#forgotten = stored.forgotten ?? 0;
    this.#items = new Map(stored.items.map((item) => [item.jid, item]));
    this.#removed = new Map(stored.removed.map(({ jid, version }) => [jid, version]));
  }

  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#items.size;
  }

  get items(): Iterable<RosterItem> {
    return this.#items.values();
  }

  get(jid: string): RosterItem | undefined {
    return this.#items.get(jid);
  }

  /** Changes since that version, the oldest first; undefined: not known that far back. */
  since(version: number): Array<{ jid: string; version: number; item: RosterItem | undefined }> | undefined {
    if (version > this.#version || version < this.#forgotten) return undefined;
    const changes: Array<{ jid: string; version: number; item: RosterItem | undefined }> = [];
    for (const item of this.#items.values())
      if (item.version > version && item.listed) changes.push({ jid: item.jid, version: item.version, item });
    for (const [jid, at] of this.#removed) if (at > version) changes.push({ jid, version: at, item: undefined });
    return changes.sort((a, b) => a.version - b.version);
  }

  put(item: Omit<RosterItem, 'version'>): RosterItem {
    const saved = { ...item, version: ++this.#version };
    this.#items.set(item.jid, saved);
    this.#removed.delete(item.jid);
    return saved;
  }

  /** The version at which it went. */
  take(jid: string): number {
    this.#version += 1;
    this.#items.delete(jid);
    this.#removed.set(jid, this.#version);
    return this.#version;
  }

  /** An item that is not there yet. */
  blank(jid: string): RosterItem {
    return {
      jid,
      subscription: 'none',
      pendingOut: false,
      approved: false,
      groups: [],
      listed: false,
      version: this.#version,
    };
  }
}

/** The rosters of the accounts here, in memory while they are used. */
export class Rosters {
  readonly #store: RosterStore;
  readonly #cache: OwnerCache<Roster>;

  constructor(options: { store: RosterStore; cachedAccounts: number }) {
    this.#store = options.store;
    this.#cache = new OwnerCache({
      load: async (owner) => new Roster(owner, await this.#store.load(owner)),
      most: options.cachedAccounts,
      mayForget: (roster) => roster.saving === 0,
    });
  }

  /** Of that bare address. */
  of(owner: string): Roster | Promise<Roster> {
    return this.#cache.get(owner);
  }

  peek(owner: string): Roster | undefined {
    return this.#cache.peek(owner);
  }

  /** The store has another. */
  forget(owner: string): void {
    this.#cache.forget(owner);
  }

  /** Changes one item, at once here, and resolves when that is durable. Rejects with a StanzaError. */
  put(roster: Roster, item: Omit<RosterItem, 'version'>): { item: RosterItem; durable: Promise<void> } {
    const saved = roster.put(item);
    return { item: saved, durable: this.#write(roster, this.#store.save(roster.owner, saved)) };
  }

  take(roster: Roster, jid: string): { version: number; durable: Promise<void> } {
    const version = roster.take(jid);
    return { version, durable: this.#write(roster, this.#store.remove(roster.owner, jid, version)) };
  }

  /** A roster that could not be written is read again, once its other writes are done: what is not in the store has not happened. */
  async #write(roster: Roster, write: Promise<void>): Promise<void> {
    roster.saving += 1;
    try {
      await write;
    } catch (error) {
      roster.ahead = true;
      throw storeFailure(error);
    } finally {
      roster.saving -= 1;
      if (roster.ahead && roster.saving === 0) this.#cache.forget(roster.owner);
    }
  }
}
