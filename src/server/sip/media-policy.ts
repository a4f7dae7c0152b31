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

/** `callee` undefined: nothing is known of it. Never empty, and no entry twice. */
export function attempts(policy: MediaPolicy, caller: Profile, callee: Profile | undefined): readonly Attempt[] {
  if (policy === 'never') return ['untouched'];
  const always = policy === 'always';
  const first: Attempt[] = [];
  if (caller === 'webrtc') {
    if (callee === 'webrtc') return always ? ['webrtc'] : ['untouched'];
    // A phone cannot take what a page says; one that nobody knows may be a page.
    if (callee === undefined && !always) first.push('untouched');
    if (callee !== undefined) first.push(callee);
    first.push(...USUAL, always ? 'webrtc' : 'untouched');
  } else {
    if (callee === 'webrtc') return ['webrtc'];
    if (!always) first.push('untouched');
    if (always) first.push(callee ?? caller);
    else if (callee !== undefined) first.push(callee);
    first.push('webrtc', ...USUAL);
    // Two phones of one profile have nothing to gain from being told so by somebody else.
    if (!always) return [...new Set(first)].filter((attempt) => attempt !== caller);
  }
  return [...new Set(first)];
}
