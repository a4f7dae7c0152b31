import type { Element } from '../../../protocol/xmpp/element.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { ConnectionHandler, StreamHeader, XmppConnection } from './connection.ts';

type Happening =
  | { header: StreamHeader }
  | { element: Element }
  | { error: StreamError }
  | { gone: string; unsent: readonly Element[] }
  | 'ended'
  | 'idle';

/**
 * Tells a connection's handler what happens, one thing after the other; what comes while it is paused waits, which is never
 * more than had been read by then. What the handler throws is a fault of ours that ends the stream, not the process.
 */
export class Reception {
  handler: ConnectionHandler;
  readonly #connection: XmppConnection;
  readonly #fault: (error: unknown) => void;
  #waiting: Happening[] | undefined;
  #over = false;

  constructor(connection: XmppConnection, handler: ConnectionHandler, fault: (error: unknown) => void) {
    this.#connection = connection;
    this.handler = handler;
    this.#fault = fault;
  }

  get paused(): boolean {
    return this.#waiting !== undefined;
  }

  tell(happening: Happening): void {
    if (this.#waiting !== undefined) this.#waiting.push(happening);
    else this.#tell(happening);
  }

  /** The connection is over: not told inside a call to it, and once. */
  over(reason: string, unsent: readonly Element[] = []): void {
    if (this.#over) return;
    this.#over = true;
    process.nextTick(tellGone, this, reason, unsent);
  }

  pause(): void {
    this.#waiting ??= [];
  }

  /** False: it was paused again meanwhile. */
  resume(): boolean {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (let i = 0; waiting !== undefined && i < waiting.length; i++) {
      this.#tell(waiting[i] as Happening);
      if (this.paused) {
        this.#waiting = waiting.slice(i + 1);
        return false;
      }
    }
    return !this.paused;
  }

  #tell(happening: Happening): void {
    const { handler } = this;
    try {
      if (happening === 'ended') handler.ended();
      else if (happening === 'idle') handler.idle();
      else if ('element' in happening) handler.received(happening.element);
      else if ('header' in happening) handler.opened(happening.header);
      else if ('error' in happening) handler.failed(happening.error);
      else handler.gone(happening.gone, happening.unsent);
    } catch (error) {
      this.#fault(error);
      this.#connection.close(new StreamError('internal-server-error'));
    }
  }
}

function tellGone(reception: Reception, reason: string, unsent: readonly Element[]): void {
  reception.tell({ gone: reason, unsent });
}
