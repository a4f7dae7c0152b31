import { formIn } from '../../../protocol/xmpp/data-form.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { messageType } from '../../../protocol/xmpp/stanza.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { actorOf } from './administration.ts';
import { receiveGroupchat } from './groupchat.ts';
import { decline, invite } from './invitation.ts';
import { receivePrivateMessage } from './private-message.ts';
import type { Room } from './room.ts';
import { receiveError } from './room-presence.ts';
import { receiveVoiceForm, VOICE_REQUEST } from './voice-request.ts';

/** A message to a room that exists, or to somebody in it (XEP-0045 section 17.2). Throws, or rejects with, what the sender is told. */
export function receiveMessage(room: Room, message: Element, from: Jid, to: Jid): Promise<void> | undefined {
  const type = messageType(message);
  if (type === 'error') {
    receiveError(room, message, from);
    return undefined;
  }
  if (room.locked && room.affiliationOf(from) !== 'owner')
    throw new StanzaError('item-not-found', 'The room is not open yet.');
  if (message.serialize(NS.CLIENT).length > room.ports.limits.messageLength)
    throw new StanzaError('policy-violation', 'The message is too long for a room.');
  if (to.resource !== undefined) {
    receivePrivateMessage(room, message, from, to.resource);
    return undefined;
  }
  if (type === 'groupchat') return receiveGroupchat(room, message, from);
  const x = message.child('x', NS.MUC_USER);
  const declined = x?.child('decline');
  if (declined !== undefined) {
    decline(room, message, from, declined);
    return undefined;
  }
  if (room.actingRole(from) === 'none') throw new StanzaError('forbidden', 'You are not in the room.');
  const invites = x?.elements('invite') ?? [];
  if (invites.length > 0) return invite(room, message, from, invites);
  const form = formIn(message, VOICE_REQUEST);
  if (form === undefined) throw new StanzaError('bad-request', 'A message to a room has the type groupchat.');
  receiveVoiceForm(room, from, form, actorOf(room, from));
  return undefined;
}
