import { type Element, xml } from '../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../protocol/xmpp/jid.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import type { Lanes } from '../messaging/lanes.ts';
import type { MessagingLimits } from '../messaging/limits.ts';
import type { Roster } from '../messaging/rosters.ts';
import type { SubscriptionVerb } from '../messaging/subscription-states.ts';
import type { LocalDomain } from './host.ts';
import { localPart, type PresenceBroadcast, type PresenceBroadcastOptions, unavailable } from './presence-broadcast.ts';
import type { XmppSession } from './session.ts';

export interface PresenceRoutingOptions extends PresenceBroadcastOptions {
  broadcast: PresenceBroadcast;
  accountExists: (name: string) => boolean;
  domains: ReadonlyMap<string, LocalDomain>;
  lanes: Lanes;
  limits: MessagingLimits;
}

/** What the server itself says in everybody's presence (XEP-0398). */
export interface PresenceStamp {
  /** `owner`: a bare address. Never rejects. */
  stamp(presence: Element, owner: string): Element | Promise<Element>;
  /** By what is at hand. */
  peek(presence: Element, owner: string): Element;
}

type PresenceListener = (session: XmppSession, presence: Element | undefined, before: Element | undefined) => void;

/** RFC 6121 sections 3 and 4: presence and subscriptions as clients say them (presence-broadcast.ts: as they hear of it). */
export class PresenceRouting {
  readonly #options: PresenceRoutingOptions;
  readonly #listeners: PresenceListener[] = [];
  #stamp: PresenceStamp = { stamp: (presence) => presence, peek: (presence) => presence };

  constructor(options: PresenceRoutingOptions) {
    this.#options = options;
    options.subscriptions.listen({
      changed: () => {},
      deliver: (owner, presence) => this.#deliverSubscription(owner, presence),
    });
  }

  stampWith(stamp: PresenceStamp): void {
    this.#stamp = stamp;
  }

  /** What is stamped on an account's presence is another now: said again of each of its clients. */
  async restamp(account: string): Promise<void> {
    const { sessions, rosters } = this.#options;
    for (const session of sessions.of(account)) {
      const before = session.presence;
      if (before === undefined) continue;
      const presence = await this.#stamp.stamp(before, session.jid.bare);
      if (presence === before || session.presence !== before) continue;
      this.#announce(session, presence, session.priority, await rosters.of(session.jid.bare));
    }
  }

  onPresence(listener: PresenceListener): void {
    this.#listeners.push(listener);
  }

  /** From a client. Throws, or rejects with, a StanzaError. */
  received(session: XmppSession, presence: Element, to: Jid | undefined): Promise<void> | undefined {
    const { type } = presence.attributes;
    switch (type) {
      case undefined:
      case 'unavailable':
        if (to !== undefined) return this.#directed(session, presence, to);
        return type === undefined ? this.#available(session, presence) : this.#unavailable(session, presence);
      case 'subscribe':
      case 'subscribed':
      case 'unsubscribe':
      case 'unsubscribed':
        return this.#subscription(session, type, presence, to);
      case 'probe':
        return to === undefined ? undefined : this.#probed(session, to);
      case 'error':
        if (to !== undefined) return this.#directed(session, presence, to);
        return undefined;
      default:
        throw new StanzaError('bad-request', 'no such type of presence');
    }
  }

  /** To an address here, from inside the server or from a client (section 8.5). */
  deliver(presence: Element, to: Jid): void {
    if (to.local === undefined) return;
    if (to.resource !== undefined) this.#options.sessions.get(to.full)?.send(presence);
    else
      for (const session of this.#options.sessions.of(to.local))
        if (session.presence !== undefined) session.send(presence);
  }

  /** Its stream is over: what it did not say itself is said for it (section 4.5.2). */
  ended(session: XmppSession): void {
    const gone = unavailable(session.jid.full);
    this.#unavailable(session, gone)?.catch(this.#options.onFault);
  }

  /** Section 4.2 and 4.4. */
  #available(session: XmppSession, received: Element): Promise<void> | undefined {
    const priority = priorityOf(received);
    const roster = this.#roster(session);
    const presence = this.#stamp.stamp(received, session.jid.bare);
    if (!(roster instanceof Promise) && !(presence instanceof Promise))
      return this.#announce(session, presence, priority, roster);
    return new Promise((resolve, reject) => {
      const announce = (ready: [Element, Roster | undefined] | undefined) => {
        if (session.open && ready !== undefined) this.#announce(session, ready[0], priority, ready[1]);
      };
      const ready = Promise.all([presence, roster]);
      this.#options.lanes.pass(session.jid.full, ready, announce, reject).then(resolve, reject);
    });
  }

  #announce(session: XmppSession, presence: Element, priority: number, roster: Roster | undefined): undefined {
    const before = session.presence;
    session.presence = presence;
    session.priority = priority;
    const { account, jid } = session;
    this.#options.presences.set({ account, resource: jid.resource ?? '', presence, source: 'xmpp' });
    this.#options.broadcast.tell(account, presence, roster);
    if (before === undefined) this.#options.broadcast.welcome(session, roster);
    for (const listener of this.#listeners) listener(session, presence, before);
  }

