// Client State Indication (XEP-0352): what an inactive client need not know yet waits, and goes out before anything that
// it must know, so that the order among those of one sender stays.
import type { Element } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';

export class ClientState {
  readonly #session: { write(stanza: Element): void };
  readonly #most: number;
  /** By what they replace: the last presence of an address, the last chat state of a conversation. */
  readonly #waiting = new Map<string, Element>();

  constructor(session: { write(stanza: Element): void }, most: number) {
    this.#session = session;
    this.#most = most;
  }

  send(stanza: Element): void {
    const key = replaceable(stanza);
    if (key === undefined) {
      this.flush();
      this.#session.write(stanza);
      return;
    }
    this.#waiting.delete(key); // and in again at the end
    this.#waiting.set(key, stanza);
    if (this.#waiting.size > this.#most) this.flush();
  }

  flush(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const stanza of waiting) this.#session.write(stanza);
  }

  /** The session is over: presence and chat states are nothing to keep. */
  giveUp(): void {
    this.#waiting.clear();
  }
}

/** Undefined: it is for now. */
function replaceable(stanza: Element): string | undefined {
  const { type, from } = stanza.attributes;
  if (stanza.name === 'presence') {
    // Subscriptions and errors are for a person to know; a room's self-presence and changes carry more than presence.
    if (type !== undefined && type !== 'unavailable') return undefined;
    return stanza.child('x', NS.MUC_USER) === undefined ? `presence ${from}` : undefined;
  }
  if (stanza.name !== 'message' || type === 'error') return undefined;
  let state = false;
  for (const child of stanza.children) {
    if (typeof child === 'string') continue;
    if (child.namespace === NS.CHAT_STATES) state = true;
    else if (child.namespace !== NS.HINTS && child.name !== 'thread' && child.namespace !== NS.SID) return undefined;
  }
  return state ? `chat state ${from}` : undefined;
}
