import type { Element } from '../../../protocol/xmpp/element.ts';

/** A message as the room reflected it, without `to`. */
export interface HistoryMessage {
  /** Its stable id (XEP-0359). */
  id: string;
  /** Milliseconds since 1970. */
  time: number;
  stanza: Element;
}

/** What somebody who enters wants of the discussion before (XEP-0045 section 7.2.14): whatever is given must be met. */
export interface HistoryRequest {
  maxChars?: number | undefined;
  maxStanzas?: number | undefined;
  /** Milliseconds since 1970. */
  since?: number | undefined;
}

/** The latest messages of a room, kept to be sent to whoever enters. */
export class History {
  readonly #most: number;
  readonly #mostChars: number;
  #chars = 0;
  #messages: HistoryMessage[] = [];

  /** So many messages, and characters of them as XML. */
  constructor(most: number, mostChars: number) {
    this.#most = most;
    this.#mostChars = mostChars;
  }

  add(message: HistoryMessage): void {
    this.#messages.push(message);
    this.#chars += sizeOf(message);
    while (this.#messages.length > this.#most || this.#chars > this.#mostChars) {
      const oldest = this.#messages.shift();
      if (oldest === undefined) return;
      this.#chars -= sizeOf(oldest);
    }
  }

  /** A message that has been retracted, or was not archived, is not repeated. */
  remove(id: string): void {
    this.#messages = this.#messages.filter((message) => message.id !== id);
    this.#chars = this.#messages.reduce((sum, message) => sum + sizeOf(message), 0);
  }

  /** The latest that meet the request, at most `most`, oldest first. */
  select(request: HistoryRequest, most: number): HistoryMessage[] {
    const { maxChars = Number.POSITIVE_INFINITY, maxStanzas = most, since = Number.NEGATIVE_INFINITY } = request;
    const count = Math.min(most, maxStanzas);
    const found: HistoryMessage[] = [];
    let chars = 0;
    for (let i = this.#messages.length - 1; i >= 0 && found.length < count; i--) {
      const message = this.#messages[i] as HistoryMessage;
      if (message.time < since) break;
      chars += sizeOf(message);
      if (chars > maxChars) break;
      found.push(message);
    }
    return found.reverse();
  }
}

function sizeOf({ stanza }: HistoryMessage): number {
  return stanza.serialize('jabber:client').length;
}
