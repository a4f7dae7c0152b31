import type { Inbox } from '../../messaging/inbox.ts';
import type { Presences } from '../../messaging/presences.ts';
import type { Watchers } from '../../messaging/watchers.ts';

/** What SIP messaging asks of the messaging that it shares with XMPP (src/server/messaging). */
export interface MessagingPorts {
  inbox: Inbox;
  presences: Presences;
  watchers: Watchers;
  /** How many messages wait for an account (RFC 3842); counting may stop at a bound. */
  waiting(account: string): Promise<number>;
  /** That number has changed. */
  onWaiting?(listener: (account: string) => void): void;
  /** Whom an account has blocked has changed. */
  onBlock?(listener: (account: string) => void): void;
}
