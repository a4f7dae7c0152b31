import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { type Affiliation, affiliationMay, compareAffiliations } from './affiliation.ts';
import { invitation } from './invitation-stanza.ts';
import { putOut } from './leave.ts';
import { checkNick } from './nickname.ts';
import { announce } from './presence-broadcast.ts';
import { defaultRole, type Role } from './role.ts';
import type { Room } from './room.ts';

/** One entry of a list that is to be changed (XEP-0045 sections 9 and 10). */
export interface AffiliationChange {
  /** Bare; or a domain, which can be banned as a whole. */
  jid: Jid;
  affiliation: Affiliation;
  reason?: string | undefined;
  /** To be reserved; empty: no longer. */
  nick?: string | undefined;
}

/** Throws what whoever asked for it is to be told; nothing is changed. `owners`: who will be owner after the whole request. */
export function checkAffiliationChange(
  room: Room,
  by: Jid,
  change: AffiliationChange,
  owners: ReadonlySet<string>,
): void {
  const actor = room.affiliationOf(by);
  if (!affiliationMay(actor, 'edit member list'))
    throw new StanzaError('forbidden', 'Only admins and owners may do that.');
  const { jid, affiliation, nick } = change;
  const before = room.affiliations.entry(jid.bare)?.affiliation ?? 'none';
  if (affiliation === 'outcast') {
    if (jid.bare === by.bare) throw new StanzaError('conflict', 'You cannot ban yourself.');
    // Section 5.2.2: an admin is banned by owners only.
    if (actor !== 'owner' && compareAffiliations(before, actor) >= 0)
      throw new StanzaError('not-allowed', 'You cannot ban an admin or an owner.');
  }
  const lists = [affiliation, before];
  if (lists.includes('owner') && !affiliationMay(actor, 'edit owner list'))
    throw new StanzaError('forbidden', 'Only owners may change the list of owners.');
  if (lists.includes('admin') && !affiliationMay(actor, 'edit admin list'))
    throw new StanzaError('forbidden', 'Only owners may change the list of admins.');
  if (owners.size === 0) throw new StanzaError('conflict', 'A room has at least one owner.');
  if (jid.local === undefined && affiliation !== 'outcast' && affiliation !== 'none')
    throw new StanzaError('not-acceptable', 'A domain can only be banned.');
  if (nick !== undefined && nick !== '') {
    checkNick(nick, room.ports.limits.nickLength);
    const holder = room.affiliations.reservedBy(nick);
    if (holder !== undefined && holder !== jid.bare) throw new StanzaError('conflict', 'That nickname is reserved.');
  }
}

/** The lists have a bound. */
export function requireSpace(room: Room, more: number): void {
  if (room.affiliations.size + more > room.ports.limits.affiliations)
    throw new StanzaError('resource-constraint', 'The lists of this room are full.');
}

/**
 * Changes one entry, and what follows from it for whoever is in the room: put out, or of another role. Those concerned
 * are told at once; the answer tells the others.
 */
export function changeAffiliation(
  room: Room,
  change: AffiliationChange,
  actor: { jid: Jid; nick: string | undefined },
): () => void {
  const { jid, affiliation, reason, nick } = change;
  const before = room.affiliationOf(jid);
  room.affiliations.set(jid.bare, affiliation, {
    ...(nick !== undefined && { nick }),
    ...(reason !== undefined && { reason }),
  });
  const concerned = [...room.occupants].filter(
    ({ account }) => account === jid.bare || account.endsWith(`@${jid.bare}`),
  );
  const after: Array<() => void> = [];
  for (const occupant of concerned) {
    const [session] = occupant.sessions.values();
    if (session === undefined) continue;
    // A person's own entry goes before his domain's.
    const now = room.affiliationOf(session.jid);
    const role = roleAfter(room, now, occupant.role, before);
    const notice = { reason, actor: actor.nick };
    if (role === 'none') after.push(putOut(room, occupant, { ...notice, statuses: [now === 'outcast' ? 301 : 321] }));
    else {
      const roleBefore = occupant.role;
      occupant.role = role;
      after.push(() => announce(room, occupant, notice, { before: roleBefore }));
    }
  }
  // Section 9.5: whoever becomes a member of a members-only room learns of it by an invitation.
  if (room.configuration.membersOnly && affiliation === 'member' && before === 'none' && concerned.length === 0)
    after.push(() => room.send(invitation(room, actor.jid, jid, undefined), jid));
  return () => {
    for (const tell of after) tell();
  };
}

/** Gained affiliations give their role; lost ones take it away (section 5.1.3). A temporary moderator stays one. */
function roleAfter(room: Room, affiliation: Affiliation, role: Role, before: Affiliation): Role {
  const { moderated, membersOnly } = room.configuration;
  const entry = defaultRole(affiliation, moderated, membersOnly);
  if (entry === 'none' || entry === 'moderator') return entry;
  if (before === 'admin' || before === 'owner') return entry;
  return affiliation === 'member' && role === 'visitor' ? 'participant' : role;
}
