import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { enter, joinRequest, welcome } from './enter.ts';
import { leave } from './leave.ts';
import { claimNick } from './nickname.ts';
import type { Occupant, OccupantSession } from './occupants.ts';
import { announce, announceGone, cleanPresence } from './presence-broadcast.ts';
import type { Room } from './room.ts';

/** Conditions after which a client is taken to be gone (XEP-0045 section 18.1.2, ghost users). */
const GONE = [
  'gone',
  'item-not-found',
  'recipient-unavailable',
  'redirect',
  'remote-server-not-found',
  'remote-server-timeout',
  'service-unavailable',
];

/** A presence stanza to a room that exists (section 17.3): only those without a type, `unavailable` and `error` mean anything. */
export function receivePresence(room: Room, presence: Element, from: Jid, to: Jid): void {
  const { type } = presence.attributes;
  if (type === undefined) receiveAvailable(room, presence, from, to.resource);
  else if (type === 'unavailable') leave(room, from, presence);
  else if (type === 'error') receiveError(room, presence, from);
}

function receiveAvailable(room: Room, presence: Element, from: Jid, nick: string | undefined): void {
  if (nick === undefined) throw new StanzaError('jid-malformed', 'A nickname is missing: room@service/nickname.');
  const asksAll = joinRequest(presence) !== undefined;
  const occupant = room.occupants.at(from);
  const session = occupant?.sessions.get(from.full);
  if (occupant === undefined || session === undefined) {
    if (asksAll) enter(room, presence, from, nick, false);
    else room.send(notInRoom(room.jid.withResource(nick)), from);
  } else if (nick !== occupant.nick) changeNick(room, occupant, session, presence, nick);
  else {
    session.presence = cleanPresence(room, presence);
    room.occupants.addSession(occupant, session);
    if (asksAll) welcome(room, occupant, session, presence, false);
    else announce(room, occupant, { id: presence.attributes['id'] });
  }
}

/** A stanza of ours came back: whoever cannot be reached is not in the room. */
export function receiveError(room: Room, stanza: Element, from: Jid): void {
  const condition = stanza
    .child('error')
    ?.elements()
    .find((child) => child.namespace === NS.STANZAS)?.name;
  if (condition !== undefined && GONE.includes(condition)) leave(room, from, undefined, { statuses: [333] });
}

/** Section 7.6. All clients that share the nickname change it. */
function changeNick(room: Room, occupant: Occupant, session: OccupantSession, presence: Element, nick: string): void {
  const taken = claimNick(room, nick, session.jid);
  // To another spelling of his own is no conflict; to the nickname of another client of his it would be two in one.
  if (taken !== undefined && taken !== occupant) throw new StanzaError('conflict', 'Another client of yours has it.');
  const shown = cleanPresence(room, presence);
  const tellOthers = announceGone(room, occupant, { statuses: [303], nick }, occupant.role);
  tellOthers();
  room.occupants.rename(occupant, nick, room.jid.withResource(nick));
  session.presence = shown;
  room.occupants.addSession(occupant, session);
  announce(room, occupant, { id: presence.attributes['id'] });
}

/**
 * Section 7.2.18: presence of somebody who takes himself for an occupant. A join without `<x/>` would leave him half in
 * step, so he is told that he is out.
 */
export function notInRoom(to: Jid): Element {
  return xml(
    'presence',
    NS.CLIENT,
    { type: 'unavailable', from: to.full },
    xml(
      'x',
      NS.MUC_USER,
      {},
      xml(
        'item',
        NS.MUC_USER,
        { affiliation: 'none', role: 'none' },
        xml('reason', NS.MUC_USER, {}, 'You are not in the room.'),
      ),
      ...['110', '307', '333'].map((code) => xml('status', NS.MUC_USER, { code })),
    ),
  );
}
