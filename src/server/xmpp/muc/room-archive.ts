import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { answerArchiveQuery, archiveForm, archiveMetadata } from '../archive-query.ts';
import { withoutAddress } from './archived-message.ts';
import type { Room } from './room.ts';

// XEP-0313 for a room (section 6.1.2): whoever may enter may read.

/** Throws what somebody who may not read is told. */
function requireReader(room: Room, from: Jid): void {
  const affiliation = room.affiliationOf(from);
  if (room.locked && affiliation !== 'owner') throw new StanzaError('item-not-found', 'The room is not open yet.');
  if (affiliation === 'outcast') throw new StanzaError('forbidden', 'You are banned from this room.');
  if (room.entryRole(from) === 'none') throw new StanzaError('forbidden', 'The room is for members only.');
  // A password cannot be given with a query: being in the room, or on its lists, stands for it.
  const known = affiliation !== 'none' || room.occupants.at(from) !== undefined;
  if (room.configuration.password !== undefined && !known)
    throw new StanzaError('forbidden', 'The room has a password: enter first.');
}

export function roomArchiveForm(room: Room, from: Jid): Element {
  requireReader(room, from);
  return archiveForm();
}

export function roomArchiveMetadata(room: Room, from: Jid): Promise<Element> {
  requireReader(room, from);
  return archiveMetadata(room.ports.archive, room.jid.bare, room.created);
}

/** The messages go to whoever asked; the answer that follows them is the promise's. */
export function queryRoomArchive(room: Room, from: Jid, query: Element): Promise<Element> {
  requireReader(room, from);
  const address = room.maySeeAddresses(room.actingRole(from));
  return answerArchiveQuery(query, {
    archive: room.ports.archive,
    owner: room.jid.bare,
    // A room of the same name that was there before is none of this one's business.
    since: room.created,
    // By the nickname it was said under. Real addresses are not looked for: that would tell who is who (section 4.1.1).
    peer: (jid) => (jid.full === room.jid.bare ? undefined : jid.full),
    most: room.ports.limits.archivePage,
    from: room.jid.bare,
    to: from.full,
    show: ({ stanza }) => (address ? stanza : withoutAddress(stanza)),
    send: (message) => room.send(message, from),
  });
}
