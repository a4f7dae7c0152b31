import { parseDateTime } from '../../../protocol/xmpp/date-time.ts';
import { delay } from '../../../protocol/xmpp/delay.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { HistoryRequest } from './history.ts';
import { claimNick } from './nickname.ts';
import type { Occupant, OccupantSession } from './occupants.ts';
import { announce, cleanPresence, sendOccupants } from './presence-broadcast.ts';
import type { Room } from './room.ts';

// XEP-0045 section 7.2: entering a room.

/** Whether the presence asks to enter, or to be told all again. */
export function joinRequest(presence: Element): Element | undefined {
  return presence.child('x', NS.MUC);
}

/** `created`: this client has just made the room (section 10.1). Throws the StanzaError that the client is to be told. */
export function enter(room: Room, presence: Element, from: Jid, nick: string, created: boolean): void {
  const request = joinRequest(presence);
  if (!created) admit(room, from, request);
  const mine = claimNick(room, nick, from);
  const shown = cleanPresence(room, presence);
  const { limits } = room.ports;
  if (mine !== undefined && mine.sessions.size >= limits.sessionsPerNick)
    throw new StanzaError('resource-constraint', 'Too many clients share that nickname.');
  if (mine === undefined) requirePlace(room, from);

  const session: OccupantSession = { jid: from, presence: shown };
  let occupant = mine;
  if (occupant === undefined) {
    occupant = {
      nick,
      jid: room.jid.withResource(nick),
      account: from.bare,
      id: room.ports.occupantId(room.secret, from.bare),
      role: room.entryRole(from),
      sessions: new Map(),
    };
    occupant.sessions.set(from.full, session);
    room.occupants.add(occupant);
  } else room.occupants.addSession(occupant, session);
  welcome(room, occupant, session, presence, created);
}

/** Whether somebody may enter at all (section 7.2.17). */
export function admit(room: Room, from: Jid, request: Element | undefined): void {
  const affiliation = room.affiliationOf(from);
  if (room.locked && affiliation !== 'owner') throw new StanzaError('item-not-found', 'The room is not open yet.');
  if (affiliation === 'outcast') throw new StanzaError('forbidden', 'You are banned from this room.');
  if (room.entryRole(from) === 'none') throw new StanzaError('registration-required', 'The room is for members only.');
  const { password } = room.configuration;
  if (password !== undefined && request?.childText('password', NS.MUC) !== password)
    throw new StanzaError('not-authorized', 'The room has a password, which is another.');
}

function requirePlace(room: Room, from: Jid): void {
  const affiliation = room.affiliationOf(from);
  const reserved = affiliation === 'admin' || affiliation === 'owner' ? room.ports.limits.reservedForAdmins : 0;
  if (room.occupants.size >= room.configuration.maxUsers + reserved)
    throw new StanzaError('service-unavailable', 'The room is full.', { type: 'wait' });
}

/**
 * All that somebody who enters is told, in the order of section 7.1: the others, himself, what was said before, the
 * subject. The same for a client that is in the room and asks again, having lost track (section 7.2.1).
 */
export function welcome(
  room: Room,
  occupant: Occupant,
  session: OccupantSession,
  presence: Element,
  created: boolean,
): void {
  const { configuration } = room;
  const own: number[] = [];
  if (configuration.whois === 'anyone') own.push(100);
  if (configuration.logging) own.push(170);
  if (created) own.push(201);
  announce(room, occupant, {}, { except: session });
  sendOccupants(room, occupant, session, { own, id: presence.attributes['id'] });
  sendHistory(room, session.jid, joinRequest(presence)?.child('history', NS.MUC));
  sendSubject(room, session.jid);
}

function sendHistory(room: Room, to: Jid, asked: Element | undefined): void {
  for (const { stanza, time } of room.history.select(historyRequest(room, asked), room.configuration.maxHistory)) {
    room.send(stanza.adding(delay(room.jid.bare, time)), to);
  }
}

function historyRequest(room: Room, asked: Element | undefined): HistoryRequest {
  if (asked === undefined) return {};
  const seconds = count(asked.attributes['seconds']);
  const times = [
    parseDateTime(asked.attributes['since'] ?? ''),
    seconds === undefined ? undefined : room.ports.time() - seconds * 1_000,
  ];
  return {
    maxChars: count(asked.attributes['maxchars']),
    maxStanzas: count(asked.attributes['maxstanzas']),
    since: Math.max(...times.filter((time) => time !== undefined), Number.NEGATIVE_INFINITY),
  };
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Section 7.2.15: also when there is none, which ends what comes at entering. */
function sendSubject(room: Room, to: Jid): void {
  const { subject } = room;
  const from = subject?.from ?? room.jid.bare;
  room.send(
    xml(
      'message',
      NS.CLIENT,
      { type: 'groupchat', from, id: room.ports.randomId() },
      xml('subject', NS.CLIENT, {}, ...(subject === undefined ? [] : [subject.text])),
      subject && delay(room.jid.bare, subject.time),
    ),
    to,
  );
}
