import { dataForm } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { ARCHIVE_FEATURES } from '../archive-query.ts';
import { PING } from './occupant-iq.ts';
import { OCCUPANT_ID } from './presence-broadcast.ts';
import { REGISTER } from './registration.ts';
import { MODERATE, MODERATE_0, RETRACT } from './retraction.ts';
import type { Room } from './room.ts';

/** Of the service and of each room. */
export const FEATURES: readonly string[] = [
  NS.DISCO_INFO,
  NS.DISCO_ITEMS,
  NS.MUC,
  'http://jabber.org/protocol/muc#stable_id',
  'http://jabber.org/protocol/muc#self-ping-optimization',
  OCCUPANT_ID,
  PING,
];

/** XEP-0045 section 6.4; nodes of sections 7.12 and 18.1.1. */
export function roomInfo(room: Room, from: Jid, query: Element): Element {
  const { node } = query.attributes;
  if (node === 'x-roomuser-item') {
    const name = room.affiliations.entry(from.bare)?.nick;
    return xml('query', NS.DISCO_INFO, { node }, name === undefined ? undefined : identity(name));
  }
  if (node === 'http://jabber.org/protocol/muc#traffic')
    throw new StanzaError('service-unavailable', 'All traffic is allowed.');
  if (node !== undefined) throw new StanzaError('item-not-found', 'There is no such node.');
  const features = [...FEATURES, REGISTER, MODERATE, MODERATE_0, RETRACT, `${RETRACT}#tombstone`, ...roomType(room)];
  if (room.configuration.logging) features.push(...ARCHIVE_FEATURES);
  return xml(
    'query',
    NS.DISCO_INFO,
    {},
    identity(room.configuration.name || (room.jid.local ?? '')),
    ...features.map((feature) => xml('feature', NS.DISCO_INFO, { var: feature })),
    infoForm(room),
  );
}

function identity(name: string): Element {
  return xml('identity', NS.DISCO_INFO, { category: 'conference', type: 'text', name });
}

/** Section 4.2. */
function roomType(room: Room): string[] {
  const { public: isPublic, membersOnly, moderated, whois, password, persistent } = room.configuration;
  return [
    isPublic ? 'muc_public' : 'muc_hidden',
    membersOnly ? 'muc_membersonly' : 'muc_open',
    moderated ? 'muc_moderated' : 'muc_unmoderated',
    whois === 'anyone' ? 'muc_nonanonymous' : 'muc_semianonymous',
    password === undefined ? 'muc_unsecured' : 'muc_passwordprotected',
    persistent ? 'muc_persistent' : 'muc_temporary',
  ];
}

/** Section 15.5.4. */
function infoForm(room: Room): Element {
  const { name, description, language, changeSubject, allowInvites, maxHistory } = room.configuration;
  return dataForm('result', 'http://jabber.org/protocol/muc#roominfo', [
    { name: 'muc#roomconfig_roomname', type: 'text-single', value: name },
    { name: 'muc#roominfo_description', type: 'text-single', value: description },
    { name: 'muc#roominfo_lang', type: 'text-single', value: language },
    { name: 'muc#roominfo_subject', type: 'text-single', value: room.subject?.text ?? '' },
    { name: 'muc#roominfo_subjectmod', type: 'boolean', value: changeSubject },
    { name: 'muc#roomconfig_changesubject', type: 'boolean', value: changeSubject },
    { name: 'muc#roomconfig_allowinvites', type: 'boolean', value: allowInvites },
    { name: 'muc#roominfo_occupants', type: 'text-single', value: String(room.occupants.size) },
    { name: 'muc#maxhistoryfetch', type: 'text-single', value: String(maxHistory) },
  ]);
}

/** Whether a list of rooms shows it to that person (sections 4.2 and 6.3). */
export function isListed(room: Room, from: Jid): boolean {
  if (room.locked) return false;
  const affiliation = room.affiliationOf(from);
  return room.configuration.public ? affiliation !== 'outcast' : affiliation !== 'none' && affiliation !== 'outcast';
}
