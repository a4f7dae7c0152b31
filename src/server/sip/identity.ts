// The identity rules (DESIGN "Ephemeral credentials"): what a proved identity may say of itself in From and To.
import type { SipUri } from '../../protocol/sip/uri.ts';
import type { Identity } from '../../transport/flow.ts';
import type { SipAccounts } from '../accounts/sip-accounts.ts';
import type { Inbound } from './inbound.ts';
import type { Routing } from './routing.ts';

export class Identities {
  readonly #accounts: SipAccounts;
  readonly #routing: Routing;
  /** Canonical names of user parts seen: PRECIS costs more than a map. Bounded by starting anew. */
  readonly #names = new Map<string, string | undefined>();

  constructor(accounts: SipAccounts, routing: Routing) {
    this.#accounts = accounts;
    this.#routing = routing;
  }

  /** The canonical name of a user part; undefined when no account can have it. */
  name(user: string): string | undefined {
    if (this.#names.has(user)) return this.#names.get(user);
    const name = this.#accounts.canonicalName(user);
    if (this.#names.size >= 20_000) this.#names.clear();
    if (user.length <= 200) this.#names.set(user, name);
    return name;
  }

  /** The canonical name of a local address of record. */
  localName(uri: SipUri | undefined): string | undefined {
    if (uri?.user === undefined || !this.#routing.isLocalHost(uri.host)) return undefined;
    return this.name(uri.user);
  }

  /** REGISTER and PUBLISH speak for To as well, everything else for From alone. */
  matches(inbound: Inbound, identity: Identity): boolean {
    if (this.localName(inbound.from) !== identity.name) return false;
    const { method } = inbound.request;
    return (method !== 'REGISTER' && method !== 'PUBLISH') || this.localName(inbound.to) === identity.name;
  }
}

/** `now`: milliseconds since 1970. */
export function hasExpired(identity: Identity, now: number): boolean {
  return identity.expires !== undefined && identity.expires * 1000 <= now;
}
