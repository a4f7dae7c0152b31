/** Every bound of the rooms, with its default. Times are milliseconds, lengths characters. */
export interface MucLimits {
  /** Rooms on this server, and rooms that one account has made. */
  rooms: number;
  roomsPerAccount: number;
  /** Rooms that one account's clients are in, each client counted. */
  visitsPerAccount: number;
  /** Occupants that a room's owner may allow, and how many a new room allows. Admins and owners may be this many more. */
  occupants: number;
  defaultOccupants: number;
  reservedForAdmins: number;
  /** Clients of one account that share a nickname. */
  sessionsPerNick: number;
  /** Entries of a room's lists: owners, admins, members, outcasts. */
  affiliations: number;
  /** Entries of one request that changes them, and people invited by one message. */
  itemsPerRequest: number;
  /** Messages kept for whoever enters, at most and in a new room. */
  history: number;
  defaultHistory: number;
  /** Messages in one page of a room's archive. */
  archivePage: number;
  /** Of a nickname, a subject, a reason, a room's name, its description, its password. */
  nickLength: number;
  subjectLength: number;
  reasonLength: number;
  nameLength: number;
  descriptionLength: number;
  passwordLength: number;
  /** Of a message to a room, and of all that is kept of it for whoever enters. */
  messageLength: number;
  historyLength: number;
  /** Of a presence stanza, which the room keeps and repeats to all. */
  presenceLength: number;
  /** How often one account enters rooms and changes nicknames: how many at once, and how many a second come back. */
  joinBurst: number;
  joinRate: number;
  /** Stanzas to occupants that one account causes: how many at once, and how many a second come back. */
  deliveryBurst: number;
  deliveryRate: number;
  /** Invitations of which a room remembers who sent them; IQs through it that are being answered. */
  invitations: number;
  forwardedIqs: number;
  /** A new room whose owner has not configured it by then is opened as it is (section 10.1.1). */
  lockTime: number;
}

export const mucLimits: Readonly<MucLimits> = {
  rooms: 10_000,
  roomsPerAccount: 100,
  visitsPerAccount: 200,
  occupants: 1_000,
  defaultOccupants: 200,
  reservedForAdmins: 5,
  sessionsPerNick: 10,
  affiliations: 2_000,
  itemsPerRequest: 100,
  history: 100,
  defaultHistory: 20,
  archivePage: 100,
  nickLength: 100,
  subjectLength: 2_000,
  reasonLength: 500,
  nameLength: 200,
  descriptionLength: 1_000,
  passwordLength: 200,
  messageLength: 65_536,
  historyLength: 262_144,
  presenceLength: 8_192,
  joinBurst: 100,
  joinRate: 10,
  deliveryBurst: 100_000,
  deliveryRate: 20_000,
  invitations: 100,
  forwardedIqs: 500,
  lockTime: 60_000,
};
