import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { PubsubItem, PubsubStore } from '../../../storage/messaging.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import type { XmppHost } from '../host.ts';
import type { XmppSession } from '../session.ts';
import { mayRead } from './access.ts';
import { interestsOf, wants } from './interests.ts';
import type { NodeConfiguration } from './node-configuration.ts';
import type { PepNodes } from './nodes.ts';

export interface NotificationsOptions {
  host: Pick<XmppHost, 'domain' | 'sessions'>;
  watchers: Watchers;
  nodes: PepNodes;
  store: PubsubStore;
}

/** XEP-0163 section 4.3: to the owner's own clients and to his subscribers', each where it wants to hear of that node. */
export class Notifications {
  readonly #options: NotificationsOptions;

  constructor(options: NotificationsOptions) {
    this.#options = options;
  }

  /** `content` goes into `<event/>`. */
  async tell(account: string, node: string, configuration: NodeConfiguration, content: Element): Promise<void> {
    const { host, watchers } = this.#options;
    const owner = `${account}@${host.domain}`;
    const message = event(owner, content);
    const send = (name: string) => {
      for (const session of host.sessions(name))
        if (session.presence !== undefined && wants(session, node))
          session.send(message.with({ to: session.jid.full }));
    };
    send(account);
    if (configuration.accessModel === 'whitelist') return;
    for (const { jid, subscription } of await watchers.contacts(account)) {
      if (subscription !== 'from' && subscription !== 'both') continue;
      const contact = accountOf(jid, host.domain);
      if (contact === undefined || !this.#wanted(contact, node)) continue;
      if (await watchers.isBlocked(contact, owner)) continue; // XEP-0191 section 3.3
      if (await mayRead(configuration, { account, owner, reader: jid }, watchers)) send(contact);
    }
  }

  /** The last item of each node that a client wants to hear of, its own account's and those of whom it sees. */
  async catchUp(session: XmppSession): Promise<void> {
    const { host, watchers } = this.#options;
    const interests = new Set(interestsOf(session));
    if (interests.size === 0) return;
    await this.#sendLast(session, session.account, interests);
    for (const { jid, subscription } of await watchers.contacts(session.account)) {
      if (subscription !== 'to' && subscription !== 'both') continue;
      const contact = accountOf(jid, host.domain);
      if (contact === undefined || (await watchers.isBlocked(session.account, jid))) continue;
      await this.#sendLast(session, contact, interests);
    }
  }

  /** The same of one account, to somebody who may see it from now on: a bare address. */
  async permitted(account: string, watcher: string): Promise<void> {
    const { host, watchers } = this.#options;
    const name = accountOf(watcher, host.domain);
    if (name === undefined || (await watchers.isBlocked(name, `${account}@${host.domain}`))) return;
    for (const session of [...host.sessions(name)]) {
      const interests = new Set(interestsOf(session));
      if (interests.size > 0) await this.#sendLast(session, account, interests);
    }
  }

  async #sendLast(session: XmppSession, account: string, interests: ReadonlySet<string>): Promise<void> {
    const { host, watchers, nodes, store } = this.#options;
    const owner = `${account}@${host.domain}`;
    for (const [node, configuration] of await nodes.of(owner)) {
      if (!interests.has(node) || configuration.sendLast !== 'on_sub_and_presence' || !configuration.persistItems)
        continue;
      if (!(await mayRead(configuration, { account, owner, reader: session.jid.bare }, watchers))) continue;
      const [item] = await store.items(owner, node, 1);
      if (item === undefined || session.presence === undefined) continue;
      session.send(event(owner, itemsElement(node, [item])).with({ to: session.jid.full }));
    }
  }

  #wanted(account: string, node: string): boolean {
    for (const session of this.#options.host.sessions(account)) if (wants(session, node)) return true;
    return false;
  }
}

export function itemsElement(
  node: string,
  items: readonly Pick<PubsubItem, 'id' | 'payload'>[],
  namespace: string = NS.PUBSUB_EVENT,
): Element {
  const elements = items.map(({ id, payload }) =>
    xml('item', namespace, { id }, payload === '' ? undefined : parseStored(payload)),
  );
  return xml('items', namespace, { node }, ...elements);
}

function event(owner: string, content: Element): Element {
  return xml('message', NS.CLIENT, { from: owner, type: 'headline' }, xml('event', NS.PUBSUB_EVENT, {}, content));
}

function accountOf(jid: string, domain: string): string | undefined {
  const at = jid.indexOf('@');
  return at > 0 && jid.slice(at + 1) === domain ? jid.slice(0, at) : undefined;
}
