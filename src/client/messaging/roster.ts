import { type XmlElement, xml } from '@xmpp/client';
import { Emitter } from '../emitter.ts';
import { addressIn, bareOf, resourceOf } from './address.ts';
import { NS } from './namespaces.ts';
import type { XmppConnection } from './xmpp-connection.ts';

export type Show = 'chat' | 'available' | 'away' | 'xa' | 'dnd';

export interface Presence {
  show: Show;
  status: string | undefined;
}

export interface Contact {
  address: string;
  name: string | undefined;
  groups: readonly string[];
  /** `to`: we see them, `from`: they see us. */
  subscription: 'none' | 'to' | 'from' | 'both';
  /** We have asked and wait. */
  asked: boolean;
  /** The most available of their devices; undefined: offline, or not for us to see. */
  presence: Presence | undefined;
}

export interface RosterEvents {
  /** The whole list, after any change of it or of a contact's presence. */
  change: readonly Contact[];
  /** Somebody asks to see our presence: `approve` or `deny` answers. */
  request: { address: string };
}

const RANK: Record<Show, number> = { chat: 4, available: 3, dnd: 2, away: 1, xa: 0 };

/** Our contacts and who of them is there (RFC 6121). */
export class Roster extends Emitter<RosterEvents> {
  readonly #connection: XmppConnection;
  readonly #contacts = new Map<string, Contact>();
  /** By bare address, then device. */
  readonly #presences = new Map<string, Map<string, Presence & { priority: number }>>();
  readonly #domain: () => string;

  constructor(connection: XmppConnection, domain: () => string) {
    super();
    this.#connection = connection;
    this.#domain = domain;
  }

  get contacts(): readonly Contact[] {
    return [...this.#contacts.values()];
  }

  contact(target: string): Contact | undefined {
    return this.#contacts.get(addressIn(this.#domain(), target));
  }

  /** Adds a contact and asks to see their presence (RFC 6121 section 3.1). */
  async add(target: string, name?: string, groups: readonly string[] = []): Promise<void> {
    const jid = addressIn(this.#domain(), target);
    await this.#set(xml('item', { jid, name }, ...groups.map((group) => xml('group', {}, group))));
    await this.#connection.send(xml('presence', { to: jid, type: 'subscribe' }));
  }

  /** Name and groups; the subscription is left as it is. */
  async update(target: string, name: string | undefined, groups: readonly string[] = []): Promise<void> {
    const jid = addressIn(this.#domain(), target);
    await this.#set(xml('item', { jid, name }, ...groups.map((group) => xml('group', {}, group))));
  }

  /** Ends the subscription both ways. */
  async remove(target: string): Promise<void> {
    await this.#set(xml('item', { jid: addressIn(this.#domain(), target), subscription: 'remove' }));
  }

  /** Lets somebody see our presence, and asks to see theirs. */
  async approve(target: string): Promise<void> {
    const to = addressIn(this.#domain(), target);
    await this.#connection.send(xml('presence', { to, type: 'subscribed' }));
    const contact = this.#contacts.get(to);
    if (contact === undefined || contact.subscription === 'none' || contact.subscription === 'from')
      await this.#connection.send(xml('presence', { to, type: 'subscribe' }));
  }

  async deny(target: string): Promise<void> {
    await this.#connection.send(xml('presence', { to: addressIn(this.#domain(), target), type: 'unsubscribed' }));
  }

  /** After a new session: the list as the server has it. */
  async fetch(): Promise<void> {
    const result = await this.#connection.request(xml('iq', { type: 'get' }, xml('query', { xmlns: NS.ROSTER })));
    this.#contacts.clear();
    this.#presences.clear();
    for (const item of result.getChild('query', NS.ROSTER)?.getChildren('item') ?? []) this.#take(item);
    this.emit('change', this.contacts);
  }

  /** A push (RFC 6121 section 2.1.6): only our own account may send one. The answer, where it was one. */
  receiveIq(iq: XmlElement, self: string): XmlElement | undefined {
    const query = iq.attrs['type'] === 'set' ? iq.getChild('query', NS.ROSTER) : undefined;
    if (query === undefined) return undefined;
    if ((iq.attrs['from'] ?? self) !== self) return undefined;
    for (const item of query.getChildren('item')) this.#take(item);
    this.emit('change', this.contacts);
    return xml('iq', { type: 'result', id: iq.attrs['id'] });
  }

  receivePresence(presence: XmlElement): void {
    const from = presence.attrs['from'] ?? '';
    const type = presence.attrs['type'];
    const address = bareOf(from);
    if (type === 'subscribe') this.emit('request', { address });
    if (type !== undefined && type !== 'unavailable') return;
    const devices = this.#presences.get(address) ?? new Map();
    if (type === 'unavailable') devices.delete(resourceOf(from) ?? '');
    else devices.set(resourceOf(from) ?? '', readPresence(presence));
    if (devices.size > 0) this.#presences.set(address, devices);
    else this.#presences.delete(address);
    const contact = this.#contacts.get(address);
    if (contact === undefined) return;
    this.#contacts.set(address, { ...contact, presence: this.#best(address) });
    this.emit('change', this.contacts);
  }

  #take(item: XmlElement): void {
    const address = item.attrs['jid'];
    if (address === undefined) return;
    const subscription = item.attrs['subscription'] ?? 'none';
    if (subscription === 'remove') return void this.#contacts.delete(address);
    this.#contacts.set(address, {
      address,
      name: item.attrs['name'],
      groups: item.getChildren('group').map((group) => group.text()),
      subscription: subscription as Contact['subscription'],
      asked: item.attrs['ask'] === 'subscribe',
      presence: this.#best(address),
    });
  }

  #best(address: string): Presence | undefined {
    let best: (Presence & { priority: number }) | undefined;
    for (const presence of this.#presences.get(address)?.values() ?? [])
      if (best === undefined || RANK[presence.show] > RANK[best.show]) best = presence;
    return best && { show: best.show, status: best.status };
  }

  async #set(item: XmlElement): Promise<void> {
    await this.#connection.request(xml('iq', { type: 'set' }, xml('query', { xmlns: NS.ROSTER }, item)));
  }
}

export function readPresence(presence: XmlElement): Presence & { priority: number } {
  const show = presence.getChildText('show');
  return {
    show: show !== null && Object.hasOwn(RANK, show) ? (show as Show) : 'available',
    status: presence.getChildText('status') ?? undefined,
    priority: Number(presence.getChildText('priority') ?? 0) || 0,
  };
}
