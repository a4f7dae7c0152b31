import { booleanOf, dataForm, type FilledForm, type FormField } from '../../../protocol/xmpp/data-form.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { MucLimits } from './limits.ts';
import { isRole, ROLES, type Role } from './role.ts';
import type { Room } from './room.ts';
import type { RoomConfiguration } from './room-configuration.ts';

/** FORM_TYPE of XEP-0045 section 15.5.3. */
export const ROOM_CONFIG = 'http://jabber.org/protocol/muc#roomconfig';

const PRESENT: readonly Role[] = ROLES.filter((role) => role !== 'none');
const ALLOW_PM = ['anyone', 'participants', 'moderators', 'none'] as const;
const WHOIS = ['moderators', 'anyone'] as const;

/** The form of sections 10.1.3 and 10.2, with what is so now. */
export function configurationForm(room: Room): Element {
  const now = room.configuration;
  const boolean = (name: string, label: string, value: boolean): FormField => ({ name, type: 'boolean', label, value });
  const text = (name: string, label: string, value: string): FormField => ({ name, type: 'text-single', label, value });
  const roles = (name: string, label: string, value: readonly Role[]): FormField => ({
    name,
    type: 'list-multi',
    label,
    value,
    options: PRESENT.map((role) => ({ value: role })),
  });
  const one = (name: string, label: string, value: string, options: readonly string[]): FormField => ({
    name,
    type: 'list-single',
    label,
    value,
    options: options.map((option) => ({ value: option })),
  });
  return dataForm(
    'form',
    ROOM_CONFIG,
    [
      text('muc#roomconfig_roomname', 'Name of the room', now.name),
      text('muc#roomconfig_roomdesc', 'Short description', now.description),
      text('muc#roomconfig_lang', 'Language of the discussion', now.language),
      boolean('muc#roomconfig_persistentroom', 'Keep the room when nobody is in it', now.persistent),
      boolean('muc#roomconfig_publicroom', 'Show the room in lists', now.public),
      boolean('muc#roomconfig_membersonly', 'Only members may enter', now.membersOnly),
      boolean('muc#roomconfig_allowinvites', 'Members may invite others', now.allowInvites),
      boolean('muc#roomconfig_passwordprotectedroom', 'A password is needed to enter', now.password !== undefined),
      { name: 'muc#roomconfig_roomsecret', type: 'text-private', label: 'Password', value: now.password ?? '' },
      boolean('muc#roomconfig_moderatedroom', 'Only people with voice may speak', now.moderated),
      boolean('muc#roomconfig_changesubject', 'Participants may change the subject', now.changeSubject),
      one('muc#roomconfig_allowpm', 'Who may send private messages', now.allowPrivateMessages, ALLOW_PM),
      one('muc#roomconfig_whois', 'Who may see real addresses', now.whois, WHOIS),
      roles('muc#roomconfig_presencebroadcast', 'Roles whose presence is shown to all', now.presenceBroadcast),
      roles('muc#roomconfig_getmemberlist', 'Roles that may see the member list', now.getMemberList),
      text('muc#roomconfig_maxusers', 'Most occupants', String(now.maxUsers)),
      boolean('muc#roomconfig_enablelogging', 'Keep an archive of the discussion', now.logging),
      text('muc#maxhistoryfetch', 'Messages shown to whoever enters', String(now.maxHistory)),
      { name: 'muc#roomconfig_roomadmins', type: 'jid-multi', label: 'Admins', value: addresses(room, 'admin') },
      { name: 'muc#roomconfig_roomowners', type: 'jid-multi', label: 'Owners', value: addresses(room, 'owner') },
    ],
    { title: `Configuration of ${room.jid.bare}` },
  );
}

function addresses(room: Room, affiliation: 'admin' | 'owner'): string[] {
  return room.affiliations.list(affiliation).map(([address]) => address);
}

/** What the form makes of the configuration; what it leaves out stays. Throws `not-acceptable` (section 10.1.3). */
export function readConfiguration(now: RoomConfiguration, form: FilledForm, limits: MucLimits): RoomConfiguration {
  const { values } = form;
  const text = (name: string, before: string, most: number) => {
    const value = values.get(name)?.join('\n') ?? before;
    if (value.length > most) throw unacceptable(name, `is longer than ${most} characters`);
    return value;
  };
  const boolean = (name: string, before: boolean) => {
    const value = values.get(name);
    if (value === undefined) return before;
    const read = booleanOf(value);
    if (read === undefined) throw unacceptable(name, 'is neither true nor false');
    return read;
  };
  const number = (name: string, before: number, least: number, most: number) => {
    const value = values.get(name)?.[0];
    if (value === undefined || value === '' || value === 'none') return before;
    if (!/^\d{1,9}$/.test(value) || Number(value) < least || Number(value) > most)
      throw unacceptable(name, `is a number from ${least} to ${most}`);
    return Number(value);
  };
  const choice = <T extends string>(name: string, before: T, options: readonly T[]) => {
    const value = values.get(name)?.[0] ?? before;
    if (!options.includes(value as T)) throw unacceptable(name, `is one of ${options.join(', ')}`);
    return value as T;
  };
  const roles = (name: string, before: readonly Role[]) => {
    const value = values.get(name) ?? before;
    if (!value.every((role) => isRole(role) && role !== 'none')) throw unacceptable(name, 'names roles');
    return PRESENT.filter((role) => (value as readonly string[]).includes(role));
  };
  return {
    name: text('muc#roomconfig_roomname', now.name, limits.nameLength),
    description: text('muc#roomconfig_roomdesc', now.description, limits.descriptionLength),
    language: text('muc#roomconfig_lang', now.language, 35),
    logging: boolean('muc#roomconfig_enablelogging', now.logging),
    changeSubject: boolean('muc#roomconfig_changesubject', now.changeSubject),
    allowInvites: boolean('muc#roomconfig_allowinvites', now.allowInvites),
    allowPrivateMessages: choice('muc#roomconfig_allowpm', now.allowPrivateMessages, ALLOW_PM),
    maxUsers: number('muc#roomconfig_maxusers', now.maxUsers, 1, limits.occupants),
    presenceBroadcast: roles('muc#roomconfig_presencebroadcast', now.presenceBroadcast),
    getMemberList: roles('muc#roomconfig_getmemberlist', now.getMemberList),
    public: boolean('muc#roomconfig_publicroom', now.public),
    persistent: boolean('muc#roomconfig_persistentroom', now.persistent),
    moderated: boolean('muc#roomconfig_moderatedroom', now.moderated),
    membersOnly: boolean('muc#roomconfig_membersonly', now.membersOnly),
    password: readPassword(now, boolean, text, limits),
    whois: choice('muc#roomconfig_whois', now.whois, WHOIS),
    maxHistory: number('muc#maxhistoryfetch', now.maxHistory, 0, limits.history),
  };
}

/** A room that needs a password has one. A secret alone, without the box ticked, makes none. */
function readPassword(
  now: RoomConfiguration,
  boolean: (name: string, before: boolean) => boolean,
  text: (name: string, before: string, most: number) => string,
  limits: MucLimits,
): string | undefined {
  if (!boolean('muc#roomconfig_passwordprotectedroom', now.password !== undefined)) return undefined;
  const password = text('muc#roomconfig_roomsecret', now.password ?? '', limits.passwordLength);
  if (password === '') throw unacceptable('muc#roomconfig_roomsecret', 'is empty');
  return password;
}

function unacceptable(field: string, why: string): StanzaError {
  return new StanzaError('not-acceptable', `${field} ${why}.`);
}
