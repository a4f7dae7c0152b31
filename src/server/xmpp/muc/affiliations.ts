import type { Jid } from '../../../protocol/xmpp/jid.ts';
import type { Affiliation } from './affiliation.ts';
import { nickKey } from './occupants.ts';

export interface AffiliationEntry {
  affiliation: Exclude<Affiliation, 'none'>;
  /** Reserved for that person (XEP-0045 section 7.10). */
  nick?: string | undefined;
  /** Why somebody was banned. */
  reason?: string | undefined;
}

/** A room's lists (XEP-0045 section 5.2): owners, admins, members and outcasts by bare address. */
export class Affiliations {
  readonly #entries: Map<string, AffiliationEntry>;
  readonly #nicks = new Map<string, string>();

  constructor(entries: Iterable<[string, AffiliationEntry]> = []) {
    this.#entries = new Map(entries);
    for (const [address, { nick }] of this.#entries) if (nick !== undefined) this.#nicks.set(nickKey(nick), address);
  }

  get size(): number {
    return this.#entries.size;
  }

  [Symbol.iterator](): Iterator<[string, AffiliationEntry]> {
    return this.#entries.entries();
  }

  /** A whole domain can be banned (section 9.2); a person's own entry goes before. */
  of(jid: Jid): Affiliation {
    const own = this.#entries.get(jid.bare);
    if (own !== undefined) return own.affiliation;
    return this.#entries.get(jid.domain)?.affiliation === 'outcast' ? 'outcast' : 'none';
  }

  entry(bare: string): AffiliationEntry | undefined {
    return this.#entries.get(bare);
  }

  list(affiliation: Affiliation): Array<[string, AffiliationEntry]> {
    return [...this.#entries].filter(([, entry]) => entry.affiliation === affiliation);
  }

  /** Addresses of the owners. */
  get owners(): string[] {
    return this.list('owner').map(([address]) => address);
  }

  /** Whose nickname that is: a bare address. */
  reservedBy(nick: string): string | undefined {
    return this.#nicks.get(nickKey(nick));
  }

  /** Somebody is to be forgotten: off the lists, but for a ban and for the last owner, which are the room's own. True: off. */
  forget(address: string): boolean {
    const affiliation = this.#entries.get(address)?.affiliation;
    if (affiliation === undefined || affiliation === 'outcast') return false;
    if (affiliation === 'owner' && this.owners.length === 1) return false;
    this.set(address, 'none');
    return true;
  }

  /** The nickname stays reserved unless another is given (empty: none), the person is banned or has nothing more to do with the room. */
  set(address: string, affiliation: Affiliation, change: { nick?: string; reason?: string } = {}): void {
    const before = this.#entries.get(address);
    if (before?.nick !== undefined) this.#nicks.delete(nickKey(before.nick));
    if (affiliation === 'none') {
      this.#entries.delete(address);
      return;
    }
    const nick = affiliation === 'outcast' ? undefined : (change.nick ?? before?.nick) || undefined;
    this.#entries.set(address, { affiliation, nick, reason: change.reason });
    if (nick !== undefined) this.#nicks.set(nickKey(nick), address);
  }
}
