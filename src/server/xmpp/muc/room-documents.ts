import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import { type AffiliationEntry, Affiliations } from './affiliations.ts';
import { reflectedMessage } from './archived-message.ts';
import { RETRACT } from './retraction.ts';
import type { Room, RoomRecord } from './room.ts';

/** A persistent room's record, among its documents. Octets of the secret are written in base64. */
const DOCUMENT = 'room';

/** Writes it, or takes it away: a temporary room leaves nothing behind. */
export function saveRoom(documents: DocumentStore, room: Room): Promise<void> {
  const { record } = room;
  const secret = Buffer.from(record.secret, 'latin1').toString('base64');
  const value = room.configuration.persistent && !room.locked ? JSON.stringify({ ...record, secret }) : undefined;
  return documents.set(room.jid.bare, DOCUMENT, value);
}

export async function loadRooms(documents: DocumentStore, domain: string): Promise<Array<[Jid, RoomRecord]>> {
  const rooms: Array<[Jid, RoomRecord]> = [];
  for (const { owner, value } of await documents.all(DOCUMENT)) {
    const jid = parseJid(owner);
    if (jid?.domain !== domain) continue; // of a domain that was configured before
    const record = JSON.parse(value) as RoomRecord;
    rooms.push([jid, { ...record, secret: Buffer.from(record.secret, 'base64').toString('latin1') }]);
  }
  return rooms;
}

/** What persistent rooms keep of somebody, by bare address. */
export async function affiliationsOf(
  documents: DocumentStore,
  address: string,
): Promise<Array<{ room: string } & AffiliationEntry>> {
  const found: Array<{ room: string } & AffiliationEntry> = [];
  for (const { owner, value } of await documents.all(DOCUMENT)) {
    const entry = new Map((JSON.parse(value) as RoomRecord).affiliations).get(address);
    if (entry !== undefined) found.push({ room: owner, ...entry });
  }
  return found;
}

/** As `Rooms.forget`, while no server runs. */
export async function forgetInRooms(documents: DocumentStore, address: string): Promise<void> {
  for (const { room } of await affiliationsOf(documents, address)) {
    const record = JSON.parse((await documents.get(room, DOCUMENT)) ?? '{}') as RoomRecord;
    const affiliations = new Affiliations(record.affiliations);
    if (affiliations.forget(address))
      await documents.set(room, DOCUMENT, JSON.stringify({ ...record, affiliations: [...affiliations] }));
  }
}

/** The last messages of the archive, for whoever enters. */
export async function loadHistory(room: Room): Promise<void> {
  const { archive, limits } = room.ports;
  const page = await archive.page({
    owner: room.jid.bare,
    start: room.created,
    limit: limits.history,
    backwards: true,
  });
  for (const { id, time, stanza } of page.messages) {
    const message = reflectedMessage(stanza);
    if (message.child('retracted', RETRACT) !== undefined || message.child('body') === undefined) continue;
    room.history.add({ id, time, stanza: message });
  }
}
