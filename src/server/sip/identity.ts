// The identity rules: what a proved identity may say of itself in From and To.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Identity } from '../../transport/flow.ts';
import type { SipAccounts } from '../accounts/sip-accounts.ts';
import type { Inbound } from './inbound.ts';
import { ownText } from './own-text.ts';
import type { Routing } from './routing.ts';
import { tryUri } from './try-uri.ts';

/** What is remembered at most; then it starts anew. */
const REMEMBERED = 20_000;
/** Texts longer than this are not worth remembering. */
const LONG = 200;

export class Identities {
  readonly #accounts: SipAccounts;
  readonly #routing: Routing;
  /** Canonical names of user parts, and of whole addresses of record: PRECIS and parsing cost more than a map. */
  readonly #users = new Map<string, string | undefined>();
  readonly #addresses = new Map<ByteString, string | undefined>();

  constructor(accounts: SipAccounts, routing: Routing) {
    this.#accounts = accounts;
    this.#routing = routing;
  }

  /** The canonical name of a user part; undefined when no account can have it. */
  name(user: string): string | undefined {
    if (this.#users.has(user)) return this.#users.get(user);
    const name = this.#accounts.canonicalName(user);
    remember(this.#users, user, name);
    return name;
  }

  /** The canonical name of a local address of record, as From and To have it; undefined for anybody else's. */
  localName(address: ByteString): string | undefined {
    if (this.#addresses.has(address)) return this.#addresses.get(address);
    const uri = tryUri(address);
    const local = uri?.user !== undefined && this.#routing.isLocalHost(uri.host);
    const name = local ? this.name(uri.user!) : undefined;
    remember(this.#addresses, address, name);
    return name;
  }

  /** REGISTER and PUBLISH speak for To as well, everything else for From alone. */
  matches(inbound: Inbound, identity: Identity): boolean {
    const { method, from, to } = inbound.request;
    if (this.localName(from.uri) !== identity.name) return false;
    return (method !== 'REGISTER' && method !== 'PUBLISH') || this.localName(to.uri) === identity.name;
  }
}

/** `now`: milliseconds since 1970. */
export function hasExpired(identity: Identity, now: number): boolean {
  return identity.expires !== undefined && identity.expires * 1000 <= now;
}

function remember(names: Map<string, string | undefined>, text: string, name: string | undefined): void {
  if (text.length > LONG) return;
  if (names.size >= REMEMBERED) names.clear();
  names.set(ownText(text), name);
}
