import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { Occupant } from './occupants.ts';
import type { Room } from './room.ts';

// How a room's archive keeps a message: as it was reflected, without `to`, and after all else the sender's real address in
// `<x/>` of muc#user, for those who may see it (XEP-0313 section 6.1.2).

const END = '</message>';
const ADDRESS = `<x xmlns='${NS.MUC_USER}'>`;

export function archivedText(room: Room, stanza: Element, occupant: Occupant): string {
  const [session] = occupant.sessions.values();
  const jid = session?.jid.full ?? occupant.account;
  const affiliation = room.affiliations.entry(occupant.account)?.affiliation ?? 'none';
  const x = xml('x', NS.MUC_USER, {}, xml('item', NS.MUC_USER, { affiliation, role: occupant.role, jid }));
  return stanza.serialize().slice(0, -END.length) + x.serialize(NS.CLIENT) + END;
}

/** As the text goes to somebody from whom real addresses are a secret. The room removed any such `<x/>` of the sender's own. */
export function withoutAddress(text: string): string {
  const at = text.lastIndexOf(ADDRESS);
  return at === -1 ? text : text.slice(0, at) + END;
}

/** The message as it was reflected. */
export function reflectedMessage(text: string): Element {
  return parseStored(withoutAddress(text));
}
