import { booleanOf, dataForm, type FilledForm } from '../../../protocol/xmpp/data-form.ts';
import { xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { type Actor, changeRole, checkRoleChange } from './role-change.ts';
import type { Room } from './room.ts';

/** FORM_TYPE of XEP-0045 section 15.5.2. */
export const VOICE_REQUEST = 'http://jabber.org/protocol/muc#request';

/** Sections 7.13 and 8.6: a visitor asks for voice, and a moderator's answer, are the same form but for one field. */
export function receiveVoiceForm(room: Room, from: Jid, form: FilledForm, actor: Actor): void {
  const occupant = room.requireOccupant(from);
  const allow = form.values.get('muc#request_allow');
  if (allow !== undefined) {
    answer(room, form, booleanOf(allow) === true, actor);
    return;
  }
  if (form.values.get('muc#role')?.[0] !== 'participant')
    throw new StanzaError('bad-request', 'Only the role of a participant can be asked for.');
  if (occupant.role !== 'visitor') return;
  const question = xml(
    'message',
    NS.CLIENT,
    { from: room.jid.bare, id: room.ports.randomId() },
    dataForm(
      'form',
      VOICE_REQUEST,
      [
        { name: 'muc#role', type: 'list-single', label: 'Requested role', value: 'participant' },
        { name: 'muc#jid', type: 'jid-single', label: 'User ID', value: from.full },
        { name: 'muc#roomnick', type: 'text-single', label: 'Room nickname', value: occupant.nick },
        { name: 'muc#request_allow', type: 'boolean', label: 'Grant voice to this person?', value: false },
      ],
      { title: 'Voice request', instructions: 'To let this person speak, tick the box and send the form.' },
    ),
  );
  for (const moderator of room.occupants)
    if (moderator.role === 'moderator')
      room.outbox.send(
        question,
        [...moderator.sessions.values()].map((session) => session.jid),
      );
}

function answer(room: Room, form: FilledForm, granted: boolean, actor: Actor): void {
  if (actor.role !== 'moderator') throw new StanzaError('forbidden', 'Only moderators give voice.');
  if (!granted) return;
  const occupant = room.occupants.named(form.values.get('muc#roomnick')?.[0] ?? '');
  if (occupant === undefined) throw new StanzaError('item-not-found', 'That person is not in the room any more.');
  // Answered by another moderator already.
  if (occupant.role !== 'visitor') return;
  const [session] = occupant.sessions.values();
  if (session === undefined) return;
  const change = { occupant, affiliation: room.affiliationOf(session.jid), role: 'participant' } as const;
  checkRoleChange(actor, change);
  changeRole(room, change, actor)();
}
