// What the server is itself the user agent server of (RFC 3261 section 8.2), for its users: messages, and what is known of
// them (events).
import type { Timer } from '../../../transport/clock.ts';
import type { SipAccounts } from '../../accounts/sip-accounts.ts';
import type { Call } from '../calls.ts';
import { gruuInstance } from '../gruu.ts';
import type { Inbound } from '../inbound.ts';
import { CallStates } from './call-states.ts';
import { eventPackages } from './event-packages.ts';
import { Messages, type MessagesParts } from './messages.ts';
import { Notifier } from './notifier.ts';
import type { MessagingPorts } from './ports.ts';
import { Publications } from './publications.ts';

export interface SipMessagingParts extends Omit<MessagesParts, 'inbox'> {
  accounts: SipAccounts;
}

/** A REGISTER is answered before what has waited for it is delivered. */
const AFTER_REGISTER = 50;

export class SipMessaging {
  readonly messages: Messages;
  readonly notifier: Notifier;
  readonly publications: Publications;
  readonly #calls: CallStates;
  readonly #parts: SipMessagingParts;
  readonly #ports: MessagingPorts;
  /** Accounts whose devices have come a moment ago. */
  readonly #arrived = new Set<string>();
  #timer: Timer | undefined;

  constructor(parts: SipMessagingParts, ports: MessagingPorts) {
    const { inbox, presences, watchers } = ports;
    this.#parts = parts;
    this.#ports = ports;
    this.messages = new Messages({ ...parts, inbox });
    this.#calls = new CallStates(parts.domain, presences, (account) => this.notifier.changed('dialog', account));
    const packages = eventPackages(parts.domain, ports, this.#calls);
    this.notifier = new Notifier({ ...parts, watchers, packages });
    this.publications = new Publications({ ...parts, presences });
    inbox.addDevices(this.messages);
    presences.listen((account) => this.notifier.changed('presence', account));
    ports.onBlock?.((account) => this.notifier.blocksChanged(account));
    ports.onWaiting?.((account) => this.notifier.changed('message-summary', account));
  }

  /** Requests that have no answer yet. */
  get waiting(): number {
    return this.messages.waiting;
  }

  /** A request to a user of this domain that is in no dialog which passes here. False: it is not for the server. */
  receive(inbound: Inbound): boolean {
    const { request } = inbound;
    const { method, target } = request;
    if (method === 'MESSAGE') {
      // For one device (RFC 5627), or where it must stay behind TLS, it passes as any request.
      if (request.to.tag !== undefined || target.scheme !== 'sip' || gruuInstance(target) !== undefined) return false;
      const recipient = this.#user(inbound);
      return recipient !== undefined && this.messages.receive(inbound, recipient);
    }
    if (method === 'SUBSCRIBE' && this.notifier.knows(request)) {
      this.notifier.receive(inbound, this.#name(inbound));
      return true;
    }
    if (method !== 'PUBLISH') return false;
    this.publications.receive(inbound, this.#name(inbound), this.notifier.events);
    return true;
  }

  #name({ request: { target } }: Inbound): string | undefined {
    return target.user === undefined ? undefined : this.#parts.identities.name(target.user);
  }

  /** The user of ours that it is for. */
  #user(inbound: Inbound): string | undefined {
    const { accounts, location } = this.#parts;
    const name = this.#name(inbound);
    return name !== undefined && (location.all(name).length > 0 || accounts.exists(name)) ? name : undefined;
  }

  /** A call has begun, rings, was answered or is over. */
  callChanged(call: Call): void {
    this.#calls.changed(call);
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
    this.notifier.close();
    this.publications.close();
  }
}
