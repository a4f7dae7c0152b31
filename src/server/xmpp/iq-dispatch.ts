import { type Element, xml } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { errorOf } from '../../protocol/xmpp/stanza.ts';
import { errorReply, resultReply, StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import type { Clock, Timer } from '../../transport/clock.ts';
import { storeFailure } from '../messaging/store-failure.ts';
import type { IqHandler, IqRequest, IqTarget } from './host.ts';
import type { XmppSession } from './session.ts';

interface Asked {
  session: XmppSession;
  resolve(payload: Element | undefined): void;
  reject(error: StanzaError): void;
  timer: Timer;
}

/** RFC 6120 section 8.2.3: requests that are ours to answer, and those that we have made. */
export class IqDispatch {
  readonly #handlers = new Map<string, IqHandler>();
  readonly #asked = new Map<string, Asked>();
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #onFault: (error: unknown) => void;
  #lastId = 0;

  constructor(options: { clock: Clock; timeout: number; onFault: (error: unknown) => void }) {
    this.#clock = options.clock;
    this.#timeout = options.timeout;
    this.#onFault = options.onFault;
  }

  handle(target: IqTarget, name: string, namespace: string, handler: IqHandler): void {
    const key = `${target} ${namespace} ${name}`;
    if (this.#handlers.has(key)) throw new Error(`${key} has a handler already`);
    this.#handlers.set(key, handler);
  }

  /** Gives the answer to `reply`: at once, or when it is there. */
  answer(target: IqTarget, request: IqRequest, reply: (stanza: Element) => void): Promise<void> | undefined {
    const { iq, payload } = request;
    const handler = this.#handlers.get(`${target} ${payload.namespace} ${payload.name}`);
    if (handler === undefined) {
      reply(errorReply(iq, new StanzaError('service-unavailable')));
      return undefined;
    }
    const refuse = (error: unknown) => {
      const known = error instanceof StanzaError || (error as { code?: unknown })?.code !== undefined;
      if (!known) this.#onFault(error);
      reply(errorReply(iq, error instanceof StanzaError ? error : storeFailure(error)));
    };
    try {
      const result = handler(request);
      if (result instanceof Promise) return result.then((found) => reply(resultReply(iq, found)), refuse);
      reply(resultReply(iq, result));
    } catch (error) {
      refuse(error);
    }
    return undefined;
  }

  request(session: XmppSession, from: string, type: 'get' | 'set', payload: Element): Promise<Element | undefined> {
    return new Promise((resolve, reject) => {
      const id = `chappe-${++this.#lastId}`;
      const timer = this.#clock.setTimer(this.#timeout, () => {
        this.#asked.delete(id);
        reject(new StanzaError('remote-server-timeout', 'no answer'));
      });
      this.#asked.set(id, { session, resolve, reject, timer });
      session.send(xml('iq', NS.CLIENT, { type, id, from, to: session.jid.full }, payload));
    });
  }

  /** A result or an error that came from that session; what nobody asked for is passed over. */
  answered(session: XmppSession, iq: Element): void {
    const id = iq.attributes['id'] ?? '';
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.session !== session) return;
    this.#asked.delete(id);
    asked.timer.close();
    if (iq.attributes['type'] === 'result') asked.resolve(iq.elements()[0]);
    else asked.reject(errorOf(iq) ?? new StanzaError('undefined-condition'));
  }

  /** Nobody will answer any more. */
  ended(session: XmppSession): void {
    for (const [id, asked] of this.#asked) {
      if (asked.session !== session) continue;
      this.#asked.delete(id);
      asked.timer.close();
      asked.reject(new StanzaError('recipient-unavailable'));
    }
  }
}
