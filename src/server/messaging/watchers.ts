import type { RosterItem } from '../../storage/messaging.ts';

/**
 * Who may see whom: the rosters' answers (RFC 6121 section 3) for either protocol. A SIP SUBSCRIBE to somebody's presence
 * is a subscription request in XMPP's sense, and is approved where that is.
 */
export interface Watchers {
  /** Bare address of the watcher. `pending`: asked, and not answered yet. */
  mayWatch(account: string, watcher: string): Promise<'yes' | 'pending' | 'no'>;
  /** The watcher asks to see the account (nothing new when asked already). */
  ask(account: string, watcher: string): Promise<void>;
  /** XEP-0191: whether the account has blocked that bare or full address. */
  isBlocked(account: string, address: string): Promise<boolean>;
  /** The account's contacts: what a resource list (RFC 4662) of its own is made of. */
  contacts(account: string): Promise<RosterItem[]>;
  /** A watcher's permission has changed. */
  onChange(listener: (account: string, watcher: string, allowed: boolean) => void): void;
}
