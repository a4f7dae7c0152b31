// A page on strophe.js, over BOSH or WebSocket: connects, sends what it is given, and lists what happens.
import { $iq, $msg, $pres, Strophe } from 'strophe.js';

export interface StropheClient {
  /** `connected`, `message FROM TEXT`, `disconnected`... in their order. */
  events: string[];
  connect(service: string, jid: string, password: string): Promise<void>;
  say(to: string, text: string): void;
  /** An iq of type get; its answer as text. */
  ask(namespace: string): Promise<string>;
  /** Presence, or a message to a room. */
  send(stanza: { presence: Record<string, string>; muc?: boolean } | { groupchat: string; to: string }): void;
  /** Takes a new room as it is (XEP-0045 section 10.1.2). */
  configure(room: string): Promise<void>;
  /** The texts in one's own archive, or a room's (XEP-0313). */
  history(archive?: string): Promise<string[]>;
  /** Puts a text file (XEP-0363); resolves with where it can be read. */
  upload(name: string, text: string): Promise<string>;
  disconnect(): void;
}

declare global {
  interface Window {
    client: StropheClient;
  }
}

const events: string[] = [];
let connection: InstanceType<typeof Strophe.Connection>;

window.client = {
  events,

  connect(service, jid, password) {
    connection = new Strophe.Connection(service);
    connection.addHandler(
      (stanza: Element) => {
        const text = stanza.querySelector(':scope > body')?.textContent;
        if (text) events.push(`message ${stanza.getAttribute('from')?.split('/')[0]} ${text}`);
        return true;
      },
      null,
      'message',
      null,
    );
    connection.addHandler(
      (stanza: Element) => {
        events.push(`presence ${stanza.getAttribute('from')} ${stanza.getAttribute('type') ?? 'available'}`);
        return true;
      },
      null,
      'presence',
      null,
    );
    return new Promise((resolve, reject) => {
      connection.connect(jid, password, (status: number, condition?: string | null) => {
        if (status === Strophe.Status.CONNECTED) {
          connection.send($pres());
          events.push(`connected ${connection.jid}`);
          resolve();
        } else if (status === Strophe.Status.DISCONNECTED) events.push('disconnected');
        else if (status === Strophe.Status.AUTHFAIL) reject(new Error('not authenticated'));
        else if (status === Strophe.Status.CONNFAIL) reject(new Error(String(condition)));
      });
    });
  },

  say(to, text) {
    connection.send($msg({ to, type: 'chat', id: crypto.randomUUID() }).c('body').t(text));
  },

  ask(namespace) {
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      connection.sendIQ(
        $iq({ type: 'get', id }).c('query', { xmlns: namespace }),
        (answer: Element) => resolve(answer.outerHTML),
        reject,
      );
    });
  },

  send(stanza) {
    if ('groupchat' in stanza) {
      connection.send($msg({ to: stanza.to, type: 'groupchat' }).c('body').t(stanza.groupchat));
    } else {
      const presence = $pres(stanza.presence);
      connection.send(stanza.muc ? presence.c('x', { xmlns: 'http://jabber.org/protocol/muc' }) : presence);
    }
  },

  async configure(room) {
    const owner = { xmlns: 'http://jabber.org/protocol/muc#owner' };
    await question($iq({ type: 'set', to: room }).c('query', owner).c('x', { xmlns: 'jabber:x:data', type: 'submit' }));
  },

  async history(archive) {
    const found: string[] = [];
    const handler = connection.addHandler(
      (stanza: Element) => {
        const text = stanza.querySelector('result > forwarded > message > body')?.textContent;
        if (text) found.push(text);
        return true;
      },
      'urn:xmpp:mam:2',
      'message',
      null,
    );
    await question($iq({ type: 'set', ...(archive && { to: archive }) }).c('query', { xmlns: 'urn:xmpp:mam:2' }));
    connection.deleteHandler(handler);
    return found;
  },

  async upload(name, text) {
    const size = String(new TextEncoder().encode(text).length);
    const wanted = { xmlns: 'urn:xmpp:http:upload:0', filename: name, size, 'content-type': 'text/plain' };
    const to = `upload.${Strophe.getDomainFromJid(connection.jid)}`;
    const slot = await question($iq({ type: 'get', to }).c('request', wanted));
    const put = slot.querySelector('put');
    const headers = [...(put?.querySelectorAll('header') ?? [])].map(
      (header) => [header.getAttribute('name') ?? '', header.textContent ?? ''] as [string, string],
    );
    const answer = await fetch(put?.getAttribute('url') ?? '', {
      method: 'PUT',
      body: new Blob([text], { type: 'text/plain' }),
      headers,
    });
    if (!answer.ok) throw new Error(`PUT: ${answer.status}`);
    return slot.querySelector('get')?.getAttribute('url') ?? '';
  },

  disconnect() {
    connection.disconnect('done');
    connection.flush();
  },
};

function question(iq: ReturnType<typeof $iq>): Promise<Element> {
  return new Promise((resolve, reject) => {
    connection.sendIQ(iq, resolve, (error: Element | null) => reject(new Error(error?.outerHTML ?? 'no answer')));
  });
}
