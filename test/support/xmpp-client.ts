// An XMPP client over TCP that a test drives stanza by stanza (RFC 6120, XEP-0198). On loopback, so without TLS.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Element } from '../../src/protocol/xmpp/element.ts';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { StreamTokenizer } from '../../src/protocol/xmpp/tokenizer.ts';

export interface XmppLogin {
  host: string;
  port: number;
  domain: string;
  name: string;
  password: string;
  resource?: string;
}

export class XmppClient {
  readonly received: Element[] = [];
  /** Full address. */
  jid = '';
  readonly #socket: Socket;
  #tokenizer = new StreamTokenizer();
  #restarts = false;
  #open = true;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text) => this.#read(text as unknown as string));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open = false;
      this.#wake();
    });
  }

  static async login({ host, port, domain, name, password, resource }: XmppLogin): Promise<XmppClient> {
    const socket = connect(port, host);
    await once(socket, 'connect');
    const client = new XmppClient(socket);
    const header = `<stream:stream xmlns='${NS.CLIENT}' xmlns:stream='${NS.STREAMS}' to='${domain}' version='1.0'>`;
    client.write(header);
    await client.next(({ name: element }) => element === 'features');
    const plain = Buffer.from(`\0${name}\0${password}`).toString('base64');
    client.#restarts = true;
    client.write(`<auth xmlns='${NS.SASL}' mechanism='PLAIN'>${plain}</auth>`);
    await client.next((element) => element.is('success', NS.SASL));
    client.write(header);
    await client.next(({ name: element }) => element === 'features');
    const wanted = resource === undefined ? '' : `<resource>${resource}</resource>`;
    const bound = await client.ask(`<iq type='set' id='bind'><bind xmlns='${NS.BIND}'>${wanted}</bind></iq>`);
    client.jid = bound.child('bind', NS.BIND)?.childText('jid') ?? '';
    return client;
  }

  get open(): boolean {
    return this.#open;
  }

  write(xml: string): void {
    if (this.#open) this.#socket.write(xml);
  }

  /** The first that fits of what has come, or comes; it is taken. */
  async next(fits: (element: Element) => boolean, timeout = 10_000): Promise<Element> {
    const end = Date.now() + timeout;
    for (;;) {
      const at = this.received.findIndex(fits);
      if (at >= 0) return this.received.splice(at, 1)[0] as Element;
      if (!this.#open) throw new Error('the stream has ended');
      const left = end - Date.now();
      if (left <= 0) throw new Error(`it did not come; what came: ${this.received.join('\n')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, left);
        const waiting = this.#waiting;
        function wake(): void {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
        waiting.add(wake);
      });
    }
  }

  /** An IQ's answer. */
  ask(iq: string): Promise<Element> {
    const id = /\bid='([^']+)'/.exec(iq)?.[1];
    this.write(iq);
    return this.next(({ name, attributes: { id: answered } }) => name === 'iq' && answered === id);
  }

  /** Everything before it has been worked at. */
  async settle(): Promise<void> {
    await this.ask(
      `<iq type='get' id='settle' to='${this.jid.split('@')[1]?.split('/')[0]}'><ping xmlns='urn:xmpp:ping'/></iq>`,
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    for (const token of this.#tokenizer.push(text)) {
      if (!('element' in token)) continue;
      this.received.push(token.element);
      if (!this.#restarts || !token.element.is('success', NS.SASL)) continue;
      this.#restarts = false;
      this.#tokenizer = new StreamTokenizer(); // what follows is a new stream
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
