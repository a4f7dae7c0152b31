import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { type Affiliation, affiliationMay, isAffiliation } from './affiliation.ts';
import {
  type AffiliationChange,
  changeAffiliation,
  checkAffiliationChange,
  requireSpace,
} from './affiliation-change.ts';
import { shownSession } from './occupants.ts';
import type { Reply } from './reply.ts';
import { isRole, type Role, roleMay } from './role.ts';
import { type Actor, changeRole, checkRoleChange, type RoleChange } from './role-change.ts';
import type { Room } from './room.ts';

// XEP-0045 sections 8 to 10: `<query/>` of muc#admin.

export function actorOf(room: Room, from: Jid): Actor {
  return {
    account: from.bare,
    role: room.actingRole(from),
    affiliation: room.affiliationOf(from),
    nick: room.occupants.at(from)?.nick ?? room.occupants.of(from.bare)[0]?.nick,
  };
}

/** A list, by affiliation or by role: everybody who is that. */
export function adminList(room: Room, from: Jid, query: Element): Element {
  const { affiliation, role } = query.child('item')?.attributes ?? {};
  const actor = actorOf(room, from);
  if (isAffiliation(affiliation) && role === undefined && affiliation !== 'none') {
    if (!mayListAffiliation(room, actor, affiliation)) throw new StanzaError('forbidden', 'That list is not for you.');
    return xml('query', NS.MUC_ADMIN, {}, ...affiliationItems(room, affiliation));
  }
  if (isRole(role) && affiliation === undefined && role !== 'none') {
    const privileged =
      role === 'moderator'
        ? affiliationMay(actor.affiliation, 'assign and remove moderator role')
        : roleMay(actor.role, 'grant voice');
    if (!privileged) throw new StanzaError('forbidden', 'That list is not for you.');
    return xml('query', NS.MUC_ADMIN, {}, ...roleItems(room, role));
  }
  throw new StanzaError('bad-request', 'A list is asked for by one affiliation or one role.');
}

/** Sections 9.2, 9.5, 10.5 and 10.8; where addresses are no secret, the room's people may see who they are. */
function mayListAffiliation(room: Room, actor: Actor, affiliation: Affiliation): boolean {
  switch (affiliation) {
    case 'owner':
      if (affiliationMay(actor.affiliation, 'edit owner list')) return true;
      break;
    case 'admin':
      if (affiliationMay(actor.affiliation, 'edit admin list')) return true;
      break;
    default:
      if (affiliationMay(actor.affiliation, 'edit member list')) return true;
  }
  if (affiliation === 'outcast' || room.configuration.whois !== 'anyone') return false;
  return (
    affiliationMay(actor.affiliation, 'retrieve member list') ||
    (actor.role !== 'none' && room.configuration.getMemberList.includes(actor.role))
  );
}

function affiliationItems(room: Room, affiliation: Affiliation): Element[] {
  const nicks = new Map<string, string>();
  for (const { account, nick } of room.occupants) nicks.set(account, nick);
  return room.affiliations
    .list(affiliation)
    .map(([jid, entry]) =>
      xml(
        'item',
        NS.MUC_ADMIN,
        { affiliation, jid, nick: entry.nick ?? nicks.get(jid) },
        entry.reason === undefined ? undefined : xml('reason', NS.MUC_ADMIN, {}, entry.reason),
      ),
    );
}

function roleItems(room: Room, role: Role): Element[] {
  const items: Element[] = [];
  for (const occupant of room.occupants) {
    const jid = shownSession(occupant)?.jid;
    if (occupant.role !== role || jid === undefined) continue;
    const affiliation = room.affiliationOf(jid);
    items.push(xml('item', NS.MUC_ADMIN, { affiliation, role, nick: occupant.nick, jid: jid.full }));
  }
  return items;
}

/**
 * Changes of roles and affiliations: all of them, or none and an error. `reply` comes between those who are put out and
 * all others (section 8.2), when the change is durable.
 */
export async function adminSet(room: Room, from: Jid, query: Element, reply: Reply): Promise<void> {
  const items = query.elements('item');
  if (items.length === 0) throw new StanzaError('bad-request', 'Nothing is to be changed.');
  if (items.length > room.ports.limits.itemsPerRequest)
    throw new StanzaError('policy-violation', 'Too much is to be changed at once.');
  const actor = actorOf(room, from);
  const roles: RoleChange[] = [];
  const affiliations: AffiliationChange[] = [];
  for (const item of items) {
    const { role, affiliation } = item.attributes;
    if ((role === undefined) === (affiliation === undefined))
      throw new StanzaError('bad-request', 'Either a role or an affiliation is changed.');
    if (role !== undefined) roles.push(roleChange(room, item, role));
    else affiliations.push(affiliationChange(room, item, affiliation));
  }
  for (const change of roles) checkRoleChange(actor, change);
  checkAll(room, from, affiliations);

  const tellOthers = [
    ...affiliations.map((change) => changeAffiliation(room, change, { jid: from, nick: actor.nick })),
    ...roles.map((change) => changeRole(room, change, actor)),
  ];
  const done = reply(undefined, affiliations.length > 0 ? room.save() : undefined);
  for (const tell of tellOthers) tell();
  room.endIfEmpty();
  await done;
}

function checkAll(room: Room, from: Jid, changes: readonly AffiliationChange[]): void {
  const owners = new Set(room.affiliations.owners);
  let more = 0;
  for (const { jid, affiliation } of changes) {
    if (affiliation === 'owner') owners.add(jid.bare);
    else owners.delete(jid.bare);
    if (affiliation !== 'none' && room.affiliations.entry(jid.bare) === undefined) more += 1;
  }
  for (const change of changes) checkAffiliationChange(room, from, change, owners);
  requireSpace(room, more);
}

function roleChange(room: Room, item: Element, role: string): RoleChange {
  const { nick } = item.attributes;
  if (!isRole(role) || nick === undefined) throw new StanzaError('bad-request', 'A role is changed by nickname.');
  const occupant = room.occupants.named(nick);
  const jid = occupant && shownSession(occupant)?.jid;
  if (occupant === undefined || jid === undefined) throw new StanzaError('item-not-found', 'Nobody has that nickname.');
  return { occupant, affiliation: room.affiliationOf(jid), role, reason: reasonOf(room, item) };
}

function affiliationChange(room: Room, item: Element, affiliation: string | undefined): AffiliationChange {
  if (!isAffiliation(affiliation)) throw new StanzaError('bad-request', 'There is no such affiliation.');
  const { jid: address, nick } = item.attributes;
  if (address === undefined) {
    // COMPAT: Gajim and others name an occupant where his address is not known to them.
    const occupant = room.occupants.named(nick ?? '');
    const jid = occupant && shownSession(occupant)?.jid;
    if (jid === undefined) throw new StanzaError('item-not-found', 'Nobody has that nickname.');
    return { jid: jid.toBare(), affiliation, reason: reasonOf(room, item) };
  }
  const jid = parseJid(address)?.toBare();
  if (jid === undefined) throw new StanzaError('jid-malformed', 'That is no address.');
  return { jid, affiliation, nick, reason: reasonOf(room, item) };
}

function reasonOf(room: Room, item: Element): string | undefined {
  return item.childText('reason')?.slice(0, room.ports.limits.reasonLength) || undefined;
}
