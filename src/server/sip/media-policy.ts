// When media passes through this server, and how a callee is asked: the descriptions that it is shown, in turn, until it
// takes one.
import type { PhoneProfile } from '../../protocol/sdp/leg.ts';
import type { Profile } from './profile.ts';

/** `media.policy` of the configuration. */
export type MediaPolicy = 'auto' | 'always' | 'never';

/** A profile to translate into, or the caller's own description. */
export type Attempt = Profile | 'untouched';

/** Statuses that say "not this description" (RFC 3261 sections 21.4.13, 21.4.26, 21.6.4). */
export const REFUSES_DESCRIPTION: ReadonlySet<number> = new Set([415, 488, 606]);

/** Asked of a phone that refused and said nothing of itself: plain, SDES, DTLS. */
const USUAL: readonly PhoneProfile[] = ['RTP/AVP', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF'];

/**
 * The policy for one call. What is said for its domain or its accounts counts before what is said for all; where they
 * disagree `never` counts before `always`, and that before `auto`.
 */
export function effectivePolicy(general: MediaPolicy, particular: readonly (MediaPolicy | undefined)[]): MediaPolicy {
  for (const policy of ['never', 'always', 'auto'] as const) if (particular.includes(policy)) return policy;
  return general;
}

/** What is known of a callee. */
export interface Known {
  profile: Profile;
  /** It has shown so itself. Else it is what those that are reached this way usually are, and the next may be different. */
  certain: boolean;
}

/** Never empty, and no entry twice. `callee` undefined: nothing is known of it. */
export function attempts(policy: MediaPolicy, caller: Profile, callee: Known | undefined): readonly Attempt[] {
  if (policy === 'never') return ['untouched'];
  const known = callee === undefined ? [] : attemptsWith(policy, caller, callee.profile);
  if (callee?.certain) return known;
  return [...new Set([...known, ...attemptsWithout(policy, caller)])];
}

function attemptsWith(policy: MediaPolicy, caller: Profile, callee: Profile): Attempt[] {
  const always = policy === 'always';
  const direct = (caller === 'webrtc') === (callee === 'webrtc') && !always;
  if (callee === 'webrtc') return [direct ? 'untouched' : 'webrtc'];
  const phone: Attempt[] = [callee, ...USUAL];
  // Two phones of one profile have nothing to gain from being told so by somebody else.
  const others = direct ? phone.filter((profile) => profile !== caller) : phone;
  return [...new Set<Attempt>(direct ? ['untouched', ...others] : always ? others : [...others, 'untouched'])];
}

function attemptsWithout(policy: MediaPolicy, caller: Profile): Attempt[] {
  const always = policy === 'always';
  if (caller === 'webrtc') return always ? [...USUAL, 'webrtc'] : ['untouched', ...USUAL];
  const others = USUAL.filter((profile) => profile !== caller);
  return [always ? caller : 'untouched', 'webrtc', ...others];
}
