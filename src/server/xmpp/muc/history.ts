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
  #messages: HistoryMessage[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add(message: HistoryMessage): void {
    this.#messages.push(message);
    // Half as much again is kept before the oldest go at once: an array is not shifted for every message.
    if (this.#messages.length > this.#most * 1.5) this.#messages = this.#messages.slice(-this.#most);
  }

  /** A message that has been retracted, or was not archived, is not repeated. */
  remove(id: string): void {
    this.#messages = this.#messages.filter((message) => message.id !== id);
  }

  /** The latest that meet the request, at most `most`, oldest first. */
  select(request: HistoryRequest, most: number): HistoryMessage[] {
    const { maxChars = Number.POSITIVE_INFINITY, maxStanzas = most, since = Number.NEGATIVE_INFINITY } = request;
    const count = Math.min(most, maxStanzas, this.#most);
    const found: HistoryMessage[] = [];
    let chars = 0;
    for (let i = this.#messages.length - 1; i >= 0 && found.length < count; i--) {
      const message = this.#messages[i] as HistoryMessage;
      if (message.time < since) break;
      chars += message.stanza.serialize('jabber:client').length;
      if (chars > maxChars) break;
      found.push(message);
    }
    return found.reverse();
  }
}
