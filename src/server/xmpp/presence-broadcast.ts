import { type Element, xml } from '../../protocol/xmpp/element.ts';
import { Jid, parseJid } from '../../protocol/xmpp/jid.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { type BlockList, type BlockLists, blocks } from '../messaging/block-lists.ts';
import type { Presences } from '../messaging/presences.ts';
import type { Roster, Rosters } from '../messaging/rosters.ts';
import { parseStored } from '../messaging/stored-stanza.ts';
import type { Subscriptions } from '../messaging/subscriptions.ts';
import type { XmppSession } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface PresenceBroadcastOptions {
  domain: string;
  sessions: Sessions;
  presences: Presences;
  rosters: Rosters;
  subscriptions: Subscriptions;
  blockLists: BlockLists;
  onFault: (error: unknown) => void;
}

/** RFC 6121 section 4: what XMPP's clients hear of presence, whichever protocol it came by, and whose they may. */
export class PresenceBroadcast {
  readonly #options: PresenceBroadcastOptions;
  /** Full addresses of what is available by another protocol. */
  readonly #foreign = new Set<string>();

  constructor(options: PresenceBroadcastOptions) {
    this.#options = options;
    options.subscriptions.onChange((account, watcher, allowed) => this.#permitted(account, watcher, allowed));
    options.presences.listen((account, resource, presence) => {
      const full = `${this.#owner(account)}/${resource}`;
      if (presence?.source === 'sip') {
        this.#foreign.add(full);
        this.#tellForeign(account, presence.presence);
      } else if (presence === undefined && this.#foreign.delete(full)) this.#tellForeign(account, unavailable(full));
    });
  }

  /** Sections 4.2.2, 4.4.2 and 4.5.2: to the account's own available resources, and to whoever may see it. */
  tell(account: string, presence: Element, roster: Roster | undefined): void {
    const { sessions, domain, blockLists } = this.#options;
    const owner = this.#owner(account);
    const blocked = blockLists.peek(owner);
    const from = parseJid(presence.attributes['from'] ?? '') ?? new Jid(account, domain);
    for (const session of sessions.of(account))
      if (session.presence !== undefined) session.send(presence.with({ to: session.jid.full }));
    for (const item of roster?.items ?? []) {
      if (item.subscription !== 'from' && item.subscription !== 'both') continue;
      const contact = localPart(item.jid, domain);
      if (contact === undefined || blocks(blockLists.peek(item.jid), from)) continue;
      for (const session of sessions.of(contact))
        if (session.presence !== undefined && !blocks(blocked, session.jid))
          session.send(presence.with({ to: session.jid.full }));
    }
  }

  #tellForeign(account: string, presence: Element): void {
    const { rosters, blockLists, onFault } = this.#options;
    const owner = this.#owner(account);
    Promise.all([rosters.of(owner), blockLists.of(owner)])
      .then(([roster]) => this.tell(account, presence, roster))
      .catch(onFault);
  }

  /** Section 4.3: whom it may see; section 3.1.3: who has asked meanwhile. */
  welcome(session: XmppSession, roster: Roster | undefined): void {
    const { presences, domain, blockLists, rosters } = this.#options;
    const { full, bare } = session.jid;
    for (const { resource, presence } of presences.of(session.account))
      if (resource !== session.jid.resource) session.send(presence.with({ to: full }));
    const own = blockLists.peek(bare);
    for (const item of roster?.items ?? []) {
      if (item.pendingIn !== undefined) session.send(parseStored(item.pendingIn).with({ to: full }));
      if (item.subscription !== 'to' && item.subscription !== 'both') continue;
      const contact = localPart(item.jid, domain);
      if (contact === undefined) continue;
      const theirs = rosters.peek(item.jid)?.get(bare);
      if (theirs !== undefined && theirs.subscription !== 'from' && theirs.subscription !== 'both') continue;
      this.#showContact(session, own, contact, item.jid);
    }
  }

  #showContact(session: XmppSession, own: BlockList, contact: string, address: string): void {
    const { presences, blockLists, onFault } = this.#options;
    const show = (list: BlockList) => {
      if (blocks(list, session.jid)) return;
      for (const { resource, presence } of presences.of(contact))
        if (!blocks(own, new Jid(contact, session.jid.domain, resource)))
          session.send(presence.with({ to: session.jid.full }));
    };
    for (const _ of presences.of(contact)) {
      // Of somebody who is here by a phone alone the list may not be at hand.
      const list = blockLists.of(address);
      if (list instanceof Promise) list.then(show).catch(onFault);
      else show(list);
      return;
    }
  }

  /** XEP-0191 section 3.3: the account goes, in the eyes of those it has blocked. Before they are on its list. */
  hide(account: Jid, addresses: readonly Jid[]): void {
    this.#show(account, addresses, (full) => unavailable(full));
  }

  /** Section 3.4: it comes again for those who may see it. After they are off its list. */
  show(account: Jid, addresses: readonly Jid[]): void {
    this.#show(account, addresses, (_, presence) => presence);
  }

  #show(account: Jid, addresses: readonly Jid[], what: (full: string, presence: Element) => Element): void {
    const { presences, rosters, sessions, domain, blockLists } = this.#options;
    const list = new Set(addresses.map(({ full }) => full));
    for (const item of rosters.peek(account.bare)?.items ?? []) {
      if (item.subscription !== 'from' && item.subscription !== 'both') continue;
      const contact = localPart(item.jid, domain);
      if (contact === undefined || blocks(blockLists.peek(item.jid), account)) continue;
      for (const session of sessions.of(contact)) {
        if (session.presence === undefined || !blocks(list, session.jid)) continue;
        for (const { resource, presence } of presences.of(account.local ?? ''))
          session.send(what(`${account.bare}/${resource}`, presence).with({ to: session.jid.full }));
      }
    }
  }

  /** Sections 3.1.5 and 3.2.2: presence begins, or ends, for somebody. */
  #permitted(account: string, watcher: string, allowed: boolean): void {
    const { presences, sessions, domain, blockLists } = this.#options;
    const blocked = blockLists.peek(this.#owner(account));
    const name = localPart(watcher, domain);
    if (name === undefined) return;
    for (const { presence } of presences.of(account)) {
      const seen = allowed ? presence : unavailable(presence.attributes['from']);
      for (const session of sessions.of(name))
        if (session.presence !== undefined && !(allowed && blocks(blocked, session.jid)))
          session.send(seen.with({ to: session.jid.full }));
    }
  }

  #owner(account: string): string {
    return `${account}@${this.#options.domain}`;
  }
}

export function unavailable(from: string | undefined): Element {
  return xml('presence', NS.CLIENT, { from, type: 'unavailable' });
}

/** The account of a bare address here. */
export function localPart(bare: string, domain: string): string | undefined {
  const at = bare.indexOf('@');
  return at > 0 && bare.slice(at + 1) === domain ? bare.slice(0, at) : undefined;
}
