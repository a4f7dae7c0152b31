// The one canonical form of an account's name in SIP, XMPP, MSRP, TURN and HTTP:
// PRECIS UsernameCaseMapped (src/protocol/precis.ts), without the characters that a JID's local part (RFC 7622
// section 3.3.1) or an ephemeral username (`:`) cannot hold.
import { decodeUtf8 } from '../../protocol/byte-string.ts';
import { usernameCaseMapped } from '../../protocol/precis.ts';

/** Bound of a name in UTF-8 octets, before and after mapping. */
export const NAME_BYTES = 128;
/** Names of people who come by a link and have no account. */
export const GUEST_PREFIX = 'guest.';

/** RFC 7622's eight, and `%`, so that a name decoded once can never be decoded again into another. */
const NEVER = /["&'/:<>@%]/;

/** The canonical form of a person's text; undefined when no account can have that name. */
export function canonicalName(text: string): string | undefined {
  const name = usernameCaseMapped(text, NAME_BYTES);
  return name === undefined || NEVER.test(name) ? undefined : name;
}

/** The canonical form of a SIP user part: percent-decoded once, as UTF-8 (RFC 3261 section 19.1.4). */
export function canonicalUser(user: string): string | undefined {
  if (user.length > 3 * NAME_BYTES) return undefined;
  if (/%(?![0-9a-fA-F]{2})/.test(user)) return undefined;
  const octets = user.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const text = decodeUtf8(octets);
  return text === undefined ? undefined : canonicalName(text);
}
