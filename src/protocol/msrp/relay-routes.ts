import type { ByteString } from '../byte-string.ts';
import type { Head } from './head.ts';
import type { RelayLink } from './relay-link.ts';
import type { RelayUse, RelayUses } from './relay-uses.ts';
import { type MsrpUri, parseMsrpUri, sameAuthority, serializeMsrpUri } from './uri.ts';

/** Where a request goes on. */
export interface Route {
  next: RelayLink;
  /** As the next hop shall see them. */
  toPath: ByteString;
  fromPath: ByteString;
  /** Names the session among those that share a connection. */
  writer: string;
  /** What it was made of, and the uses it leans on. */
  readonly of: { to: readonly ByteString[]; from: readonly ByteString[] };
  readonly uses: readonly RelayUse[];
}

export interface RouteOptions {
  uses: RelayUses;
  /** Peers without a use that have come to us, by their URI. */
  peers: Map<string, RelayLink>;
  peerAddresses: number;
  /** A connection to an allowed peer, made if need be; undefined: it is not allowed. */
  connect: (uri: MsrpUri) => RelayLink | undefined;
  /** Whether that peer may reach us by several connections. */
  allowed: (uri: MsrpUri) => boolean;
}

/**
 * RFC 4976 section 6.4: the paths of a request. Returns the route, or the status that refuses it.
 *
 * Laws: a use is passed outwards only from its owner's connection and in its owner's name (403, 506), inwards only to its
 * owner; a URI that is no use of ours is 481; the next hop of what goes outwards is another use here, a peer that came to
 * us by itself, or a peer on the allow-list, else 403.
 */
export function findRoute(link: RelayLink, head: Head, options: RouteOptions): Route | number {
  const { uses } = options;
  const [target = '', ...rest] = head.toPath;
  const [previous = ''] = head.fromPath;
  const use = uses.find(target);
  if (use === undefined) return 481;
  const next = rest[0];
  if (next === undefined) return 481; // to the relay itself: there is nobody
  const [from, to] = [parseMsrpUri(previous), parseMsrpUri(next)];
  const route = (by: RelayLink, popped: readonly RelayUse[], left: readonly ByteString[]): Route => ({
    next: by,
    toPath: left.join(' '),
    fromPath: [...popped.map(({ uri }) => uri).reverse(), ...head.fromPath].join(' '),
    writer: `${link.name} ${head.fromPath.at(-1)} ${head.toPath.at(-1)}`,
    of: { to: head.toPath, from: head.fromPath },
    uses: popped,
  });

  // 1. Outwards: from the owner of the use.
  if (use.link === link && sameAuthority(from, use.client)) {
    if (head.fromPath.length > 1) return 403; // it speaks for nobody else
    const second = uses.find(next);
    if (second !== undefined) {
      // 1a. To another use here: no hop to ourselves. What is behind that one is its owner.
      const last = rest[1];
      if (last === undefined) return 481;
      if (!sameAuthority(parseMsrpUri(last), second.client)) return 403;
      return route(second.link, [use, second], rest.slice(1));
    }
    if (sameAuthority(to, use.parsed)) return 481; // a use here that has ended
    // 1b. To a peer that has come by itself, or that is allowed.
    const peer = options.peers.get(serializeMsrpUri(to)) ?? options.connect(to);
    return peer === undefined ? 403 : route(peer, [use], rest);
  }
  // 2. In the owner's name, but not from its connection.
  if (sameAuthority(from, use.client)) return 506;
  // 3. Inwards.
  if (!sameAuthority(to, use.client)) return 403;
  const bound = bind(link, from, options);
  if (bound !== undefined) return bound;
  return route(use.link, [use], rest);
}

/** RFC 4975 section 5.4: a peer's URI belongs to one connection as long as that lives. */
function bind(
  link: RelayLink,
  from: MsrpUri,
  { peers, peerAddresses, allowed, uses }: RouteOptions,
): number | undefined {
  if (allowed(from)) return undefined;
  const address = serializeMsrpUri(from);
  const known = peers.get(address);
  if (known === link) return undefined;
  if (known?.open || uses.find(address) !== undefined) return 506;
  if (link.addresses.size >= peerAddresses) return 403;
  link.addresses.add(address);
  peers.set(address, link);
  return undefined;
}

/** Whether a route that was found for the last request serves this one too. */
export function stillFits({ of, uses, next }: Route, head: Head): boolean {
  return next.open && same(of.to, head.toPath) && same(of.from, head.fromPath) && uses.every(({ open }) => open);
}

function same(a: readonly ByteString[], b: readonly ByteString[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
