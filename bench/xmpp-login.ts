// A login as clients do it: SCRAM-SHA-1, which all servers have, then a resource, then presence.
import { ScramClient } from '../test/support/scram-client.ts';
import { WebSocketClient } from './websocket-client.ts';
import type { XmppTarget } from './xmpp-client.ts';

const SASL = `xmlns='urn:ietf:params:xml:ns:xmpp-sasl'`;

export class XmppUser {
  readonly #socket: WebSocketClient;
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

  static async login({ host, port, path, domain }: XmppTarget, name: string): Promise<XmppUser> {
    const socket = new WebSocketClient({ host, port, path: () => path, protocol: 'xmpp' }, name);
    await socket.opened;
    const user = new XmppUser(socket);
    const open = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${domain}' version='1.0'/>`;
    await user.ask(open, /features/);
    const scram = new ScramClient({ hash: 'sha1', username: name, password: `${name}-password` });
    const challenge = await user.ask(
      `<auth ${SASL} mechanism='SCRAM-SHA-1'>${scram.first()}</auth>`,
      /<(challenge|failure)/,
    );
    const final = scram.final(/>([^<]+)</.exec(challenge)?.[1] ?? '');
    await user.ask(`<response ${SASL}>${final}</response>`, /<success/);
    await user.ask(open, /features/);
    const bound = await user.ask(
      `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
      /id=['"]bind['"]/,
    );
    user.jid = /<jid>([^<]+)/.exec(bound)?.[1] ?? '';
    await user.ask(`<presence xmlns='jabber:client'/>`, /<presence/);
    return user;
  }

  send(stanza: string): void {
    this.#socket.send(stanza);
  }

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
