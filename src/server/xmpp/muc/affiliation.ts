// XEP-0045 section 5.2: what a person (a bare address) lastingly is to a room.

export type Affiliation = 'outcast' | 'none' | 'member' | 'admin' | 'owner';

/** From the least to the most. */
export const AFFILIATIONS: readonly Affiliation[] = ['outcast', 'none', 'member', 'admin', 'owner'];

/** Section 5.2.1, row by row; in the order of AFFILIATIONS. */
const PRIVILEGES = {
  'enter open room': [false, true, true, true, true],
  'register with open room': [false, true, false, false, false],
  'retrieve member list': [false, false, true, true, true],
  'enter members-only room': [false, false, true, true, true],
  'ban members and unaffiliated users': [false, false, false, true, true],
  'edit member list': [false, false, false, true, true],
  'assign and remove moderator role': [false, false, false, true, true],
  'edit admin list': [false, false, false, false, true],
  'edit owner list': [false, false, false, false, true],
  'change room configuration': [false, false, false, false, true],
  'destroy room': [false, false, false, false, true],
} as const satisfies Record<string, readonly boolean[]>;

export type AffiliationPrivilege = keyof typeof PRIVILEGES;

/** Whether that affiliation alone gives the privilege. */
export function affiliationMay(affiliation: Affiliation, privilege: AffiliationPrivilege): boolean {
  return PRIVILEGES[privilege][AFFILIATIONS.indexOf(affiliation)] === true;
}

export function isAffiliation(text: string | undefined): text is Affiliation {
  return AFFILIATIONS.includes(text as Affiliation);
}

/** Negative: `a` is less than `b`. */
export function compareAffiliations(a: Affiliation, b: Affiliation): number {
  return AFFILIATIONS.indexOf(a) - AFFILIATIONS.indexOf(b);
}
