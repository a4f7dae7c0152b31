// An XMPP user for tests: @xmpp/client over WebSocket, which shares no code with the server.
import { randomUUID } from 'node:crypto';
import { client, type Entity, type XmlElement, xml } from '@xmpp/client';

export class XmppUser {
  readonly name: string;
  /** Bare address. */
  readonly address: string;
  /** Stanzas that came, the oldest first. */
  readonly received: XmlElement[] = [];
  readonly #entity: Entity;
  readonly #waiting = new Set<() => void>();

  private constructor(name: string, domain: string, entity: Entity) {
    this.name = name;
    this.address = `${name}@${domain}`;
    this.#entity = entity;
    entity.on('stanza', (stanza: XmlElement) => {
      this.received.push(stanza);
      for (const check of [...this.#waiting]) check();
    });
    entity.on('error', () => {});
  }

  /** Signs in and, unless told otherwise, is available. */
  static async signIn(options: {
    ws: string;
    name: string;
    domain?: string;
    password?: string;
    available?: boolean;
  }): Promise<XmppUser> {
    const { ws, name, domain = 'example.test', password = `${name}-password`, available = true } = options;
    const entity = client({
      service: ws,
      domain,
      resource: 'test',
      credentials: (authenticate, mechanisms) => authenticate({ username: name, password }, mechanisms[0] as string),
    });
    const user = new XmppUser(name, domain, entity);
    await (entity as unknown as { start(): Promise<unknown> }).start();
    if (available) {
      user.send(xml('presence'));
      await user.next((stanza) => stanza.is('presence') && stanza.attrs['from'] === user.fullAddress);
    }
    return user;
  }

  get fullAddress(): string {
    return String(this.#entity.jid);
  }

  send(stanza: XmlElement): void {
    void this.#entity.send(stanza);
  }

  /** A chat message; its id. */
  say(to: string, text: string, ...more: XmlElement[]): string {
    const id = randomUUID();
    this.send(xml('message', { to, id, type: 'chat' }, xml('body', {}, text), ...more));
    return id;
  }

  /** Lets another XMPP user, or a SIP watcher, see this one, whether asked already or not. */
  approve(watcher: string): void {
    this.send(xml('presence', { to: watcher, type: 'subscribed' }));
  }

  askToSee(contact: string): void {
    this.send(xml('presence', { to: contact, type: 'subscribe' }));
  }

  /** The first stanza from position `from` on that matches. */
  next(match: (stanza: XmlElement) => boolean, from = 0, timeout = 10_000): Promise<XmlElement> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(check);
      };
      const check = () => {
        const found = this.received.slice(from).find(match);
        if (found === undefined) return;
        done();
        resolve(found);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`nothing like that came to ${this.address}:\n${this.received.slice(from).join('\n')}`));
      }, timeout);
      this.#waiting.add(check);
      check();
    });
  }

  /** The message with that body. */
  message(body: string, from = 0): Promise<XmlElement> {
    return this.next((stanza) => stanza.is('message') && stanza.getChildText('body') === body, from);
  }

  /** How often that body has come, by now. */
  count(body: string): number {
    return this.received.filter((stanza) => stanza.is('message') && stanza.getChildText('body') === body).length;
  }

  /** Its archive (XEP-0313): the bodies, the oldest first. */
  async archive(): Promise<string[]> {
    const at = this.received.length;
    const iq = xml('iq', { type: 'set', id: randomUUID() }, xml('query', { xmlns: 'urn:xmpp:mam:2' }));
    await this.#entity.iqCaller.request(iq, 10_000);
    return this.received.slice(at).flatMap((stanza) => {
      const forwarded = stanza.getChild('result', 'urn:xmpp:mam:2')?.getChild('forwarded', 'urn:xmpp:forward:0');
      return forwarded?.getChild('message')?.getChildText('body') ?? [];
    });
  }

  async close(): Promise<void> {
    this.#entity.reconnect.stop();
    await this.#entity.stop();
  }
}
