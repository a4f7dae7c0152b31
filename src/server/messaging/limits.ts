/** Every bound of messaging, with its default. */
export interface MessagingLimits {
  /** Messages that wait for somebody who is away. */
  waitingMessages: number;
  /** Contacts of one account, the groups of one, and the characters of a name or of a group's. */
  rosterItems: number;
  rosterGroups: number;
  rosterNameCharacters: number;
  /** Requests to see one account that wait for its answer. */
  pendingRequests: number;
  /** Addresses that one account blocks. */
  blockedAddresses: number;
  /** Addresses to which one session has sent its presence directly (RFC 6121 section 4.6). */
  directedPresences: number;
  /** Of one account: private XML (XEP-0049), and its vCard (XEP-0054), in characters. */
  privateEntries: number;
  privateCharacters: number;
  vcardCharacters: number;
  /** Push services of one account (XEP-0357), and of one its address, node and options together. */
  pushServices: number;
  pushCharacters: number;
  /** Messages of one page of an archive (XEP-0313). */
  archivePage: number;
  /** Accounts whose rosters, block lists and preferences are held in memory. */
  cachedAccounts: number;
  /** Time for a client to answer an IQ of ours (milliseconds). */
  iqTimeout: number;
}

export const messagingLimits: Readonly<MessagingLimits> = {
  waitingMessages: 1_000,
  rosterItems: 2_000,
  rosterGroups: 20,
  rosterNameCharacters: 1_023,
  pendingRequests: 500,
  blockedAddresses: 2_000,
  directedPresences: 1_000,
  privateEntries: 100,
  privateCharacters: 64 * 1024,
  vcardCharacters: 128 * 1024,
  pushServices: 10,
  pushCharacters: 4_096,
  archivePage: 250,
  cachedAccounts: 20_000,
  iqTimeout: 30_000,
};
