import type { Identities } from '../identity.ts';
import type { Inbound } from '../inbound.ts';
import { tryUri } from '../try-uri.ts';

/**
 * The bare address of whoever sends a request: the proved identity's, a configured domain's user, or, where nobody has to
 * prove anything, what From says. undefined: it names nobody.
 */
export function senderOf(
  { request, identity, peer }: Inbound,
  identities: Identities,
  domain: string,
): string | undefined {
  if (identity !== undefined) return `${identity.name}@${domain}`;
  const uri = tryUri(request.from.uri);
  if (uri?.user === undefined) return undefined;
  const local = identities.localName(request.from.uri);
  // A domain speaks for its own users, not for ours.
  if (local !== undefined) return peer === undefined ? `${local}@${domain}` : undefined;
  const name = identities.name(uri.user);
  return name === undefined ? undefined : `${name}@${uri.host.toLowerCase()}`;
}
