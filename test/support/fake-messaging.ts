// Messaging as SIP sees it, with nobody but phones and a hand that plays the XMPP side.
import { delay } from '../../src/protocol/xmpp/delay.ts';
import { type Element, xml } from '../../src/protocol/xmpp/element.ts';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../src/protocol/xmpp/stanza-error.ts';
import type { Inbox, MessageDevices, MessageOrigin } from '../../src/server/messaging/inbox.ts';
import { Presences } from '../../src/server/messaging/presences.ts';
import type { Watchers } from '../../src/server/messaging/watchers.ts';
import type { MessagingPorts } from '../../src/server/sip/messaging/ports.ts';
import type { RosterItem } from '../../src/storage/messaging.ts';

const DOMAIN = 'example.test';
const WAITED_SINCE = Date.UTC(2026, 0, 1);

export class FakeMessaging implements MessagingPorts, Inbox {
  readonly presences = new Presences();
  readonly inbox: Inbox = this;
  readonly watchers: FakeWatchers = new FakeWatchers();
  /** What came from phones. */
  readonly submitted: Element[] = [];
  readonly stored = new Map<string, Element[]>();
  readonly #blockListeners: Array<(account: string) => void> = [];
  #devices: MessageDevices | undefined;

  addDevices(devices: MessageDevices): void {
    this.#devices = devices;
  }

  async submit(message: Element, origin: MessageOrigin): Promise<'delivered' | 'stored' | 'dropped'> {
    if (origin.protocol === 'sip') this.submitted.push(message);
    const account = message.attributes['to']!.split('@')[0]!;
    if (this.watchers.blocked.has(message.attributes['from']!)) throw new StanzaError('service-unavailable');
    const except = origin.protocol === 'sip' ? origin.device : undefined;
    if (this.#devices?.reachable(account) && (await this.#devices.deliver(account, message, except)) > 0)
      return 'delivered';
    if (message.child('body') === undefined) return 'dropped';
    this.stored.set(account, [...(this.stored.get(account) ?? []), message]);
    return 'stored';
  }

  arrived(account: string, devices: MessageDevices): void {
    void this.#deliverStored(account, devices);
  }

  async #deliverStored(account: string, devices: MessageDevices): Promise<void> {
    const waiting = this.stored.get(account) ?? [];
    while (waiting.length > 0) {
      if ((await devices.deliver(account, waiting[0]!.adding(delay(DOMAIN, WAITED_SINCE)))) === 0) return;
      waiting.shift();
    }
  }

  onBlock(listener: (account: string) => void): void {
    this.#blockListeners.push(listener);
  }

  block(account: string, address: string): void {
    this.watchers.blocked.add(address);
    for (const listener of this.#blockListeners) listener(account);
  }

  waiting(account: string): Promise<number> {
    return Promise.resolve(this.stored.get(account)?.length ?? 0);
  }

  /** From an XMPP client. `more`: children as XML names with a namespace, `active http://jabber.org/protocol/chatstates`. */
  send(from: string, to: string, body: string, more: readonly string[]): void {
    const children = more.map((text) => {
      const [name = '', namespace = '', id] = text.split(' ');
      return xml(name, namespace, id === undefined ? {} : { id });
    });
    const message = xml(
      'message',
      NS.CLIENT,
      { type: 'chat', id: 'm1', from: `${from}@${DOMAIN}/laptop`, to: `${to}@${DOMAIN}` },
      body === '' ? undefined : xml('body', NS.CLIENT, {}, body),
      ...children,
    );
    void this.submit(message, { protocol: 'internal' });
  }

  copy(from: string, to: string, body: string): void {
    const attributes = { type: 'chat', id: 'm2', from: `${from}@${DOMAIN}/laptop`, to: `${to}@${DOMAIN}` };
    void this.#devices?.deliver(from, xml('message', NS.CLIENT, attributes, xml('body', NS.CLIENT, {}, body)));
  }

  allow(account: string, watcher: string, answer: 'yes' | 'pending' | 'no'): void {
    this.watchers.set(account, `${watcher}@${DOMAIN}`, answer);
  }
}

export class FakeWatchers implements Watchers {
  readonly blocked = new Set<string>();
  readonly asked: string[] = [];
  readonly #answers = new Map<string, 'yes' | 'pending' | 'no'>();
  readonly #listeners: Array<(account: string, watcher: string, allowed: boolean) => void> = [];

  set(account: string, watcher: string, answer: 'yes' | 'pending' | 'no'): void {
    this.#answers.set(`${account} ${watcher}`, answer);
    for (const listener of this.#listeners) listener(account, watcher, answer === 'yes');
  }

  mayWatch(account: string, watcher: string): Promise<'yes' | 'pending' | 'no'> {
    return Promise.resolve(this.#answers.get(`${account} ${watcher}`) ?? 'no');
  }

  ask(account: string, watcher: string): Promise<void> {
    this.asked.push(`${account} ${watcher}`);
    const key = `${account} ${watcher}`;
    if (!this.#answers.has(key)) this.#answers.set(key, 'pending');
    return Promise.resolve();
  }

  isBlocked(_account: string, address: string): Promise<boolean> {
    return Promise.resolve(this.blocked.has(address));
  }

  contacts(account: string): Promise<RosterItem[]> {
    const items: RosterItem[] = [];
    for (const [key, answer] of this.#answers) {
      const [contact, watcher] = key.split(' ');
      if (watcher !== `${account}@${DOMAIN}`) continue;
      const subscription = answer === 'yes' ? 'to' : 'none';
      items.push({
        jid: `${contact}@${DOMAIN}`,
        subscription,
        pendingOut: answer === 'pending',
        approved: false,
        groups: [],
        listed: true,
        version: 1,
      });
    }
    return Promise.resolve(items);
  }

  onChange(listener: (account: string, watcher: string, allowed: boolean) => void): void {
    this.#listeners.push(listener);
  }
}
