import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { OCCUPANT_ID, occupantIdOf } from './presence-broadcast.ts';
import type { Role } from './role.ts';
import type { Room } from './room.ts';

/** XEP-0045 section 7.5: from one occupant to all clients of another. It is in their own archives, not in the room's. */
export function receivePrivateMessage(room: Room, message: Element, from: Jid, nick: string): void {
  if (message.attributes['type'] === 'groupchat')
    throw new StanzaError('bad-request', 'A message to one occupant is not for the whole room.');
  const sender = room.requireOccupant(from);
  if (!mayMessage(room, sender.role)) throw new StanzaError('forbidden', 'You may not send private messages here.');
  const recipient = room.occupants.named(nick);
  if (recipient === undefined) throw new StanzaError('item-not-found', 'Nobody has that nickname.');
  const kept = message
    .elements()
    .filter((child) => !child.namespace.startsWith(NS.MUC) && child.namespace !== OCCUPANT_ID);
  const reflected = message
    .holding([...kept, xml('x', NS.MUC_USER), occupantIdOf(sender.id)])
    .with({ from: sender.jid.full });
  const [first, ...others] = [...recipient.sessions.values()].map((session) => session.jid);
  if (first !== undefined) room.send(reflected, first);
  // One copy is archived for whoever it is for.
  if (others.length > 0) room.outbox.send(reflected.adding(xml('no-store', NS.HINTS)), others);
}

export function isPrivateMessage(stanza: Element): boolean {
  return stanza.name === 'message' && stanza.attributes['type'] === 'chat';
}

/** muc#roomconfig_allowpm. */
function mayMessage(room: Room, role: Role): boolean {
  switch (room.configuration.allowPrivateMessages) {
    case 'anyone':
      return true;
    case 'participants':
      return role !== 'visitor';
    case 'moderators':
      return role === 'moderator';
    case 'none':
      return false;
  }
}