  /** Section 4.5. */
  #unavailable(session: XmppSession, presence: Element): Promise<void> | undefined {
    const before = session.presence;
    if (before === undefined) {
      this.#leaveDirected(session, presence);
      return undefined;
    }
    session.presence = undefined;
    session.priority = 0;
    this.#options.presences.remove(session.account, session.jid.resource ?? '');
    const tell = (roster: Roster | undefined) => {
      this.#options.broadcast.tell(session.account, presence, roster);
      if (this.#options.sessions.get(session.jid.full) === session)
        session.send(presence.with({ to: session.jid.full }));
      this.#leaveDirected(session, presence);
      for (const listener of this.#listeners) listener(session, undefined, before);
    };
    const roster = this.#roster(session);
    // Without its roster, at least to itself and those it told directly.
    if (roster instanceof Promise)
      return this.#options.lanes.pass(session.jid.full, roster, tell, () => tell(undefined));
    tell(roster);
    return undefined;
  }

  /** Section 4.6. */
  #directed(session: XmppSession, presence: Element, to: Jid): Promise<void> | undefined {
    const { domain, domains, limits, rosters } = this.#options;
    const { type } = presence.attributes;
    const here = to.domain === domain;
    const handler = domains.get(to.domain);
    if (!here && handler === undefined) throw new StanzaError('remote-server-not-found');
    const subscription = rosters.peek(session.jid.bare)?.get(to.bare)?.subscription;
    const told = here && session.presence !== undefined && (subscription === 'from' || subscription === 'both');
    if (type === undefined && !told) {
      session.directed ??= new Set();
      if (!session.directed.has(to.full) && session.directed.size >= limits.directedPresences)
        throw new StanzaError('resource-constraint', 'presence was sent to too many directly');
      session.directed.add(to.full);
    } else if (type === 'unavailable') session.directed?.delete(to.full);
    if (type === undefined) presence = this.#stamp.peek(presence, session.jid.bare);
    if (here) this.deliver(presence, to);
    else {
      const waits = handler?.receive(presence, session.jid, to, session);
      if (waits instanceof Promise) return waits;
    }
    return undefined;
  }

  #leaveDirected(session: XmppSession, presence: Element): void {
    const directed = session.directed;
    session.directed = undefined;
    for (const address of directed ?? []) {
      const to = parseJid(address);
      if (to === undefined) continue;
      const stanza = presence.with({ to: address });
      if (to.domain === this.#options.domain) this.deliver(stanza, to);
      else
        Promise.resolve(this.#options.domains.get(to.domain)?.receive(stanza, session.jid, to, session)).catch(
          this.#options.onFault,
        );
    }
  }

  /** Section 3: between bare addresses, whatever the client wrote. */
  #subscription(
    session: XmppSession,
    verb: SubscriptionVerb,
    presence: Element,
    to: Jid | undefined,
  ): Promise<void> | undefined {
    const { domain, accountExists, subscriptions } = this.#options;
    if (to === undefined) throw new StanzaError('bad-request', 'whose presence?');
    if (!accountExists(session.account)) throw new StanzaError('not-allowed', 'a guest has no contacts');
    if (to.local === undefined) throw new StanzaError('not-allowed', 'only people have presence here');
    if (to.domain !== domain)
      throw new StanzaError(this.#options.domains.has(to.domain) ? 'service-unavailable' : 'remote-server-not-found');
    const { bare } = session.jid;
    return subscriptions.submit(verb, bare, to.bare, presence.with({ from: bare, to: to.bare }));
  }

  #deliverSubscription(owner: string, presence: Element): void {
    const account = localPart(owner, this.#options.domain);
    if (account === undefined) return;
    for (const session of this.#options.sessions.of(account))
      if (session.presence !== undefined) session.send(presence.with({ to: session.jid.full }));
  }

  /** Section 4.3.2. */
  async #probed(session: XmppSession, to: Jid): Promise<void> {
    const { domain, subscriptions, presences, accountExists } = this.#options;
    if (to.local === undefined || to.domain !== domain) return;
    const may = accountExists(to.local) && (await subscriptions.mayWatch(to.local, session.jid.bare)) === 'yes';
    const address = { to: session.jid.full };
    if (!may) return session.send(xml('presence', NS.CLIENT, { ...address, from: to.bare, type: 'unsubscribed' }));
    let any = false;
    for (const { presence } of presences.of(to.local)) {
      any = true;
      session.send(presence.with(address));
    }
    if (!any) session.send(unavailable(to.bare).with(address));
  }

  /** With its block list at hand: whom presence is shown is looked up in both. */
  #roster(session: XmppSession): Roster | Promise<Roster> | undefined {
    const { accountExists, rosters, blockLists } = this.#options;
    if (!accountExists(session.account)) return undefined;
    const roster = rosters.of(session.jid.bare);
    const list = blockLists.of(session.jid.bare);
    if (!(roster instanceof Promise || list instanceof Promise)) return roster;
    return Promise.all([roster, list]).then(([known]) => known);
  }
}

/** Section 4.7.2.3. */
function priorityOf(presence: Element): number {
  const text = presence.childText('priority')?.trim();
  if (text === undefined || text === '') return 0;
  const priority = Number(text);
  if (!/^[+-]?\d{1,3}$/.test(text) || priority < -128 || priority > 127)
    throw new StanzaError('bad-request', 'a priority is a number from -128 to 127');
  return priority;
}
