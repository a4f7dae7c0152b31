// A page on strophe.js, over BOSH or WebSocket: connects, sends what it is given, and lists what happens.
import { $iq, $msg, $pres, Strophe } from 'strophe.js';

export interface StropheClient {
  /** `connected`, `message FROM TEXT`, `disconnected`... in their order. */
  events: string[];
  connect(service: string, jid: string, password: string): Promise<void>;
  say(to: string, text: string): void;
  /** An iq of type get; its answer as text. */
  ask(namespace: string): Promise<string>;
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
        const text = stanza.querySelector('body')?.textContent;
        if (text) events.push(`message ${stanza.getAttribute('from')?.split('/')[0]} ${text}`);
        return true;
      },
      null,
      'message',
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

  disconnect() {
    connection.disconnect('done');
    connection.flush();
  },
};
