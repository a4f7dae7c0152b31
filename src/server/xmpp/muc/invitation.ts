import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { affiliationMay } from './affiliation.ts';
import { requireSpace } from './affiliation-change.ts';
import { invitation } from './invitation-stanza.ts';
import { roleMay } from './role.ts';
import type { Room } from './room.ts';

// XEP-0045 section 7.8.2: invitations through the room. Those of XEP-0249 go from person to person, and are none of its business.

/** All that one message invites, or nobody. */
export async function invite(room: Room, message: Element, from: Jid, invites: readonly Element[]): Promise<void> {
  const occupant = room.requireOccupant(from);
  if (!roleMay(occupant.role, 'invite other users')) throw new StanzaError('forbidden', 'You may not invite anybody.');
  if (invites.length > room.ports.limits.itemsPerRequest)
    throw new StanzaError('policy-violation', 'Too many people are invited at once.');
  const { membersOnly, allowInvites } = room.configuration;
  const affiliation = room.affiliationOf(from);
  if (membersOnly && !allowInvites && !affiliationMay(affiliation, 'edit member list'))
    throw new StanzaError('forbidden', 'Only admins invite to this room.');
  const invitees = invites.map((element) => {
    const jid = parseJid(element.attributes['to'] ?? '');
    if (jid === undefined) throw new StanzaError('jid-malformed', 'Who is invited has no address.');
    if (!room.ports.personExists(jid)) throw new StanzaError('item-not-found', 'There is nobody of that address.');
    if (room.affiliationOf(jid) === 'outcast') throw new StanzaError('not-allowed', 'Who is invited is banned here.');
    return { jid, element };
  });
  if (membersOnly) {
    // Whoever is invited to a members-only room is a member from now on (section 9.5).
    const strangers = invitees.filter(({ jid }) => room.affiliationOf(jid) === 'none');
    requireSpace(room, strangers.length);
    for (const { jid } of strangers) room.affiliations.set(jid.bare, 'member');
    if (strangers.length > 0) await room.save();
  }
  for (const { jid, element } of invitees) {
    remember(room, jid.bare, from.bare);
    room.send(invitation(room, from, jid, element, message.attributes['id']), jid);
  }
}

function remember(room: Room, invitee: string, inviter: string): void {
  room.invitations.delete(invitee);
  room.invitations.set(invitee, inviter);
  const [oldest] = room.invitations.keys();
  if (room.invitations.size > room.ports.limits.invitations && oldest !== undefined) room.invitations.delete(oldest);
}

/** The answer goes to whoever sent the invitation, wherever the message says it should: a room is no way around block lists. */
export function decline(room: Room, message: Element, from: Jid, declined: Element): void {
  const inviter = room.invitations.get(from.bare);
  const to = inviter === undefined ? undefined : parseJid(inviter);
  if (to === undefined) throw new StanzaError('item-not-found', 'You were not invited, or too long ago.');
  room.invitations.delete(from.bare);
  const reason = declined.childText('reason')?.slice(0, room.ports.limits.reasonLength);
  room.send(
    xml(
      'message',
      NS.CLIENT,
      { from: room.jid.bare, id: message.attributes['id'] ?? room.ports.randomId() },
      xml(
        'x',
        NS.MUC_USER,
        {},
        xml(
          'decline',
          NS.MUC_USER,
          { from: from.bare },
          reason === undefined ? undefined : xml('reason', NS.MUC_USER, {}, reason),
        ),
      ),
    ),
    to,
  );
}
