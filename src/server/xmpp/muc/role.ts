import type { Affiliation } from './affiliation.ts';

// XEP-0045 section 5.1: what an occupant may do for as long as the visit lasts.

export type Role = 'none' | 'visitor' | 'participant' | 'moderator';

/** From the least to the most. */
export const ROLES: readonly Role[] = ['none', 'visitor', 'participant', 'moderator'];

/** Section 5.1.1, row by row; in the order of ROLES. What the room's configuration changes is judged where it is used. */
const PRIVILEGES = {
  'present in room': [false, true, true, true],
  'receive messages': [false, true, true, true],
  'receive occupant presence': [false, true, true, true],
  'broadcast presence to all occupants': [false, true, true, true],
  'change availability status': [false, true, true, true],
  'change room nickname': [false, true, true, true],
  'send private messages': [false, true, true, true],
  'invite other users': [false, true, true, true],
  'send messages to all': [false, false, true, true],
  'modify subject': [false, false, false, true],
  'kick participants and visitors': [false, false, false, true],
  'grant voice': [false, false, false, true],
  'revoke voice': [false, false, false, true],
} as const satisfies Record<string, readonly boolean[]>;

export type RolePrivilege = keyof typeof PRIVILEGES;

/** Whether that role alone gives the privilege. */
export function roleMay(role: Role, privilege: RolePrivilege): boolean {
  return PRIVILEGES[privilege][ROLES.indexOf(role)] === true;
}

export function isRole(text: string | undefined): text is Role {
  return ROLES.includes(text as Role);
}

/**
 * The role with which somebody of that affiliation enters (section 5.1.2); `none`: is not let in. `moderated` and
 * `membersOnly` are the room's.
 */
export function defaultRole(affiliation: Affiliation, moderated: boolean, membersOnly: boolean): Role {
  switch (affiliation) {
    case 'outcast':
      return 'none';
    case 'none':
      if (membersOnly) return 'none';
      return moderated ? 'visitor' : 'participant';
    case 'member':
      return 'participant';
    case 'admin':
    case 'owner':
      return 'moderator';
  }
}
