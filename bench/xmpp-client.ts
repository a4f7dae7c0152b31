// The least XMPP client that a load generator needs (RFC 7395): it knows stanzas by their text alone.
import { WebSocketClient } from './websocket-client.ts';

export interface XmppTarget {
  host: string;
  port: number;
  /** Of the WebSocket. */
  path: string;
  domain: string;
  /** undefined: SASL ANONYMOUS. */
  password?: (user: string) => string;
}

export class XmppClient {
  readonly #socket: WebSocketClient;
  /** Each frame; set when nothing is waited for. */
  onStanza: (text: string) => void = () => {};
  #waiting: { pattern: RegExp; resolve: (text: string) => void } | undefined;
  jid = '';

  private constructor(socket: WebSocketClient) {
    this.#socket = socket;
    socket.onText = (text) => {
      const { pattern, resolve } = this.#waiting ?? {};
      if (pattern?.test(text)) {
        this.#waiting = undefined;
        resolve?.(text);
      } else this.onStanza(text);
    };
  }

  /** Signed in, bound and available. */
  static async connect(target: XmppTarget, user: string): Promise<XmppClient> {
    const { host, port, path, domain } = target;
    const socket = new WebSocketClient({ host, port, path: () => path, protocol: 'xmpp' }, user);
    await socket.opened;
    const client = new XmppClient(socket);
    const open = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${domain}' version='1.0'/>`;
    const sasl = `xmlns='urn:ietf:params:xml:ns:xmpp-sasl'`;
    const plain = Buffer.from(`\0${user}\0${target.password?.(user)}`).toString('base64');
    await client.ask(open, /features/);
    await client.ask(
      target.password === undefined
        ? `<auth ${sasl} mechanism='ANONYMOUS'/>`
        : `<auth ${sasl} mechanism='PLAIN'>${plain}</auth>`,
      /<success/,
    );
    await client.ask(open, /features/);
    const bound = await client.ask(
      `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
      /id=['"]bind['"]/,
    );
    client.jid = /<jid>([^<]+)/.exec(bound)?.[1] ?? '';
    client.send(`<presence xmlns='jabber:client'/>`);
    return client;
  }

  send(stanza: string): void {
    this.#socket.send(stanza);
  }

  /** Sends, and resolves with the first frame that matches. */
  ask(stanza: string, pattern: RegExp): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(() => reject(new Error(`no ${pattern} after ${stanza}`)), 30_000);
    this.#socket.onClose = (reason) => reject(new Error(`${reason} instead of ${pattern}`));
    this.#waiting = { pattern, resolve };
    this.send(stanza);
    return promise.finally(() => clearTimeout(timer));
  }

  drop(): void {
    this.#socket.drop();
  }
}
