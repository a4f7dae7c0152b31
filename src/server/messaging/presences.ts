import type { Element } from '../../protocol/xmpp/element.ts';

/** One thing that is available for an account: an XMPP resource, a SIP phone's publication, a call. */
export interface ResourcePresence {
  /** Canonical name. */
  account: string;
  /** The resource part under which others see it; a SIP publication is `sip-…`. */
  resource: string;
  /** `<presence/>` without a type, in jabber:client, `from` its full address. */
  presence: Element;
  source: 'xmpp' | 'sip';
}

export type PresenceListener = (
  account: string,
  resource: string,
  /** undefined: it has gone. */
  presence: ResourcePresence | undefined,
) => void;

/**
 * Who is available, by whichever protocol they said so. XMPP's broadcast and SIP's NOTIFY are both written from here;
 * whether somebody may know is the roster's matter (rosters.ts), not this table's.
 */
export class Presences {
  readonly #accounts = new Map<string, Map<string, ResourcePresence>>();
  readonly #busy = new Set<string>();
  readonly #listeners: PresenceListener[] = [];

  set(presence: ResourcePresence): void {
    let resources = this.#accounts.get(presence.account);
    if (resources === undefined) {
      resources = new Map();
      this.#accounts.set(presence.account, resources);
    }
    resources.set(presence.resource, presence);
    for (const listener of this.#listeners) listener(presence.account, presence.resource, presence);
  }

  remove(account: string, resource: string): void {
    const resources = this.#accounts.get(account);
    if (resources === undefined || !resources.delete(resource)) return;
    if (resources.size === 0) this.#accounts.delete(account);
    for (const listener of this.#listeners) listener(account, resource, undefined);
  }

  of(account: string): Iterable<ResourcePresence> {
    return this.#accounts.get(account)?.values() ?? [];
  }

  /** Whether it takes part in a call: one of its own from the beginning, others' once it has answered. */
  setBusy(account: string, busy: boolean): void {
    if (busy) this.#busy.add(account);
    else this.#busy.delete(account);
  }

  isBusy(account: string): boolean {
    return this.#busy.has(account);
  }

  listen(listener: PresenceListener): void {
    this.#listeners.push(listener);
  }
}
