// Messages and presence, whatever protocol they come by: the inbox, the rosters, and XMPP's routing over them.
import { ArchiveIds } from '../../storage/archive-id.ts';
import type { MessagingStore } from '../../storage/messaging.ts';
import type { Clock } from '../../transport/clock.ts';
import { ArchiveWishes } from '../messaging/archive-preferences.ts';
import { BlockLists } from '../messaging/block-lists.ts';
import type { MessagingLimits } from '../messaging/limits.ts';
import { OneInbox } from '../messaging/one-inbox.ts';
import { Presences } from '../messaging/presences.ts';
import { Rosters } from '../messaging/rosters.ts';
import { Subscriptions } from '../messaging/subscriptions.ts';
import type { LocalDomain } from '../xmpp/host.ts';
import { PresenceRouting } from '../xmpp/presence-routing.ts';
import { Sessions } from '../xmpp/sessions.ts';
import { XmppServer } from '../xmpp/xmpp-server.ts';

export interface MessagingOptions {
  domain: string;
  version: string;
  accountExists: (name: string) => boolean;
  store: MessagingStore;
  limits: MessagingLimits;
  clock: Clock;
  /** Unix time in milliseconds. */
  wallClock: () => number;
  /** Four random characters of 0-9, a-v: this process among those that write the same archives. */
  node: string;
  /** A fault of ours that nobody is told of. */
  onFault: (error: unknown) => void;
}

export interface MessagingPart {
  xmpp: XmppServer;
  inbox: OneInbox;
  presences: Presences;
  subscriptions: Subscriptions;
  rosters: Rosters;
  blockLists: BlockLists;
  ids: ArchiveIds;
}

export function createMessaging(options: MessagingOptions): MessagingPart {
  const { domain, store, limits, accountExists, onFault } = options;
  const { cachedAccounts } = limits;
  const sessions = new Sessions();
  const domains = new Map<string, LocalDomain>();
  const presences = new Presences();
  const blockLists = new BlockLists({ documents: store.documents, cachedAccounts });
  const wishes = new ArchiveWishes({ documents: store.documents, cachedAccounts });
  const rosters = new Rosters({ store: store.rosters, cachedAccounts });
  const subscriptions = new Subscriptions({ domain, rosters, blockLists, accountExists, limits });
  const ids = new ArchiveIds(options.node);
  const inbox = new OneInbox({ ...options, sessions, domains, blockLists, wishes, rosters, ids });
  const { lanes } = inbox;
  const presence = new PresenceRouting({
    ...{
      domain,
      accountExists,
      sessions,
      domains,
      presences,
      rosters,
      subscriptions,
      blockLists,
      lanes,
      limits,
      onFault,
    },
  });
  const xmpp = new XmppServer({ ...options, sessions, domains, inbox, presence, blockLists });
  return { xmpp, inbox, presences, subscriptions, rosters, blockLists, ids };
}
