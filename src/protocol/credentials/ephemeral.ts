// Ephemeral credentials: draft-uberti-behave-turn-rest-00 section 2.2, as coturn (`use-auth-secret`) and Kamailio
// (auth_ephemeral, username_format 1, sha_algorithm 0) accept them. username is `<unix expiry>:<name>`, password is
// base64(HMAC-SHA1(secret, username)). Usernames, names and secrets are byte strings (UTF-8).
import type { ByteString } from '../byte-string.ts';
import { type Primitives, toBase64 } from '../primitives.ts';

export interface EphemeralUsername {
  /** Unix seconds. */
  expires: number;
  /** As it stands in the username; its canonical form is the accounts' matter. */
  name: ByteString;
}

/** Bound of a username in octets. */
export const USERNAME_BYTES = 512;

/** Strictly digits, a colon and a name: Kamailio's older `<name>:<expiry>` would let a name choose its own expiry. */
export function parseEphemeralUsername(username: ByteString): EphemeralUsername | undefined {
  if (username.length > USERNAME_BYTES) return undefined;
  const found = /^(0|[1-9]\d{0,11}):(.+)$/s.exec(username);
  return found === null ? undefined : { expires: Number(found[1]), name: found[2] as string };
}

export function ephemeralPassword(primitives: Primitives, secret: ByteString, username: ByteString): string {
  return toBase64(primitives.hmac('sha1', secret, username));
}

export function makeEphemeral(
  primitives: Primitives,
  secret: ByteString,
  name: ByteString,
  expires: number,
): { username: ByteString; password: string } {
  const username = `${Math.floor(expires)}:${name}`;
  return { username, password: ephemeralPassword(primitives, secret, username) };
}

/**
 * The name and expiry that the credential proves, if one of the secrets made it and it has not expired (`now`: unix
 * seconds). Every secret is tried, in constant time, whatever the outcome of the others.
 */
export function verifyEphemeral(
  primitives: Primitives,
  secrets: readonly ByteString[],
  username: ByteString,
  password: string,
  now: number,
): EphemeralUsername | undefined {
  const parsed = parseEphemeralUsername(username);
  let proved = false;
  for (const secret of secrets) {
    if (primitives.equal(ephemeralPassword(primitives, secret, username), password)) proved = true;
  }
  return proved && parsed !== undefined && parsed.expires > now ? parsed : undefined;
}
