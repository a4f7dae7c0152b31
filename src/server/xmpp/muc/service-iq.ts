import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { pageOf, pageRequest } from '../../../protocol/xmpp/result-set.ts';
import { payloadOf } from '../../../protocol/xmpp/stanza.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { FEATURES, isListed } from './discovery.ts';
import { PING } from './occupant-iq.ts';
import type { Room } from './room.ts';

/** XEP-0045 version 1.25 section 10.1.4, dropped since and still asked for. */
const UNIQUE = 'http://jabber.org/protocol/muc#unique';
/** Rooms in one answer to disco#items. */
const ITEMS = 100;

/** What is asked of the service itself (XEP-0045 sections 6.1 to 6.3): the result's payload. */
export function answerForService(
  iq: Element,
  from: Jid,
  rooms: Iterable<Room>,
  randomId: () => string,
): Element | undefined {
  const payload = payloadOf(iq);
  if (iq.attributes['type'] === 'get') {
    if (payload.is('ping', PING)) return undefined;
    if (payload.is('unique', UNIQUE)) return xml('unique', UNIQUE, {}, randomId().toLowerCase());
    if (payload.is('query', NS.DISCO_INFO)) return serviceInfo();
    if (payload.is('query', NS.DISCO_ITEMS)) return roomList(payload, from, rooms);
  }
  throw new StanzaError('service-unavailable', 'The service does not do that.');
}

function serviceInfo(): Element {
  return xml(
    'query',
    NS.DISCO_INFO,
    {},
    xml('identity', NS.DISCO_INFO, { category: 'conference', type: 'text', name: 'Rooms' }),
    ...[...FEATURES, NS.RSM, UNIQUE].map((feature) => xml('feature', NS.DISCO_INFO, { var: feature })),
  );
}

function roomList(query: Element, from: Jid, rooms: Iterable<Room>): Element {
  const listed = [...rooms].filter((room) => isListed(room, from));
  const request = pageRequest(query);
  const page = pageOf(listed, (room) => room.jid.bare, request ?? {}, ITEMS);
  const items = page.items.map((room) =>
    xml('item', NS.DISCO_ITEMS, { jid: room.jid.bare, name: room.configuration.name || room.jid.local }),
  );
  const partial = request !== undefined || page.items.length < listed.length;
  return xml('query', NS.DISCO_ITEMS, {}, ...items, partial ? page.set : undefined);
}
