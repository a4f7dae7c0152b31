import type { MucLimits } from './limits.ts';
import { ROLES, type Role } from './role.ts';

/** What a room's owner decides (XEP-0045 section 10.1.3). */
export interface RoomConfiguration {
  name: string;
  description: string;
  /** Of the discussion: a language tag, or nothing. */
  language: string;
  /** Messages are archived, and whoever may enter may read them (status codes 170, 171). */
  logging: boolean;
  /** Participants may change the subject, not moderators alone. */
  changeSubject: boolean;
  /** Members may invite others to a members-only room, which makes these members. */
  allowInvites: boolean;
  allowPrivateMessages: 'anyone' | 'participants' | 'moderators' | 'none';
  maxUsers: number;
  /** Others than moderators are told of occupants with these roles only. */
  presenceBroadcast: readonly Role[];
  /** Which roles may retrieve the member list, where addresses are no secret. */
  getMemberList: readonly Role[];
  public: boolean;
  persistent: boolean;
  moderated: boolean;
  membersOnly: boolean;
  /** undefined: none is needed. */
  password: string | undefined;
  /** Who may know occupants' real addresses: a semi-anonymous room, or a non-anonymous one. */
  whois: 'moderators' | 'anyone';
  /** Messages sent to whoever enters. */
  maxHistory: number;
}

/** A room's first configuration: open, temporary, semi-anonymous. */
export function defaultConfiguration(limits: MucLimits): RoomConfiguration {
  const present = ROLES.filter((role) => role !== 'none');
  return {
    name: '',
    description: '',
    language: '',
    logging: true,
    changeSubject: false,
    allowInvites: false,
    allowPrivateMessages: 'anyone',
    maxUsers: limits.defaultOccupants,
    presenceBroadcast: present,
    getMemberList: present,
    public: true,
    persistent: false,
    moderated: false,
    membersOnly: false,
    password: undefined,
    whois: 'moderators',
    maxHistory: limits.defaultHistory,
  };
}
