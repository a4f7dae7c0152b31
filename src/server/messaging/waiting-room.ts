import { delay, delayOf } from '../../protocol/xmpp/delay.ts';
import type { Element } from '../../protocol/xmpp/element.ts';
import type { MessagingStore } from '../../storage/messaging.ts';
import type { MessagingLimits } from './limits.ts';
import { parseStored } from './stored-stanza.ts';

export interface WaitingRoomOptions {
  domain: string;
  store: Pick<MessagingStore, 'offline'>;
  limits: MessagingLimits;
  wallClock: () => number;
  onFault: (error: unknown) => void;
}

/** Messages for people who are away (XEP-0160; SIP's store and forward), and how each gets them once, in their order. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** Who is being given theirs; again when more was added, or somebody came, meanwhile. */
  readonly #emptying = new Map<string, Promise<void>>();
  readonly #listeners: Array<(owner: string) => void> = [];

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  /** More waits for that owner, or less. */
  onChange(listener: (owner: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Resolves, durably, to false when it is full for that owner. */
  async add(owner: string, id: string, message: Element): Promise<boolean> {
    const { store, limits, wallClock } = this.#options;
    const waiting = { owner, id, time: wallClock(), stanza: message.serialize() };
    const added = await store.offline.add(waiting, limits.waitingMessages);
    if (added) this.#changed(owner);
    return added;
  }

  #changed(owner: string): void {
    for (const listener of this.#listeners) listener(owner);
  }

  /**
   * Gives all that waits to `take`, the oldest first, until it says false. What was taken is removed after it was taken: a
   * crash between gives it twice, with the same id, rather than never.
   */
  empty(account: string, take: (message: Element) => boolean | Promise<boolean>): void {
    const owner = `${account}@${this.#options.domain}`;
    const before = this.#emptying.get(owner) ?? Promise.resolve();
    const mine = before.then(() => this.#empty(owner, take)).catch(this.#options.onFault);
    this.#emptying.set(owner, mine);
    mine.then(() => {
      if (this.#emptying.get(owner) === mine) this.#emptying.delete(owner);
    });
  }

  async #empty(owner: string, take: (message: Element) => boolean | Promise<boolean>): Promise<void> {
    const { offline } = this.#options.store;
    if (!(await offline.any(owner))) return;
    let through: string | undefined;
    for (const { id, stanza, time } of await offline.list(owner)) {
      const taken = take(delayed(parseStored(stanza), this.#options.domain, time));
      if (!(typeof taken === 'boolean' ? taken : await taken)) break;
      through = id;
    }
    if (through === undefined) return;
    await offline.remove(owner, through);
    this.#changed(owner);
  }
}

/** XEP-0203: since when we have had it. The first stamp stays. */
export function delayed(message: Element, by: string, time: number): Element {
  return delayOf(message, by) === undefined ? message.adding(delay(by, time)) : message;
}
