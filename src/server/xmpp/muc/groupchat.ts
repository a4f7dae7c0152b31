import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { isArchivable } from './archivable.ts';
import { archivedText } from './archived-message.ts';
import type { Occupant } from './occupants.ts';
import { OCCUPANT_ID, occupantIdOf } from './presence-broadcast.ts';
import { retractedId, retractOwn } from './retraction.ts';
import { roleMay } from './role.ts';
import type { Room } from './room.ts';

/**
 * XEP-0045 section 7.4: a message to all. It goes out when the archive has it; the promise is settled then, and is
 * rejected with what the sender is to be told.
 */
export function receiveGroupchat(room: Room, message: Element, from: Jid): Promise<void> | undefined {
  const occupant = room.requireOccupant(from);
  if (!roleMay(occupant.role, 'send messages to all'))
    throw new StanzaError('forbidden', 'Visitors may not speak in this room.');
  const { ports } = room;
  const time = ports.time();
  const id = ports.archiveId(time);
  const stanza = reflect(room, message, occupant, id);
  let undo = () => room.history.remove(id);
  if (isSubjectChange(message)) undo = changeSubject(room, message, occupant);
  else if (isArchivable(stanza)) room.history.add({ id, time, stanza });
  else {
    room.broadcast(stanza);
    return undefined;
  }
  if (room.configuration.logging) return publish(room, stanza, occupant, { id, time, undo });
  room.broadcast(stanza);
  return undefined;
}

/** Archived once, then sent to all: no copy is out that a crash could take back. */
async function publish(
  room: Room,
  stanza: Element,
  occupant: Occupant,
  { id, time, undo }: { id: string; time: number; undo: () => void },
): Promise<void> {
  const record = room.archived(id, time, occupant.jid.full, archivedText(room, stanza, occupant));
  try {
    await room.outbox.sendAfter(room.ports.archive.add([record]), stanza, room.occupants.addresses);
  } catch (error) {
    undo();
    throw error;
  }
  const retracted = retractedId(stanza);
  if (retracted !== undefined) await retractOwn(room, retracted, occupant, stanza);
}

/** As everybody gets it: from the occupant, with the ids that the room vouches for, without any it does not. */
function reflect(room: Room, message: Element, occupant: Occupant, id: string): Element {
  const own = room.jid.bare;
  const forged = (child: Element | string) => typeof child === 'object' && isForged(child, own);
  // Mostly nothing is: then what was received is sent on as it was written.
  const clean = message.children.some(forged)
    ? message.holding(message.children.filter((child) => !forged(child)))
    : message;
  return clean
    .with({ from: occupant.jid.full, to: undefined, id: message.attributes['id'] ?? room.ports.randomId() })
    .adding(occupantIdOf(occupant.id))
    .adding(xml('stanza-id', NS.SID, { id, by: own }));
}

/** What only a room may say: its extensions, its ids, its delays, its moderators' doings. */
function isForged(child: Element, room: string): boolean {
  switch (child.namespace) {
    case NS.SID:
      return child.name === 'stanza-id' && child.attributes['by'] === room;
    case NS.DELAY:
      return child.attributes['from'] === room;
    case OCCUPANT_ID:
      return true;
    default:
      return child.namespace.startsWith(NS.MUC) || child.elements().some((inner) => inner.name === 'moderated');
  }
}

/** Section 8.1: a subject, and neither body nor thread. */
export function isSubjectChange(message: Element): boolean {
  return (
    message.child('subject') !== undefined &&
    message.child('body') === undefined &&
    message.child('thread') === undefined
  );
}

/** The answer takes it back, should it come to nothing. */
function changeSubject(room: Room, message: Element, occupant: Occupant): () => void {
  const { changeSubject } = room.configuration;
  if (!roleMay(occupant.role, 'modify subject') && !(changeSubject && occupant.role === 'participant'))
    throw new StanzaError('forbidden', 'You may not change the subject of this room.');
  const text = message.childText('subject') ?? '';
  if (text.length > room.ports.limits.subjectLength)
    throw new StanzaError('not-acceptable', 'The subject is too long.');
  const before = room.subject;
  const now = { text, from: occupant.jid.full, time: room.ports.time() };
  room.subject = now;
  room.saveLater();
  return () => {
    if (room.subject === now) room.subject = before;
  };
}
