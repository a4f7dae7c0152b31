/**
 * What messaging asks of a store. Everything belongs to an owner: the bare address of an account (`alice@example.test`) or
 * of a room. A promise of a write resolves when the write is durable; writes made in one turn of the event loop are
 * durable in the order in which they were made, mostly with one commit. Times are milliseconds since 1970.
 */

/** One message as one owner's archive keeps it (XEP-0313). A message between two accounts is in both, once in each. */
export interface ArchivedMessage {
  owner: string;
  /** From ArchiveIds, so that it sorts by time, which queries by time rely on; the stable id of XEP-0359. Unique in an archive. */
  id: string;
  /** Whom it was exchanged with: a bare address; in a room's archive the sender's occupant address (`room@host/nick`). */
  peer: string;
  time: number;
  /** The `<message/>` as XML text in the namespace jabber:client. */
  stanza: string;
}

/** Bounds are inclusive for times, exclusive for ids (RSM's after and before). */
export interface ArchiveQuery {
  owner: string;
  /** Exactly so as `peer` was given. */
  peer?: string;
  start?: number;
  end?: number;
  afterId?: string;
  beforeId?: string;
  /** Only these (XEP-0313 version 0.7 and later). */
  ids?: readonly string[];
  limit: number;
  /** From the newest end: the last `limit` of what matches (still given oldest first). */
  backwards?: boolean;
}

export interface ArchivePage {
  /** Oldest first. */
  messages: ArchivedMessage[];
  /** Nothing more matches in the direction of paging. */
  complete: boolean;
}

export interface ArchiveStore {
  add(messages: readonly ArchivedMessage[]): Promise<void>;
  page(query: ArchiveQuery): Promise<ArchivePage>;
  /** How many match, whatever `limit` says; counting may stop at `most`. */
  count(query: ArchiveQuery, most: number): Promise<number>;
  /** undefined: there is none of that id. */
  find(owner: string, id: string): Promise<ArchivedMessage | undefined>;
  /** The oldest and the newest of an archive. */
  ends(owner: string): Promise<{ first: ArchivedMessage; last: ArchivedMessage } | undefined>;
  /** Puts another stanza in its place: a moderated message's tombstone (XEP-0425). */
  replace(owner: string, id: string, stanza: string): Promise<void>;
  /** Drops what is older, of every owner: retention. */
  expire(before: number): Promise<number>;
}

/** A message that waits for its owner to come (XEP-0160; SIP store and forward). */
export interface WaitingMessage {
  owner: string;
  /** As in the archive, where it is archived too. */
  id: string;
  time: number;
  stanza: string;
}

export interface OfflineStore {
  /** False: the owner has `most` waiting already. */
  add(message: WaitingMessage, most: number): Promise<boolean>;
  /** Oldest first; they stay until removed. */
  list(owner: string): Promise<WaitingMessage[]>;
  /** Those up to and with that id. */
  remove(owner: string, throughId: string): Promise<void>;
  /** Whether anything waits: a quick answer at each registration and sign-in. */
  any(owner: string): Promise<boolean>;
}

/** RFC 6121 section 2.1. */
export interface RosterItem {
  /** Bare address. */
  jid: string;
  name?: string | undefined;
  subscription: 'none' | 'to' | 'from' | 'both';
  /** We have asked and wait (`ask='subscribe'`). */
  pendingOut: boolean;
  /** They have asked: the presence stanza as XML. The item is not shown in the roster while that is all there is. */
  pendingIn?: string | undefined;
  /** Approved before they ask (RFC 6121 section 3.4). */
  approved: boolean;
  groups: readonly string[];
  /** In the roster as its owner sees it; false: only a request or a pre-approval is kept. */
  listed: boolean;
  /** Roster version at which it last changed (section 2.6). */
  version: number;
}

export interface StoredRoster {
  version: number;
  items: RosterItem[];
  /** Removed since: address and the version of the removal, for roster versioning. */
  removed: Array<{ jid: string; version: number }>;
  /** Removals up to that version are forgotten: a client of an older one gets the whole roster. */
  forgotten?: number;
}

export interface RosterStore {
  load(owner: string): Promise<StoredRoster>;
  /** Creates or replaces one item, whose `version` becomes the roster's. */
  save(owner: string, item: RosterItem): Promise<void>;
  remove(owner: string, jid: string, version: number): Promise<void>;
}

/** Small things by name: block list, private XML, vCard, preferences, push registrations, FAST tokens, a room's settings. */
export interface DocumentStore {
  get(owner: string, name: string): Promise<string | undefined>;
  /** undefined removes. */
  set(owner: string, name: string, value: string | undefined): Promise<void>;
  /** Of one owner, those whose name begins so. */
  list(owner: string, prefix: string): Promise<Array<{ name: string; value: string }>>;
  /** Every owner's document of that name (all rooms). */
  all(name: string): Promise<Array<{ owner: string; value: string }>>;
}

/** XEP-0060: an item of a node. A node's configuration is a document `node:NAME`. */
export interface PubsubItem {
  owner: string;
  node: string;
  id: string;
  publisher: string;
  time: number;
  /** The payload as XML, which stands for itself. */
  payload: string;
}

export interface PubsubStore {
  /** Newest last. */
  items(owner: string, node: string, limit: number): Promise<PubsubItem[]>;
  find(owner: string, node: string, id: string): Promise<PubsubItem | undefined>;
  nodes(owner: string): Promise<string[]>;
  /** Characters of the payloads of all nodes together. */
  size(owner: string): Promise<number>;
  /** Creates or replaces, and drops the oldest beyond `keep`. */
  publish(item: PubsubItem, keep: number): Promise<void>;
  retract(owner: string, node: string, id: string): Promise<boolean>;
  purge(owner: string, node: string): Promise<void>;
}

/** XEP-0363: a slot and, once it was put, the file in the data folder. */
export interface Upload {
  /** Unguessable; the name in the URL and on disk. */
  id: string;
  owner: string;
  name: string;
  type: string;
  size: number;
  created: number;
  stored: boolean;
}

export interface UploadStore {
  /** False when the owner's files together, 4,096 octets more for each, would pass `quota`. */
  add(upload: Upload, quota: number): Promise<boolean>;
  find(id: string): Promise<Upload | undefined>;
  /** False: there is no such place any more. */
  markStored(id: string): Promise<boolean>;
  /** Takes away, and names, what was created before; and before `unstored`, which is later, where the file never came. */
  expire(before: number, unstored: number): Promise<Upload[]>;
}

export interface MessagingStore {
  archive: ArchiveStore;
  offline: OfflineStore;
  rosters: RosterStore;
  documents: DocumentStore;
  pubsub: PubsubStore;
  uploads: UploadStore;
  /** Everything that is kept for an owner, a line of JSON each: `{"kind": "archive", ...}`. */
  export(owner: string): AsyncIterable<string>;
  /** Deletes it, and names the uploads, whose files are then to go as well. */
  erase(owner: string): Promise<Upload[]>;
}
