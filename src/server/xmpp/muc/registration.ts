import { dataForm, formIn } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { affiliationMay } from './affiliation.ts';
import { changeAffiliation, requireSpace } from './affiliation-change.ts';
import { checkNick } from './nickname.ts';
import type { Reply } from './reply.ts';
import type { Room } from './room.ts';

/** XEP-0077. */
export const REGISTER = 'jabber:iq:register';
/** FORM_TYPE of XEP-0045 section 15.5.1. */
const MUC_REGISTER = 'http://jabber.org/protocol/muc#register';

// XEP-0045 section 7.10: whoever registers with an open room becomes a member, and nobody else may use his nickname.

export function registrationForm(room: Room, from: Jid): Element {
  const entry = room.affiliations.entry(from.bare);
  if (entry?.nick !== undefined)
    return xml('query', REGISTER, {}, xml('registered', REGISTER), xml('username', REGISTER, {}, entry.nick));
  requireAllowed(room, from);
  return xml(
    'query',
    REGISTER,
    {},
    xml('instructions', REGISTER, {}, 'Choose a nickname that is to be yours in this room.'),
    dataForm('form', MUC_REGISTER, [
      { name: 'muc#register_roomnick', type: 'text-single', label: 'Nickname', required: true },
    ]),
  );
}

export async function register(room: Room, from: Jid, query: Element, reply: Reply): Promise<void> {
  const jid = from.toBare();
  if (query.child('remove') !== undefined) return unregister(room, jid, reply);
  const form = formIn(query, MUC_REGISTER);
  const nick = form?.values.get('muc#register_roomnick')?.[0]?.trim();
  if (form?.type !== 'submit' || nick === undefined) throw new StanzaError('bad-request', 'The nickname is missing.');
  requireAllowed(room, from);
  checkNick(nick, room.ports.limits.nickLength);
  const reserved = room.affiliations.reservedBy(nick);
  const present = room.occupants.conflicting(nick);
  if ((reserved !== undefined && reserved !== jid.bare) || (present !== undefined && present.account !== jid.bare))
    throw new StanzaError('conflict', 'Somebody else has that nickname.');
  const before = room.affiliations.entry(jid.bare)?.affiliation;
  if (before === undefined) requireSpace(room, 1);
  const tell = changeAffiliation(room, { jid, affiliation: before ?? 'member', nick }, { jid: from, nick: undefined });
  const done = reply(undefined, room.save());
  tell();
  await done;
}

/** Members-only rooms are their admins' to fill; whoever is something already may reserve a nickname. */
function requireAllowed(room: Room, from: Jid): void {
  const affiliation = room.affiliationOf(from);
  const registered = room.affiliations.entry(from.bare) !== undefined && affiliation !== 'outcast';
  if (registered) return;
  if (room.locked || room.configuration.membersOnly || !affiliationMay(affiliation, 'register with open room'))
    throw new StanzaError('not-allowed', 'You cannot register with this room.');
}

/** XEP-0077 section 3.2: a member is none any more; an admin or owner loses the nickname alone. */
async function unregister(room: Room, jid: Jid, reply: Reply): Promise<void> {
  const before = room.affiliations.entry(jid.bare);
  if (before === undefined || before.affiliation === 'outcast')
    throw new StanzaError('registration-required', 'You are not registered.');
  const affiliation = before.affiliation === 'member' ? 'none' : before.affiliation;
  const change = { jid, affiliation, nick: '' } as const;
  const tell = changeAffiliation(room, change, { jid, nick: undefined });
  const done = reply(undefined, room.save());
  tell();
  await done;
}
