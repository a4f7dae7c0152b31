// What the server is itself the user agent server of (RFC 3261 section 8.2), for its users: messages, and what is known of
// them (events).
import type { Timer } from '../../../transport/clock.ts';
import type { SipAccounts } from '../../accounts/sip-accounts.ts';
import { gruuInstance } from '../gruu.ts';
import type { Inbound } from '../inbound.ts';
import { Messages, type MessagesParts } from './messages.ts';
import type { MessagingPorts } from './ports.ts';

export interface SipMessagingParts extends Omit<MessagesParts, 'inbox'> {
  accounts: SipAccounts;
}

/** A REGISTER is answered before what has waited for it is delivered. */
const AFTER_REGISTER = 50;

export class SipMessaging {
  readonly messages: Messages;
  readonly #parts: SipMessagingParts;
  readonly #ports: MessagingPorts;
  /** Accounts whose devices have come a moment ago. */
  readonly #arrived = new Set<string>();
  #timer: Timer | undefined;

  constructor(parts: SipMessagingParts, ports: MessagingPorts) {
    this.#parts = parts;
    this.#ports = ports;
    this.messages = new Messages({ ...parts, inbox: ports.inbox });
    ports.inbox.addDevices(this.messages);
  }

  /** Requests that have no answer yet. */
  get waiting(): number {
    return this.messages.waiting;
  }

  /** A request out of any dialog to a user of this domain. False: it is not for the server. */
  receive(inbound: Inbound): boolean {
    const { request } = inbound;
    if (request.method !== 'MESSAGE' || request.to.tag !== undefined) return false;
    const recipient = this.#user(inbound);
    return recipient !== undefined && this.messages.receive(inbound, recipient);
  }

  /** The user of ours that it is for; undefined for one device of his (RFC 5627), and where it must stay behind TLS. */
  #user({ request: { target } }: Inbound): string | undefined {
    if (target.scheme !== 'sip' || gruuInstance(target) !== undefined) return undefined;
    const { accounts, identities, location } = this.#parts;
    const name = target.user === undefined ? undefined : identities.name(target.user);
    return name !== undefined && (accounts.exists(name) || location.all(name).length > 0) ? name : undefined;
  }

  /** A binding of the account is new. */
  registered(account: string): void {
    this.#arrived.add(account);
    this.#timer ??= this.#parts.transactions.clock.setTimer(AFTER_REGISTER, () => {
      this.#timer = undefined;
      const accounts = [...this.#arrived];
      this.#arrived.clear();
      for (const name of accounts) this.#ports.inbox.arrived(name, this.messages);
    });
  }

  /** A binding of the account goes on: what its device did not answer when it was sent is tried again. */
  refreshed(account: string): void {
    if (this.messages.takeMissed(account)) this.registered(account);
  }

  close(): void {
    this.#timer?.close();
  }
}
