import type { Element } from '../../protocol/xmpp/element.ts';
import type { XmppSession } from '../xmpp/session.ts';

/**
 * The one internal event of messaging is a message stanza (namespace jabber:client): the richer of the two forms, into
 * which a SIP MESSAGE is read and from which it is written (docs/adr/0013). Whichever protocol it came by, it is
 * judged once: blocked, archived, carboned, delivered to every device, or kept for later.
 */
export interface Inbox {
  /**
   * One message from a local person's device, or from outside: `from` and `to` are set and proved. Resolves when what was
   * promised is durable; rejects with a StanzaError that the sender is to be told (SIP: the bridge's status for it).
   *
   * `delivered`: at least one device took it; `stored`: it waits (SIP 202); `dropped`: nobody was there for it and it was
   * of a kind that is not kept (a chat state).
   */
  submit(message: Element, origin: MessageOrigin): Promise<'delivered' | 'stored' | 'dropped'>;
  /** The devices of another protocol; XMPP's own sessions need none. */
  addDevices(devices: MessageDevices): void;
  /** The other protocol's devices of an account have come: what waits for it is delivered (SIP: after REGISTER). */
  arrived(account: string, devices: MessageDevices): void;
}

/** Where a message came from, so that it is not sent back there, and its sender's other devices learn of it once. */
export type MessageOrigin =
  | { protocol: 'xmpp'; session: XmppSession }
  /** `device` names the binding (its contact), so that the sender's other phones may get a copy and this one does not. */
  | { protocol: 'sip'; device: string }
  /** A room, the server itself, another domain. */
  | { protocol: 'internal' };

export interface MessageDevices {
  readonly protocol: 'sip';
  /** Whether any device of the account takes messages now. */
  reachable(account: string): boolean;
  /**
   * Gives it to every device of the account, but for that one. Resolves with how many have taken it (SIP: answered 2xx),
   * within a bounded time.
   */
  deliver(account: string, message: Element, except?: string): Promise<number>;
}
