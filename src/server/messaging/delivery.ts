import type { Element } from '../../protocol/xmpp/element.ts';
import type { Jid } from '../../protocol/xmpp/jid.ts';
import type { XmppSession } from '../xmpp/session.ts';
import type { Sessions } from '../xmpp/sessions.ts';
import { carbonCopy } from './carbon-copy.ts';
import type { MessageDevices } from './inbox.ts';
import type { Treatment } from './treatment.ts';

/** The devices of an account, of either protocol, and which of them get a message. */
export class Delivery {
  readonly #sessions: Sessions;
  readonly #devices: MessageDevices[] = [];
  /** Of what there is more than one copy: how many may still reach somebody. */
  readonly #copies = new WeakMap<Element, { left: number }>();

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  addDevices(devices: MessageDevices): void {
    this.#devices.push(devices);
  }

  /** Nothing of that name is signed in or registered. */
  isAway(account: string): boolean {
    for (const _ of this.#sessions.of(account)) return false;
    return !this.hasPhone(account);
  }

  hasPhone(account: string): boolean {
    return this.#devices.some((devices) => devices.reachable(account));
  }

  /** Sessions that take what is sent to the account: available, with a priority that is not negative. */
  takers(account: string): XmppSession[] {
    const takers: XmppSession[] = [];
    for (const session of this.#sessions.of(account))
      if (session.presence !== undefined && session.priority >= 0) takers.push(session);
    return takers;
  }

  /** RFC 6121 sections 8.5.2 and 8.5.3: those that a message to that address is for. */
  addressees(account: string, to: Jid, { type }: Treatment): XmppSession[] {
    const addressed = to.resource === undefined ? undefined : this.#sessions.get(to.full);
    if (addressed !== undefined) return [addressed];
    if (type === 'error' || type === 'groupchat') return [];
    return type === 'headline' && to.resource !== undefined ? [] : this.takers(account);
  }

  /**
   * To them, and as a carbon (XEP-0280 section 8) to the account's other sessions that want it, but for `except`, which has
   * written it. `kept`: it waits as well.
   */
  send(
    message: Element,
    to: { account: string; owner: string; sessions: readonly XmppSession[] },
    how: { carbons: boolean; except: XmppSession | undefined; kept: boolean },
  ): void {
    const others: XmppSession[] = [];
    if (how.carbons)
      for (const session of this.#sessions.of(to.account))
        if (session.carbons && session !== how.except && !to.sessions.includes(session)) others.push(session);
    const left = to.sessions.length + others.length + (how.kept ? 1 : 0);
    const shared = left > 1 ? { left } : undefined;
    if (shared !== undefined) this.#copies.set(message, shared);
    for (const session of to.sessions) session.send(message);
    if (others.length === 0) return;
    const copy = carbonCopy('received', to.owner, message);
    for (const session of others) {
      const wrapped = copy.with({ to: session.jid.full });
      if (shared !== undefined) this.#copies.set(wrapped, shared);
      session.send(wrapped);
    }
  }

  /** A carbon of what one of its devices wrote, to the others. */
  sendCopies(message: Element, account: string, except: XmppSession | undefined): void {
    let copy: Element | undefined;
    for (const session of this.#sessions.of(account)) {
      if (session === except || !session.carbons) continue;
      copy ??= carbonCopy('sent', session.jid.bare, message);
      session.send(copy.with({ to: session.jid.full }));
    }
  }

  /** One session has not got what it was sent. True: no other has it either. */
  isLost(message: Element): boolean {
    const copies = this.#copies.get(message);
    return copies === undefined || --copies.left === 0;
  }

  /** Resolves with how many phones have taken it; `except`: the one that wrote it. */
  async callPhones(account: string, message: Element, except?: string): Promise<number> {
    let taken = 0;
    for (const devices of this.#devices) taken += await devices.deliver(account, message, except);
    return taken;
  }
}
