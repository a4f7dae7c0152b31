import type { Jid } from '../../../protocol/xmpp/jid.ts';

/** Which rooms each client is in, so that all can be told when it is gone, and how many an account's clients are in. */
export class Visits<Place> {
  readonly #accounts = new Map<string, Map<string, Set<Place>>>();

  set(place: Place, jid: Jid, here: boolean): void {
    let clients = this.#accounts.get(jid.bare);
    if (here) {
      clients ??= new Map();
      this.#accounts.set(jid.bare, clients);
      const places = clients.get(jid.full);
      if (places === undefined) clients.set(jid.full, new Set([place]));
      else places.add(place);
      return;
    }
    const places = clients?.get(jid.full);
    if (clients === undefined || places === undefined) return;
    places.delete(place);
    if (places.size === 0) clients.delete(jid.full);
    if (clients.size === 0) this.#accounts.delete(jid.bare);
  }

  /** Where a client is. */
  of(jid: Jid): Place[] {
    return [...(this.#accounts.get(jid.bare)?.get(jid.full) ?? [])];
  }

  /** Of all clients of the account together. */
  count(jid: Jid): number {
    let count = 0;
    for (const places of this.#accounts.get(jid.bare)?.values() ?? []) count += places.size;
    return count;
  }
}
