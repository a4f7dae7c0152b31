import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { payloadOf } from '../../../protocol/xmpp/stanza.ts';
import { errorReply, resultReply, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { shownSession } from './occupants.ts';
import type { Room } from './room.ts';

export const PING = 'urn:xmpp:ping';

/** What is asked of a person, not of a client: the account answers. */
const OF_ACCOUNTS: readonly string[] = ['vcard-temp', 'urn:ietf:params:xml:ns:vcard-4.0', NS.PUBSUB];

/**
 * XEP-0045 section 17.4: an IQ from one occupant to another, neither of whom learns the other's address. The recipient
 * sees an id of ours, by which the answer finds its way back.
 */
export function forwardRequest(room: Room, iq: Element, from: Jid, nick: string): void {
  const payload = payloadOf(iq);
  const sender = room.occupants.at(from);
  if (sender === undefined)
    throw payload.namespace.startsWith('http://jabber.org/protocol/disco#')
      ? new StanzaError('bad-request', 'You are not in the room.') // section 6.6
      : new StanzaError('not-acceptable', 'You are not in the room.', { type: 'cancel' });
  const recipient = room.occupants.named(nick);
  if (recipient === undefined) throw new StanzaError('item-not-found', 'Nobody has that nickname.');
  // XEP-0410 section 3: we know the answer, whichever client of his would give it.
  if (recipient === sender && payload.is('ping', PING)) {
    room.send(resultReply(iq), from);
    return;
  }
  const session = shownSession(recipient);
  const id = iq.attributes['id'];
  if (session === undefined || id === undefined) return;
  const to = OF_ACCOUNTS.includes(payload.namespace) ? session.jid.toBare() : session.jid;
  const ours = room.ports.randomId();
  room.forwarded.set(ours, { from, occupant: recipient.jid, to, id });
  forgetOldest(room);
  room.send(iq.with({ from: sender.jid.full, id: ours }), to);
}

/** The answer, to whoever asked; from anybody else than was asked it is nothing. */
export function forwardAnswer(room: Room, iq: Element, from: Jid): void {
  const id = iq.attributes['id'] ?? '';
  const request = room.forwarded.get(id);
  if (request === undefined || request.to.full !== from.full) return;
  room.forwarded.delete(id);
  if (room.occupants.at(request.from) === undefined) return;
  room.send(iq.with({ from: request.occupant.full, id: request.id }), request.from);
}

/** Nobody waits for ever: of too many questions that nobody answers the first is given up. */
function forgetOldest(room: Room): void {
  if (room.forwarded.size <= room.ports.limits.forwardedIqs) return;
  const [oldest] = room.forwarded;
  if (oldest === undefined) return;
  const [ours, request] = oldest;
  room.forwarded.delete(ours);
  const asked = xml('iq', NS.CLIENT, { id: request.id, from: request.from.full, to: request.occupant.full });
  room.send(errorReply(asked, new StanzaError('remote-server-timeout', 'There was no answer.')), request.from);
}
