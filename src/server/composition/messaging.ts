// Messages and presence, whatever protocol they come by: the inbox, the rosters, and XMPP's routing over them.

import { randomInt } from 'node:crypto';
import type { Primitives } from '../../protocol/primitives.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { ArchiveIds } from '../../storage/archive-id.ts';
import type { MessagingStore } from '../../storage/messaging.ts';
import { type Clock, nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { ArchiveWishes } from '../messaging/archive-preferences.ts';
import { BlockLists } from '../messaging/block-lists.ts';
import type { MessagingLimits } from '../messaging/limits.ts';
import { OneInbox } from '../messaging/one-inbox.ts';
import { Presences } from '../messaging/presences.ts';
import { Retention } from '../messaging/retention.ts';
import { Rosters } from '../messaging/rosters.ts';
import { Subscriptions } from '../messaging/subscriptions.ts';
import type { LocalDomain } from '../xmpp/host.ts';
import { serveArchive } from '../xmpp/modules/archive.ts';
import { serveBlockList } from '../xmpp/modules/blocking.ts';
import { switchCarbons } from '../xmpp/modules/carbons.ts';
import { serveDiscovery } from '../xmpp/modules/disco.ts';
import { tellTime } from '../xmpp/modules/entity-time.ts';
import { tellLastActivity } from '../xmpp/modules/last-activity.ts';
import { answerPings } from '../xmpp/modules/ping.ts';
import { keepPrivateXml } from '../xmpp/modules/private-storage.ts';
import { Push } from '../xmpp/modules/push.ts';
import { serveRoster } from '../xmpp/modules/roster.ts';
import { tellVersion } from '../xmpp/modules/software-version.ts';
import { keepVcards } from '../xmpp/modules/vcard.ts';
import { Avatars } from '../xmpp/pep/avatars.ts';
import type { PepLimits } from '../xmpp/pep/limits.ts';
import { describeNode, listNodes } from '../xmpp/pep/node-discovery.ts';
import { Pep } from '../xmpp/pep/pep.ts';
import { PhotoHashes } from '../xmpp/pep/photo-hashes.ts';
import { serveVcard4 } from '../xmpp/pep/vcard4.ts';
import { PresenceBroadcast } from '../xmpp/presence-broadcast.ts';
import { PresenceRouting } from '../xmpp/presence-routing.ts';
import type { XmppSession } from '../xmpp/session.ts';
import { Sessions } from '../xmpp/sessions.ts';
import { XmppServer } from '../xmpp/xmpp-server.ts';

import type { Foundation } from './foundation.ts';

export interface MessagingOptions {
  domain: string;
  version: string;
  accountExists: (name: string) => boolean;
  store: MessagingStore;
  limits: MessagingLimits;
  pep: PepLimits;
  primitives: Pick<Primitives, 'hash' | 'random'>;
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
  /** Messages that wait for an account. */
  waiting(account: string): Promise<number>;
  /** Ends an account's sessions, and what is held of it in memory is read anew. */
  forget(account: string): void;
}

export function composeMessaging(foundation: Foundation): MessagingPart {
  const { configuration, folder, log, version, closers, wallClock } = foundation;
  const { messaging: store } = folder.store;
  const onFault = (error: unknown) =>
    log.error({ error: (error as Error)?.stack ?? String(error) }, 'fault in messaging');
  const retention = new Retention({
    archive: store.archive,
    keep: () => foundation.current.messages.keep,
    clock: nativeClock,
    wallClock,
    onExpired: (messages) => log.info({ messages }, 'archives expired'),
    onFault,
  });
  closers.push(() => retention.close());
  return createMessaging({
    ...{ domain: configuration.domain, version, store, primitives, wallClock, onFault },
    accountExists: (name) => folder.accounts.exists(name),
    limits: configuration.limits.messaging,
    pep: configuration.limits.pep,
    clock: nativeClock,
    node: Array.from({ length: 4 }, () => randomInt(32).toString(32)).join(''),
  });
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
  const seen = { domain, sessions, presences, rosters, subscriptions, blockLists, onFault };
  const broadcast = new PresenceBroadcast(seen);
  const presence = new PresenceRouting({ ...seen, broadcast, accountExists, domains, lanes, limits });
  const xmpp = new XmppServer({ ...options, sessions, domains, inbox, presence, blockLists });

  const watchers = subscriptions;
  const { documents } = store;
  const { wallClock } = options;
  serveRoster(xmpp, { rosters, subscriptions, limits });
  const pep = new Pep(xmpp, { ...options, watchers, limits: options.pep });
  const avatars = new Avatars({ host: xmpp, pep, documents, pubsub: store.pubsub });
  const photos = new PhotoHashes(pep.nodes, store.pubsub);
  presence.stampWith(photos);
  avatars.onChange((owner, account) => {
    photos.forget(owner);
    presence.restamp(account).catch(onFault);
  });
  xmpp.handleIq('account', 'query', NS.DISCO_ITEMS, (request) => listNodes(pep, watchers, request));
  serveVcard4(xmpp, pep, store.pubsub);
  serveDiscovery(xmpp, {
    ...{ watchers, primitives: options.primitives },
    nodeInfo: (request, node) => describeNode(pep, request, node),
  });
  serveBlockList(xmpp, { blockLists, presence: broadcast, limits });
  switchCarbons(xmpp);
  keepPrivateXml(xmpp, documents, limits);
  keepVcards(xmpp, documents, limits, (owner, card) => avatars.cardSet(owner, card));
  answerPings(xmpp);
  tellTime(xmpp, wallClock);
  tellVersion(xmpp, options.version);
  tellLastActivity(xmpp, { documents, watchers, wallClock, onFault });

  const push = new Push(xmpp, { documents, limits, waits: (owner) => store.offline.any(owner), onFault });
  inbox.onWaiting((account) => push.changed(account));
  xmpp.onHeldBack(({ account }) => push.heldBack(account));

  // XEP-0160: what waited comes with the first presence that takes messages; not what such a client reads from its archive.
  serveArchive(xmpp, { archive: store.archive, wishes, limits, onRead: (session, id) => inbox.hasRead(session, id) });
  xmpp.addFeature('server', 'msgoffline');
  const taking = new WeakSet<XmppSession>();
  xmpp.onPresence((session, present) => {
    if (present === undefined || session.priority < 0) taking.delete(session);
    else if (!taking.has(session)) {
      taking.add(session);
      inbox.available(session);
    }
  });
  xmpp.onSession((session, what) => {
    if (what === 'resumed' && taking.has(session)) inbox.available(session);
  });
  const forget = (account: string) => {
    for (const session of [...sessions.of(account)]) session.end('reset');
    for (const held of [rosters, blockLists, wishes, pep.nodes, photos]) held.forget(`${account}@${domain}`);
  };
  const waiting = async (account: string) => (await store.offline.list(`${account}@${domain}`)).length;
  return { xmpp, inbox, presences, subscriptions, rosters, blockLists, ids, waiting, forget };
}
