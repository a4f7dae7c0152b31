import type { Field, Head } from './head.ts';
import type { RelayLimits } from './limits.ts';
import type { Authentication, RelayIdentity } from './relay-event.ts';
import type { RelayLink } from './relay-link.ts';
import type { RelayUse, RelayUses } from './relay-uses.ts';
import { tryOr } from './try-or.ts';
import { type MsrpUri, parseMsrpUri, sameMsrpUri } from './uri.ts';

export interface AuthOptions {
  limits: Pick<RelayLimits, 'expiresLeast' | 'expires' | 'expiresMost'>;
  uses: RelayUses;
  /** Who it is (RFC 4976 section 5.1). */
  authenticate: (head: Head, link: RelayLink) => Authentication;
  /** What Use-Path URIs are made of; asked at each AUTH. */
  address: () => Omit<MsrpUri, 'sessionId'>;
  /** Seconds since 1970, which the expiry of an identity is about. */
  unixTime: () => number;
}

/** `expires`: seconds. `fields`: of the 200, or of the refusal. */
export type AuthVerdict =
  | { use: RelayUse; expires: number; fields: readonly Field[] }
  | { status: number; fields?: readonly Field[] };

/** An AUTH (RFC 4976 section 5.1). */
export function judgeAuth(link: RelayLink, head: Head, options: AuthOptions): AuthVerdict {
  // 1. From the client itself, to us and not to a relay behind us.
  const [client = ''] = head.fromPath;
  if (head.toPath.length !== 1 || head.fromPath.length !== 1) return { status: 403 };
  const own = tryOr(undefined, () => parseMsrpUri(client));
  if (own === undefined || tryOr(undefined, () => parseMsrpUri(head.toPath[0] ?? '')) === undefined)
    return { status: 400 };
  // 2. Who it is.
  const verdict = options.authenticate(head, link);
  if ('status' in verdict) {
    const challenges = verdict.status === 401 ? verdict.challenges : [];
    return { status: verdict.status, fields: challenges.map((value) => ['WWW-Authenticate', value]) };
  }
  // 3. For how long: within our bounds (423), and not longer than the identity is good.
  const { expiresLeast, expires: usual, expiresMost } = options.limits;
  const asked = head.get('Expires');
  if (asked !== undefined && !/^\d{1,9}$/.test(asked)) return { status: 400 };
  const wanted = asked === undefined ? usual : Number(asked);
  if (wanted < expiresLeast) return { status: 423, fields: [['Min-Expires', String(expiresLeast)]] };
  if (wanted > expiresMost) return { status: 423, fields: [['Max-Expires', String(expiresMost)]] };
  const expires = Math.min(wanted, left(verdict.identity, options.unixTime()));
  if (expires < 1) return { status: 403 };
  // 4. The same URI again for a client that prolongs its use, else a new one.
  const { name } = verdict.identity;
  const known = [...link.uses].find((use) => sameMsrpUri(use.client, own));
  const use = known ?? options.uses.grant(link, name, own, options.address());
  if (use === undefined || use.account !== name) return { status: 403 };
  return { use, expires, fields: [['Use-Path', use.uri], ['Expires', String(expires)], ...(verdict.fields ?? [])] };
}

/** Whole seconds that the identity is still good for. */
function left({ expires }: RelayIdentity, unixTime: number): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Math.floor(expires - unixTime);
}
