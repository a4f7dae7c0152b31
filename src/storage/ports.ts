/**
 * What the server asks of a store; src/storage/embedded answers on SQLite, src/storage/postgres on PostgreSQL. A promise of a write resolves when the write
 * is durable: what it acknowledges survives `kill -9`. Octets are Buffers, times are milliseconds since 1970.
 */
import type { MessagingStore } from './messaging.ts';

/** An account as it is kept: its secrets only as one sealed blob (src/server/accounts/material.ts). */
export interface StoredAccount {
  /** Canonical (src/server/accounts/canonical-name.ts). */
  name: string;
  admin: boolean;
  sealed: Uint8Array;
  created: number;
  /** Grows with every change of any account, whichever process made it. */
  revision: number;
}

export interface AccountStore {
  /** Accounts changed after `revision` (0: all). Synchronous: SIP looks accounts up inside a transition. */
  changedSince(revision: number): StoredAccount[];
  /** Another number after a commit of anyone's, whatever it wrote. Asking takes a few microseconds. */
  version(): number;
  /** Creates or replaces; a changed password ends the account's web sessions. */
  save(account: { name: string; admin: boolean; sealed: Uint8Array; endSessions: boolean }): Promise<void>;
  /** Creates unless the name is taken: false when it is. */
  add(account: { name: string; admin: boolean; sealed: Uint8Array }): Promise<boolean>;
  /** Whether anything but an account is kept for this name, or in messaging for its bare address. */
  ownsData(name: string, address: string): Promise<boolean>;
  /** Deletes its bindings, sessions and records of calls; the account stays, and so does what messaging keeps. */
  erase(name: string): Promise<void>;
}

/** A registrar binding that can outlive the process (RFC 3261 section 10): `data` is the registrar's own JSON. */
export interface StoredBinding {
  aor: string;
  /** What tells the bindings of an address of record apart: contact URI, or instance-id and reg-id. */
  id: string;
  expires: number;
  data: string;
}

export interface BindingStore {
  /** Every binding that has not expired by `now` (default: the present). */
  load(now?: number): Promise<StoredBinding[]>;
  /** Those of one address of record that are kept, expired or not. */
  of(aor: string): Promise<StoredBinding[]>;
  /** Replaces all bindings of one address of record; an empty list removes them. Resolves when durable. */
  save(aor: string, bindings: Array<Omit<StoredBinding, 'aor'>>): Promise<void>;
}

/** An administrator's API key: only its SHA-256 is kept. */
export interface StoredApiKey {
  name: string;
  hash: Uint8Array;
  created: number;
}

export interface ApiKeyStore {
  find(hash: Uint8Array): StoredApiKey | undefined;
  list(): StoredApiKey[];
  /** false when a key of that name exists. */
  add(key: { name: string; hash: Uint8Array }): Promise<boolean>;
}

/** A web session: the cookie's SHA-256, so that a copy of the database signs nobody in. */
export interface StoredSession {
  hash: Uint8Array;
  name: string;
  expires: number;
}

export interface SessionStore {
  find(hash: Uint8Array, now: number): StoredSession | undefined;
  /** Also drops expired sessions, and the oldest ones of the account beyond `keep`. */
  add(session: StoredSession, keep: number): Promise<void>;
  remove(hash: Uint8Array): Promise<void>;
}

export interface SettingStore {
  get(key: string): string | undefined;
  set(key: string, value: string): Promise<void>;
}

/** A call that is over: one INVITE that made, or was to make, a dialog. */
export interface CallRecord {
  callId: string;
  /** Addresses of record, `alice@example.test`. */
  from: string;
  to: string;
  /** Canonical names of the local accounts at either side. */
  caller?: string | undefined;
  callee?: string | undefined;
  started: number;
  answered?: number | undefined;
  ended: number;
  /** SIP status that answered the INVITE. */
  status: number;
  /** Who ended it: by CANCEL, BYE, or a refusal; `server` for what neither side asked for. */
  endedBy: 'caller' | 'callee' | 'server';
  /** Why, in words: a Reason header's text (RFC 3326), a reason phrase, `silent`. */
  reason?: string | undefined;
  /** Who relayed its media: `direct` when nobody did. */
  media: 'direct' | 'embedded' | 'rtpengine';
  /** What was counted of the media, one entry a leg (src/server/media/engine.ts: LegStatistics). */
  legs?: readonly object[] | undefined;
}

/** Which records are wanted, the newest first. */
export interface CallRecordQuery {
  /** Calls that this account made or was called by; left out: everybody's. */
  account?: string | undefined;
  /** Started before then. */
  before?: number | undefined;
  limit: number;
}

export interface CallRecordStore {
  /** Records that could not be written. */
  readonly lost: number;
  /** Written a moment later with others: the last second's may be lost with the process. */
  add(record: CallRecord): void;
  list(query: CallRecordQuery): Promise<CallRecord[]>;
}

export interface Store {
  accounts: AccountStore;
  bindings: BindingStore;
  apiKeys: ApiKeyStore;
  sessions: SessionStore;
  settings: SettingStore;
  calls: CallRecordStore;
  messaging: MessagingStore;
  /** Writes under way. */
  readonly queued: number;
  /** Waits for the writes under way, then closes. */
  close(): Promise<void>;
}
