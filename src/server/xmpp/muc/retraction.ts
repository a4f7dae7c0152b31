import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { ArchivedMessage } from '../../../storage/messaging.ts';
import { reflectedMessage } from './archived-message.ts';
import type { Occupant } from './occupants.ts';
import { OCCUPANT_ID, occupantIdOf } from './presence-broadcast.ts';
import type { Reply } from './reply.ts';
import { roleMay } from './role.ts';
import type { Room } from './room.ts';

// XEP-0424 and XEP-0425: what was said is taken back by its author or by a moderator, and a tombstone is left in the archive.

export const RETRACT = 'urn:xmpp:message-retract:1';
export const MODERATE = 'urn:xmpp:message-moderate:1';
/** COMPAT: slixmpp 1.8 and other clients of before 2023 know version 0.2 of XEP-0425, which uses XEP-0422. */
export const FASTEN = 'urn:xmpp:fasten:0';
export const MODERATE_0 = 'urn:xmpp:message-moderate:0';
const RETRACT_0 = 'urn:xmpp:message-retract:0';

/** The stable id of what a message takes back. */
export function retractedId(message: Element): string | undefined {
  return message.child('retract', RETRACT)?.attributes['id'];
}

/**
 * After an occupant's own retraction was published: if what it names is his (by his occupant id: XEP-0424 section 5), it
 * becomes a tombstone. Anything else is left alone, and clients ignore the retraction.
 */
export async function retractOwn(room: Room, id: string, occupant: Occupant, retraction: Element): Promise<void> {
  const found = await room.ports.archive.find(room.jid.bare, id);
  if (found === undefined) return;
  const original = reflectedMessage(found.stanza);
  if (original.child('occupant-id', OCCUPANT_ID)?.attributes['id'] !== occupant.id) return;
  await bury(room, found, original, { id: retraction.attributes['id'] });
}

/** XEP-0425 section 4: `<moderate/>` from a moderator. `reply` is called when all is durable. */
export function moderate(room: Room, from: Jid, request: Element, reply: Reply): Promise<void> {
  const retract = request.child('retract', RETRACT);
  return retractByModerator(room, from, retract && request.attributes['id'], request.childText('reason'), reply);
}

/** COMPAT: the same as it was asked before. */
export function moderateFastened(room: Room, from: Jid, request: Element, reply: Reply): Promise<void> {
  const inner = request.child('moderate', MODERATE_0);
  const retract = inner?.child('retract', RETRACT_0);
  return retractByModerator(room, from, retract && request.attributes['id'], inner?.childText('reason'), reply);
}

async function retractByModerator(
  room: Room,
  from: Jid,
  id: string | undefined,
  why: string | undefined,
  reply: Reply,
): Promise<void> {
  if (!roleMay(room.actingRole(from), 'kick participants and visitors'))
    throw new StanzaError('forbidden', 'Only moderators may retract what others have said.');
  if (id === undefined) throw new StanzaError('bad-request', 'The request names no message to retract.');
  const found = await room.ports.archive.find(room.jid.bare, id);
  // What was there before this room was made belonged to another.
  if (found === undefined || found.time < room.created)
    throw new StanzaError('item-not-found', 'No such message in the archive of this room.');
  const moderator = room.occupants.at(from) ?? room.occupants.of(from.bare)[0];
  const by = moderator?.jid.full ?? room.jid.bare;
  const occupantId = occupantIdOf(moderator?.id ?? room.ports.occupantId(room.secret, from.bare));
  const reason = why?.slice(0, room.ports.limits.reasonLength);
  const detail = [
    xml('moderated', MODERATE, { by }, occupantId),
    ...(reason === undefined ? [] : [xml('reason', RETRACT, {}, reason)]),
  ];
  const fastened = xml(
    'apply-to',
    FASTEN,
    { id },
    xml(
      'moderated',
      MODERATE_0,
      { by },
      xml('retract', RETRACT_0),
      reason === undefined ? undefined : xml('reason', MODERATE_0, {}, reason),
      occupantId,
    ),
  );
  const messageId = room.ports.randomId();
  await bury(room, found, reflectedMessage(found.stanza), { id: messageId, detail });
  await announceRetraction(room, messageId, xml('retract', RETRACT, { id }, ...detail), fastened);
  await reply();
}

async function announceRetraction(room: Room, messageId: string, ...payloads: Element[]): Promise<void> {
  const time = room.ports.time();
  const archiveId = room.ports.archiveId(time);
  const message = xml(
    'message',
    NS.CLIENT,
    { type: 'groupchat', from: room.jid.bare, id: messageId },
    ...payloads,
    xml('stanza-id', NS.SID, { id: archiveId, by: room.jid.bare }),
  );
  const record = room.archived(archiveId, time, room.jid.bare, message.serialize());
  await room.outbox.sendAfter(room.ports.archive.add([record]), message, room.occupants.addresses);
}

/** The tombstone keeps who said it and when, and tells what happened (XEP-0424 section 4, XEP-0425 section 5). */
async function bury(
  room: Room,
  found: ArchivedMessage,
  original: Element,
  by: { id?: string | undefined; detail?: Element[] },
): Promise<void> {
  room.history.remove(found.id);
  const stamp = new Date(room.ports.time()).toISOString();
  const tombstone = original.holding([
    ...original.elements('occupant-id', OCCUPANT_ID),
    ...original.elements('stanza-id', NS.SID),
    xml('retracted', RETRACT, { stamp, id: by.id }, ...(by.detail ?? [])),
  ]);
  await room.ports.archive.replace(room.jid.bare, found.id, tombstone.serialize());
}
