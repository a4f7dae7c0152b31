import { type FilledForm, parseDataForm } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { actorOf } from './administration.ts';
import { affiliationMay } from './affiliation.ts';
import { type AffiliationChange, changeAffiliation, requireSpace } from './affiliation-change.ts';
import { configurationForm, ROOM_CONFIG, readConfiguration } from './configuration-form.ts';
import { putAllOut, putOut } from './leave.ts';
import { announce } from './presence-broadcast.ts';
import type { Reply } from './reply.ts';
import type { Room } from './room.ts';
import type { RoomConfiguration } from './room-configuration.ts';

// XEP-0045 section 10: `<query/>` of muc#owner.

export function ownerForm(room: Room, from: Jid): Element {
  if (!affiliationMay(room.affiliationOf(from), 'change room configuration'))
    throw new StanzaError('forbidden', 'Only owners configure a room.');
  return xml('query', NS.MUC_OWNER, {}, configurationForm(room));
}

/** The form filled in, a cancellation, or the room's end. `reply` is called when it is durable. */
export async function ownerSet(room: Room, from: Jid, query: Element, reply: Reply): Promise<void> {
  const affiliation = room.affiliationOf(from);
  const destruction = query.child('destroy');
  if (destruction !== undefined) {
    if (!affiliationMay(affiliation, 'destroy room')) throw new StanzaError('forbidden', 'Only owners destroy a room.');
    await destroy(room, destruction);
    return reply();
  }
  if (!affiliationMay(affiliation, 'change room configuration'))
    throw new StanzaError('forbidden', 'Only owners configure a room.');
  const x = query.child('x', NS.DATA_FORMS);
  const form = x && parseDataForm(x);
  if (form?.type === 'cancel') {
    // Section 10.1.3: a room whose configuration is called off has never been.
    if (room.locked) await destroy(room, undefined);
    return reply();
  }
  if (form?.type !== 'submit' || (form.values.size > 0 && form.formType !== ROOM_CONFIG))
    throw new StanzaError('bad-request', 'The form is missing, or another one.');
  await configure(room, from, form, reply);
}

async function configure(room: Room, from: Jid, form: FilledForm, reply: Reply): Promise<void> {
  const before = room.configuration;
  const after = readConfiguration(before, form, room.ports.limits);
  // What stays when nobody is there belongs to somebody who stays.
  if (after.persistent && !before.persistent && !room.ports.personExists(from))
    throw new StanzaError('not-acceptable', 'Without an account there are temporary rooms only.');
  const changes = listChanges(room, form);
  const opened = room.locked;
  room.locked = false;
  room.configuration = after;
  const { nick } = actorOf(room, from);
  const tellOthers = changes.map((change) => changeAffiliation(room, change, { jid: from, nick }));
  const done = reply(undefined, room.save());
  const statuses = changedStatuses(before, after);
  if (!opened && statuses.length > 0) notify(room, statuses);
  for (const tell of tellOthers) tell();
  if (after.membersOnly && !before.membersOnly) putOutStrangers(room);
  if (before.moderated && !after.moderated) giveVoice(room);
  room.endIfEmpty();
  await done;
}

/** The form's lists are whole, not differences (section 10.8). Nobody on a list that is left out has lost anything. */
function listChanges(room: Room, form: FilledForm): AffiliationChange[] {
  const owners = addresses(form, 'muc#roomconfig_roomowners');
  const admins = addresses(form, 'muc#roomconfig_roomadmins');
  if (owners?.length === 0) throw new StanzaError('conflict', 'A room has at least one owner.');
  const changes = new Map<string, AffiliationChange>();
  const demote = (list: readonly Jid[] | undefined, from: 'owner' | 'admin', to: 'admin' | 'none') => {
    if (list === undefined) return;
    const kept = new Set(list.map((jid) => jid.bare));
    for (const [address] of room.affiliations.list(from)) {
      const jid = parseJid(address);
      if (jid !== undefined && !kept.has(address)) changes.set(address, { jid, affiliation: to });
    }
  };
  // Section 10.2: an owner who is none any more is an admin, but for a list of admins that leaves him out.
  demote(owners, 'owner', admins === undefined ? 'admin' : 'none');
  demote(admins, 'admin', 'none');
  for (const jid of admins ?? []) changes.set(jid.bare, { jid, affiliation: 'admin' });
  for (const jid of owners ?? []) changes.set(jid.bare, { jid, affiliation: 'owner' });
  // A list of admins alone makes none of an owner.
  if (owners === undefined) for (const owner of room.affiliations.owners) changes.delete(owner);
  const real = [...changes.values()].filter(
    ({ jid, affiliation }) => (room.affiliations.entry(jid.bare)?.affiliation ?? 'none') !== affiliation,
  );
  requireSpace(room, real.filter(({ jid }) => room.affiliations.entry(jid.bare) === undefined).length);
  return real;
}

function addresses(form: FilledForm, field: string): Jid[] | undefined {
  return form.values
    .get(field)
    ?.filter((text) => text.trim() !== '')
    .map((text) => {
      const jid = parseJid(text.trim())?.toBare();
      if (jid?.local === undefined)
        throw new StanzaError('not-acceptable', `${field} has something that is no address.`);
      return jid;
    });
}

/** Section 10.2.1. */
function changedStatuses(before: RoomConfiguration, after: RoomConfiguration): number[] {
  const statuses: number[] = [];
  if (before.logging !== after.logging) statuses.push(after.logging ? 170 : 171);
  if (before.whois !== after.whois) statuses.push(after.whois === 'anyone' ? 172 : 173);
  const others = { logging: after.logging, whois: after.whois };
  if (JSON.stringify({ ...before, ...others }) !== JSON.stringify(after)) statuses.push(104);
  return statuses;
}

function notify(room: Room, statuses: readonly number[]): void {
  room.broadcast(
    xml(
      'message',
      NS.CLIENT,
      { type: 'groupchat', from: room.jid.bare, id: room.ports.randomId() },
      xml('x', NS.MUC_USER, {}, ...statuses.map((code) => xml('status', NS.MUC_USER, { code: String(code) }))),
    ),
  );
}

/** Section 10.2: what is now for members only, others have to leave. */
function putOutStrangers(room: Room): void {
  for (const occupant of [...room.occupants]) {
    const [session] = occupant.sessions.values();
    if (session === undefined || room.affiliationOf(session.jid) !== 'none') continue;
    putOut(room, occupant, { statuses: [322] })();
  }
}

/** Section 5.1.1: in an unmoderated room everybody may speak. */
function giveVoice(room: Room): void {
  room.voice.clear();
  for (const occupant of room.occupants) {
    if (occupant.role !== 'visitor') continue;
    occupant.role = 'participant';
    announce(room, occupant, {}, { before: 'visitor' });
  }
}

/** Section 10.9. */
async function destroy(room: Room, request: Element | undefined): Promise<void> {
  const reason = request?.childText('reason')?.slice(0, room.ports.limits.reasonLength);
  const password = request?.childText('password')?.slice(0, room.ports.limits.passwordLength);
  const venue = parseJid(request?.attributes['jid'] ?? '')?.bare;
  putAllOut(
    room,
    [],
    xml(
      'destroy',
      NS.MUC_USER,
      { jid: venue },
      password === undefined ? undefined : xml('password', NS.MUC_USER, {}, password),
      reason === undefined ? undefined : xml('reason', NS.MUC_USER, {}, reason),
    ),
  );
  await room.ports.ended(room);
}
