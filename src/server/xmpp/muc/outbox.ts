import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';

interface Held {
  stanza: Element | undefined;
  to: readonly Jid[];
  ready: boolean;
}

/**
 * What a room says, in the order in which it happened: a message goes out when the archive has it for good, and whatever
 * was said after it waits behind it.
 */
export class Outbox {
  readonly #deliver: (stanza: Element, to: Jid) => void;
  #held: Held[] = [];

  /** `deliver` gets the stanza with `to` already set. */
  constructor(deliver: (stanza: Element, to: Jid) => void) {
    this.#deliver = deliver;
  }

  /** A copy to each; the copies share their content. */
  send(stanza: Element, to: readonly Jid[]): void {
    if (this.#held.length === 0) this.#copies(stanza, to);
    else this.#held.push({ stanza, to, ready: true });
  }

  /** The same once `commit` has resolved; at once where there is none. If that is rejected, nothing goes, and so is the promise. */
  async sendAfter(commit: Promise<unknown> | undefined, stanza: Element, to: readonly Jid[]): Promise<void> {
    if (commit === undefined) {
      this.send(stanza, to);
      return;
    }
    const held: Held = { stanza, to, ready: false };
    this.#held.push(held);
    try {
      await commit;
    } catch (error) {
      held.stanza = undefined;
      throw error;
    } finally {
      held.ready = true;
      this.#release();
    }
  }

  #release(): void {
    let released = 0;
    for (; released < this.#held.length; released++) {
      const held = this.#held[released] as Held;
      if (!held.ready) break;
      if (held.stanza !== undefined) this.#copies(held.stanza, held.to);
    }
    this.#held.splice(0, released);
  }

  #copies(stanza: Element, to: readonly Jid[]): void {
    for (const jid of to) this.#deliver(stanza.with({ to: jid.full }), jid);
  }
}
