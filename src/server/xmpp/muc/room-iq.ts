import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { payloadOf } from '../../../protocol/xmpp/stanza.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { adminList, adminSet } from './administration.ts';
import { roomInfo } from './discovery.ts';
import { PING } from './occupant-iq.ts';
import { ownerForm, ownerSet } from './ownership.ts';
import { REGISTER, register, registrationForm } from './registration.ts';
import type { Reply } from './reply.ts';
import { FASTEN, MODERATE, moderate, moderateFastened } from './retraction.ts';
import type { Room } from './room.ts';
import { queryRoomArchive, roomArchiveForm, roomArchiveMetadata } from './room-archive.ts';

type Handler = (room: Room, from: Jid, payload: Element, reply: Reply) => Promise<void> | void;

/** What can be asked of a room, by type, name and namespace. */
const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [`get query ${NS.DISCO_INFO}`, (room, from, query, reply) => reply(roomInfo(room, from, query))],
  // Who is in a room is nobody's business outside it (section 6.5).
  [`get query ${NS.DISCO_ITEMS}`, (_room, _from, _query, reply) => reply(xml('query', NS.DISCO_ITEMS))],
  [`get ping ${PING}`, (_room, _from, _ping, reply) => reply()],
  [`get query ${NS.MUC_ADMIN}`, (room, from, query, reply) => reply(adminList(room, from, query))],
  [`set query ${NS.MUC_ADMIN}`, adminSet],
  [`get query ${NS.MUC_OWNER}`, (room, from, _query, reply) => reply(ownerForm(room, from))],
  [`set query ${NS.MUC_OWNER}`, ownerSet],
  [`get query ${REGISTER}`, (room, from, _query, reply) => reply(registrationForm(room, from))],
  [`set query ${REGISTER}`, register],
  [`set moderate ${MODERATE}`, moderate],
  [`set apply-to ${FASTEN}`, moderateFastened],
  [`get query ${NS.MAM}`, (room, from, _query, reply) => reply(roomArchiveForm(room, from))],
  [`set query ${NS.MAM}`, async (room, from, query, reply) => reply(await queryRoomArchive(room, from, query))],
  [`get metadata ${NS.MAM}`, async (room, from, _metadata, reply) => reply(await roomArchiveMetadata(room, from))],
]);

/** An IQ that asks something of the room itself (XEP-0045 section 17.4). */
export function receiveRequest(room: Room, iq: Element, from: Jid, reply: Reply): Promise<void> | void {
  const payload = payloadOf(iq);
  const handler = HANDLERS.get(`${iq.attributes['type']} ${payload.name} ${payload.namespace}`);
  if (handler === undefined) throw new StanzaError('service-unavailable', 'A room does not do that.');
  return handler(room, from, payload, reply);
}
