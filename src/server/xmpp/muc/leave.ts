import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { type Occupant, type OccupantSession, shownSession } from './occupants.ts';
import { announce, announceGone, cleanPresence, dismiss, type Notice } from './presence-broadcast.ts';
import type { Room } from './room.ts';

// XEP-0045 sections 7.14 (exiting), 14.1 and 14.2 (removed by the service).

/** One client goes, by itself (`presence`: its farewell) or because it is gone already (333). */
export function leave(room: Room, jid: Jid, presence: Element | undefined, notice: Notice = {}): void {
  const occupant = room.occupants.at(jid);
  const session = occupant?.sessions.get(jid.full);
  if (occupant === undefined || session === undefined) return;
  const wasShown = shownSession(occupant) === session;
  if (presence !== undefined) session.presence = farewell(room, presence, session);
  if (occupant.sessions.size > 1) {
    dismiss(room, occupant, session, notice);
    room.occupants.removeSession(occupant, jid);
    // The nickname stays, with the presence of another client.
    if (wasShown) announce(room, occupant);
    return;
  }
  const tellOthers = announceGone(room, occupant, notice);
  room.occupants.removeSession(occupant, jid);
  tellOthers();
  room.endIfEmpty();
}

/** A farewell that is too long is left out: nothing keeps anybody in a room. */
function farewell(room: Room, presence: Element, session: OccupantSession): Element {
  try {
    return cleanPresence(room, presence);
  } catch {
    return session.presence.holding([]);
  }
}

/** All clients of an occupant are put out. The answer tells the others. */
export function putOut(room: Room, occupant: Occupant, notice: Notice): () => void {
  for (const session of occupant.sessions.values()) session.presence = session.presence.holding([]);
  const tellOthers = announceGone(room, occupant, notice);
  room.occupants.remove(occupant);
  return tellOthers;
}

/** Each client is told once that all is over, and of nobody else (sections 10.9 and 14.2). */
export function putAllOut(room: Room, statuses: readonly number[], detail?: Element): void {
  for (const occupant of room.occupants)
    for (const { jid } of occupant.sessions.values())
      room.send(
        xml(
          'presence',
          NS.CLIENT,
          { type: 'unavailable', from: occupant.jid.full },
          xml(
            'x',
            NS.MUC_USER,
            {},
            xml('item', NS.MUC_USER, { affiliation: 'none', role: 'none' }),
            detail,
            ...[110, ...statuses].map((code) => xml('status', NS.MUC_USER, { code: String(code) })),
          ),
        ),
        jid,
      );
  for (const occupant of [...room.occupants]) room.occupants.remove(occupant);
}
