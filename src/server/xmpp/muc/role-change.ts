import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { type Affiliation, affiliationMay, compareAffiliations } from './affiliation.ts';
import { putOut } from './leave.ts';
import type { Occupant } from './occupants.ts';
import { announce } from './presence-broadcast.ts';
import { type Role, roleMay } from './role.ts';
import type { Room } from './room.ts';

/** Who asks for a role to be changed: judged by bare address, so that an admin need not be in the room (section 8). */
export interface Actor {
  account: string;
  role: Role;
  affiliation: Affiliation;
  nick: string | undefined;
}

export interface RoleChange {
  occupant: Occupant;
  /** What the occupant's account is to the room. */
  affiliation: Affiliation;
  role: Role;
  reason?: string | undefined;
}

/**
 * XEP-0045 section 5.1.3, with sections 8.2 to 8.5, 9.6 and 9.7: `forbidden` to whoever has not the privilege at all,
 * `not-allowed` where it does not reach that occupant.
 */
export function checkRoleChange(actor: Actor, { occupant, affiliation, role }: RoleChange): void {
  if (role === occupant.role) {
    if (!roleMay(actor.role, 'grant voice')) throw new StanzaError('forbidden', 'Only moderators may do that.');
    return;
  }
  const assigns = role === 'moderator' || (occupant.role === 'moderator' && role !== 'none');
  if (assigns && !affiliationMay(actor.affiliation, 'assign and remove moderator role'))
    throw new StanzaError('forbidden', 'Only admins and owners make or unmake moderators.');
  if (role === 'none') checkKick(actor, occupant, affiliation);
  else if (role === 'visitor' && !roleMay(actor.role, 'revoke voice'))
    throw new StanzaError('forbidden', 'Only moderators take voice away.');
  else if (role === 'participant' && !assigns && !roleMay(actor.role, 'grant voice'))
    throw new StanzaError('forbidden', 'Only moderators give voice.');
  // Sections 8.4 and 9.7: an admin or owner is a moderator, and has a voice, by being that. (8.4 also says "at or above
  // the moderator's level", by which most moderators could not silence anybody; 5.1.1 and 8.5 do not.)
  const loses = role === 'visitor' || occupant.role === 'moderator';
  if (role !== 'none' && loses && (affiliation === 'admin' || affiliation === 'owner'))
    throw new StanzaError('not-allowed', 'An admin or owner keeps voice and moderation.');
  if (role === 'visitor' && compareAffiliations(affiliation, actor.affiliation) > 0)
    throw new StanzaError('not-allowed', 'You cannot silence somebody of a higher affiliation.');
}

/** Section 8.2. */
function checkKick(actor: Actor, occupant: Occupant, affiliation: Affiliation): void {
  if (!roleMay(actor.role, 'kick participants and visitors'))
    throw new StanzaError('forbidden', 'Only moderators may put somebody out.');
  if (occupant.account === actor.account) throw new StanzaError('conflict', 'To leave, send unavailable presence.');
  if (compareAffiliations(affiliation, actor.affiliation) > 0)
    throw new StanzaError('not-allowed', 'You cannot put out somebody of a higher affiliation.');
  // Section 5.1.3: a moderator is put out by admins and owners.
  if (occupant.role === 'moderator' && !affiliationMay(actor.affiliation, 'assign and remove moderator role'))
    throw new StanzaError('not-allowed', 'Moderators are put out by admins and owners.');
}

/** Those concerned are told at once; the answer tells the others. */
export function changeRole(room: Room, { occupant, role, reason }: RoleChange, actor: Actor): () => void {
  const notice = { reason, actor: actor.nick };
  if (role === 'none') return putOut(room, occupant, { ...notice, statuses: [307] });
  const before = occupant.role;
  occupant.role = role;
  rememberVoice(room, occupant.account, role);
  return () => announce(room, occupant, notice, { before });
}

/** Bounded: of a great many, the ones decided on first are forgotten. */
function rememberVoice(room: Room, account: string, role: Role): void {
  room.voice.delete(account);
  if (role === 'moderator') return;
  room.voice.set(account, role);
  const [oldest] = room.voice.keys();
  if (room.voice.size > room.ports.limits.affiliations && oldest !== undefined) room.voice.delete(oldest);
}
