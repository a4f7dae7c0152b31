import { Element, type Node, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { Affiliation } from './affiliation.ts';
import { type Occupant, type OccupantSession, shownSession } from './occupants.ts';
import type { Role } from './role.ts';
import type { Room } from './room.ts';

export const OCCUPANT_ID = 'urn:xmpp:occupant-id:0';

/** What is said beside who it is: in `<x/>` of muc#user. */
export interface Notice {
  /** Status codes (section 15.6.2) for everybody. */
  statuses?: readonly number[];
  /** And for the occupant's own clients, beside 110. */
  own?: readonly number[];
  reason?: string | undefined;
  /** Nickname of whoever did it. */
  actor?: string | undefined;
  /** The nickname changed to. */
  nick?: string;
  /** Of the occupant's stanza, repeated to his own clients. */
  id?: string | undefined;
}

/** Whom a presence concerns, by what they may see. */
interface Audience {
  own: Jid[];
  withAddress: Jid[];
  without: Jid[];
}

/** A client's presence without what only the room may say (section 17.3), and bounded. */
export function cleanPresence(room: Room, presence: Element): Element {
  if (presence.serialize(NS.CLIENT).length > room.ports.limits.presenceLength)
    throw new StanzaError('policy-violation', 'The presence is too long.');
  return presence.holding(
    presence.children.filter(
      (child) => typeof child === 'object' && !child.namespace.startsWith(NS.MUC) && child.namespace !== OCCUPANT_ID,
    ),
  );
}

/** XEP-0421: attached to whatever an occupant sends. */
export function occupantIdOf(id: string): Element {
  return xml('occupant-id', OCCUPANT_ID, { id });
}

/** Whether somebody of the role `viewer` is told of an occupant with the role `shown` (muc#roomconfig_presencebroadcast). */
export function isShown(room: Room, shown: Role, viewer: Role): boolean {
  return viewer === 'moderator' || room.configuration.presenceBroadcast.includes(shown);
}

function audienceOf(room: Room, occupant: Occupant, include: (viewer: Occupant) => boolean): Audience {
  const audience: Audience = { own: [], withAddress: [], without: [] };
  for (const viewer of room.occupants) {
    if (viewer === occupant) continue;
    if (!include(viewer)) continue;
    const list = room.maySeeAddresses(viewer.role) ? audience.withAddress : audience.without;
    for (const session of viewer.sessions.values()) list.push(session.jid);
  }
  for (const session of occupant.sessions.values()) audience.own.push(session.jid);
  return audience;
}

function item(affiliation: Affiliation, role: Role, notice: Notice, jid: string | undefined): Element {
  return xml(
    'item',
    NS.MUC_USER,
    { affiliation, role, jid, nick: notice.nick },
    notice.actor === undefined ? undefined : xml('actor', NS.MUC_USER, { nick: notice.actor }),
    notice.reason === undefined ? undefined : xml('reason', NS.MUC_USER, {}, notice.reason),
  );
}

/** A presence of that occupant as one audience sees it; `to` is not set. */
function presenceOf(
  room: Room,
  occupant: Occupant,
  session: OccupantSession,
  as: { type?: 'unavailable'; role: Role; notice: Notice; address: boolean; own: boolean },
): Element {
  const { notice } = as;
  const statuses = [...(as.own ? [110, ...(notice.own ?? [])] : []), ...(notice.statuses ?? [])];
  const children: Node[] = [
    ...session.presence.children,
    occupantIdOf(occupant.id),
    xml(
      'x',
      NS.MUC_USER,
      {},
      item(room.affiliationOf(session.jid), as.role, notice, as.address ? session.jid.full : undefined),
      ...statuses.sort((a, b) => a - b).map((code) => xml('status', NS.MUC_USER, { code: String(code) })),
    ),
  ];
  const id = as.own ? notice.id : undefined;
  return new Element('presence', NS.CLIENT, { from: occupant.jid.full, type: as.type, id }, children);
}

function tell(
  room: Room,
  occupant: Occupant,
  session: OccupantSession,
  audience: Audience,
  as: { type?: 'unavailable'; role: Role; notice: Notice },
): void {
  const build = (address: boolean, own: boolean) => presenceOf(room, occupant, session, { ...as, address, own });
  if (audience.withAddress.length > 0) room.outbox.send(build(true, false), audience.withAddress);
  if (audience.without.length > 0) room.outbox.send(build(false, false), audience.without);
  if (audience.own.length > 0) room.outbox.send(build(true, true), audience.own);
}

/**
 * Everybody learns of an occupant, or of what has changed about him: his own clients last (section 7.2.2), but for
 * `except`, which is told by sendOccupants. `before`: his role, where that has changed.
 */
export function announce(
  room: Room,
  occupant: Occupant,
  notice: Notice = {},
  { before, except }: { before?: Role; except?: OccupantSession } = {},
): void {
  const session = shownSession(occupant);
  if (session === undefined) return;
  const { role } = occupant;
  const audience = audienceOf(room, occupant, (viewer) => isShown(room, role, viewer.role));
  audience.own = audience.own.filter((jid) => jid !== except?.jid);
  tell(room, occupant, session, audience, { role, notice });
  if (before === undefined || before === role) return;
  // For those who are not told of that role, but were of the one before, he has gone.
  const lost = audienceOf(
    room,
    occupant,
    (viewer) => isShown(room, before, viewer.role) && !isShown(room, role, viewer.role),
  );
  tell(room, occupant, session, { ...lost, own: [] }, GONE);
  for (const { jid } of occupant.sessions.values()) showOthers(room, jid, role, before);
}

const GONE = { type: 'unavailable', role: 'none', notice: {} } as const;

/** To one client, the others whom it may see, or see more of, with its new role, and those whom it may not any more. */
function showOthers(room: Room, to: Jid, role: Role, before: Role | undefined): void {
  const own = room.occupants.at(to);
  const address = room.maySeeAddresses(role);
  const news = before === undefined || (address && !room.maySeeAddresses(before));
  for (const other of room.occupants) {
    const session = shownSession(other);
    if (other === own || session === undefined) continue;
    const shown = isShown(room, other.role, role);
    const wasShown = before !== undefined && isShown(room, other.role, before);
    if (shown && (news || !wasShown))
      room.send(presenceOf(room, other, session, { role: other.role, notice: {}, address, own: false }), to);
    else if (!shown && wasShown) room.send(presenceOf(room, other, session, { ...GONE, address, own: false }), to);
  }
}

/**
 * The occupant's own clients learn that he has left, or been made to; the answer is a function that tells the others
 * (section 8.2 has the moderator's result in between). `role` is what the others are told: `none` but for a change of nickname.
 */
export function announceGone(room: Room, occupant: Occupant, notice: Notice, role: Role = 'none'): () => void {
  const session = shownSession(occupant);
  if (session === undefined) return () => {};
  const as = { type: 'unavailable', role, notice } as const;
  const audience = audienceOf(room, occupant, (viewer) => isShown(room, occupant.role, viewer.role));
  tell(room, occupant, session, { own: audience.own, withAddress: [], without: [] }, as);
  // What they are told is made now, of the occupant as he is.
  const build = (address: boolean) => presenceOf(room, occupant, session, { ...as, address, own: false });
  const [full, plain] = [build(true), build(false)];
  return () => {
    room.outbox.send(full, audience.withAddress);
    room.outbox.send(plain, audience.without);
  };
}

/** One client alone is told that it has left. */
export function dismiss(room: Room, occupant: Occupant, session: OccupantSession, notice: Notice): void {
  const as = { type: 'unavailable', role: 'none', notice, address: true, own: true } as const;
  room.send(presenceOf(room, occupant, session, as), session.jid);
}

/** Who is in the room, told to one client: everybody else, then itself (section 7.2.2). */
export function sendOccupants(room: Room, to: Occupant, session: OccupantSession, notice: Notice): void {
  showOthers(room, session.jid, to.role, undefined);
  room.send(presenceOf(room, to, session, { role: to.role, notice, address: true, own: true }), session.jid);
}
