// The server as a message relay and store-and-forward server of its users (RFC 3428 sections 6 and 7): a MESSAGE for one of
// them goes to the inbox, which gives it to every device of either protocol, or keeps it.
import { type ByteString, encodeUtf8 } from '../../../protocol/byte-string.ts';
import { type Primitives, toHex } from '../../../protocol/primitives.ts';
import { createRequest, createResponse } from '../../../protocol/sip/create.ts';
import type { Request } from '../../../protocol/sip/message.ts';
import { escapeUser } from '../../../protocol/sip/uri.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Inbox, MessageDevices, MessageOrigin } from '../../messaging/inbox.ts';
import { stripAsserted } from '../asserted-identity.ts';
import { removeOwnCredentials } from '../authentication.ts';
import type { Forwarding } from '../forward.ts';
import type { Identities } from '../identity.ts';
import type { Inbound } from '../inbound.ts';
import type { SipLimits } from '../limits.ts';
import type { Binding, Location } from '../location.ts';
import type { Logger } from '../ports.ts';
import { ServerTransaction, type TransactionLayer } from '../transactions.ts';
import { learnAccepted } from './accepted-types.ts';
import { Delivery } from './delivery.ts';
import { mediaType, readMessage } from './incoming-message.ts';
import { hasMessageExpired } from './message-expiry.ts';
import { contentFor, isForDevices, sentAt, subjectOf } from './outgoing-message.ts';
import { senderOf } from './sender.ts';
import { statusOf } from './stanza-status.ts';

export interface MessagesParts {
  domain: string;
  limits: SipLimits;
  primitives: Primitives;
  inbox: Inbox;
  location: Location;
  identities: Identities;
  forwarding: Forwarding;
  transactions: TransactionLayer;
  log: Logger;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** A request whose stanza is with the inbox. */
interface Original {
  from: string | undefined;
  request: Request;
  loopHash: string;
}

const STATUS = { delivered: 200, stored: 202, dropped: 480 } as const;
const NO_DELIVERY = Promise.resolve(0);
const TAKEN = Promise.resolve(1);

export class Messages implements MessageDevices {
  readonly protocol = 'sip';
  readonly #parts: MessagesParts;
  /** Requests whose stanza is with the inbox, by its recipient and id: from phone to phone they pass as they are. */
  readonly #originals = new Map<string, Original>();
  /** Deliveries under way, by account. */
  readonly #underWay = new Map<string, number>();
  #deliveries = 0;
  /** Accounts with a device that was there and took nothing. */
  readonly #missed = new Set<string>();

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  /** Requests that have no answer yet: whoever drains waits for them. */
  get waiting(): number {
    return this.#originals.size;
  }

  /**
   * A MESSAGE out of any dialog, from somebody whose identity is proved (or a configured domain) to a local user. False: of
   * a kind that the inbox does not know.
   */
  receive(inbound: Inbound, recipient: string): boolean {
    const { domain, inbox, transactions } = this.#parts;
    const { request } = inbound;
    const from = senderOf(inbound, this.#parts.identities, domain);
    const message = from === undefined ? undefined : readMessage(request, from, `${recipient}@${domain}`, inbound.now);
    if (message === undefined) return false;
    const server = new ServerTransaction(
      transactions,
      inbound.key,
      request,
      inbound.replyFlow,
      inbound.flow.remote.address,
    );
    removeOwnCredentials(request, domain);
    if (!inbound.peer?.trusted) stripAsserted(request);
    const id = nameOf(message);
    const original = { from, request, loopHash: inbound.loopHash };
    this.#originals.set(id, original);
    server.start();
    const respond = (status: number) => {
      if (this.#originals.get(id) === original) this.#originals.delete(id);
      // Of no dialog: any tag will do.
      server.respond(createResponse(request, status, undefined, { toTag: `s${original.loopHash}` }));
    };
    inbox.submit(message, this.#origin(inbound)).then(
      (outcome) => respond(STATUS[outcome]),
      (error: unknown) => {
        const status = statusOf(error);
        if (status >= 500) this.#parts.log.error({ error: String(error), callId: request.callId }, 'message failed');
        respond(status);
      },
    );
    return true;
  }

  /** Which binding it came from, and what its client so shows to understand. */
  #origin(inbound: Inbound): MessageOrigin {
    const { identity, flow, request, state } = inbound;
    if (identity === undefined) return { protocol: 'internal' };
    const { address, port } = flow.remote;
    const binding =
      flow.transport === 'udp'
        ? this.#parts.location
            .all(identity.name)
            .find(({ flow: { remote } }) => remote.address === address && remote.port === port)
        : state.bindings.find(({ aor }) => aor === identity.name);
    if (binding === undefined) return { protocol: 'sip', device: '' };
    const type = mediaType(request);
    if (type !== 'text/plain') learnAccepted(binding, [type]);
    return { protocol: 'sip', device: binding.contact };
  }

  // --- MessageDevices

  reachable(account: string): boolean {
    const { location, now } = this.#parts;
    return location.isReachable(account, now(), takesMessages);
  }

  deliver(account: string, message: Element, except?: string): Promise<number> {
    const { domain, limits, location } = this.#parts;
    const now = this.#parts.now();
    const bindings = location.reachable(account, now).filter(takesMessages);
    if (bindings.length === 0 || !isForDevices(message)) return NO_DELIVERY;
    const { from = '', to = '' } = message.attributes;
    const own = `${account}@${domain}`;
    // A copy of what its owner has written elsewhere (XEP-0280): to a phone it would be a message like any other.
    if (bare(from) === own && bare(to) !== own) return NO_DELIVERY;
    if (hasMessageExpired(message, now)) return TAKEN; // nobody is to have it any more
    const underWay = this.#underWay.get(account) ?? 0;
    if (this.#deliveries >= limits.deliveries || underWay >= limits.deliveriesPerAccount) return NO_DELIVERY;
    const found = this.#originals.get(nameOf(message));
    const original = found?.from === from ? found : undefined;
    let delivery: Delivery | undefined;
    for (const binding of devices(bindings)) {
      if (binding.contact === except) continue;
      const request = original === undefined ? this.#write(binding, message, now) : this.#copy(binding, original);
      if (request === undefined) continue;
      delivery ??= new Delivery(this.#parts.transactions, {
        over: () => this.#over(account),
        waited: sentAt(message) !== undefined,
      });
      delivery.add(binding.flow, request);
    }
    if (delivery === undefined) return NO_DELIVERY;
    this.#deliveries += 1;
    this.#underWay.set(account, underWay + 1);
    return delivery.start(limits.deliveryTimeout).then((taken) => {
      if (taken === 0 && this.#missed.size < limits.addresses) this.#missed.add(account);
      return taken;
    });
  }

  #over(account: string): void {
    this.#deliveries -= 1;
    const left = (this.#underWay.get(account) ?? 1) - 1;
    if (left > 0) this.#underWay.set(account, left);
    else this.#underWay.delete(account);
  }

  /** True, once: a device of the account has taken nothing of late. */
  takeMissed(account: string): boolean {
    return this.#missed.size > 0 && this.#missed.delete(account);
  }

  /** As it came, but for its way (RFC 3261 section 16.6). */
  #copy({ flow, contact, path }: Binding, { request, loopHash }: Original): Request {
    return this.#parts.forwarding.copy(request, { flow, uri: contact, path }, loopHash);
  }

  /** RFC 3428 section 4, out of any dialog. undefined: it says nothing to that device. */
  #write({ flow, contact, path, aor, accepts }: Binding, message: Element, now: number): Request | undefined {
    const content = contentFor(message, accepts, now);
    if (content === undefined) return undefined;
    const { domain, primitives, forwarding } = this.#parts;
    const token = toHex(primitives.random(12));
    const fields: Array<[string, ByteString]> = [
      ['From', `<${addressOfRecord(message.attributes['from'] ?? domain)}>;tag=${token.slice(0, 8)}`],
      ['To', `<${addressOfRecord(`${aor}@${domain}`)}>`],
      ['Call-ID', token.slice(8)],
      ['CSeq', '1 MESSAGE'],
    ];
    const subject = subjectOf(message);
    if (subject !== undefined) fields.push(['Subject', subject]);
    const time = sentAt(message);
    if (time !== undefined) fields.push(['Date', new Date(time).toUTCString()]);
    fields.push(['Content-Type', content.type]);
    const request = createRequest('MESSAGE', contact, fields, content.body);
    return forwarding.copy(request, { flow, path }, forwarding.loopHash(request));
  }
}

/** RFC 3840 section 10: a page that has its messages by XMPP registers without MESSAGE among its methods. */
function takesMessages({ contactParameters }: Binding): boolean {
  const methods = /;\s*methods\s*=\s*"([^"]*)"/i.exec(contactParameters)?.[1];
  return methods === undefined || /(?:^|,)\s*MESSAGE\s*(?:,|$)/i.test(methods);
}

/** One binding of each instance, its freshest (RFC 5626 section 7): the others are further ways to the same device. */
function devices(bindings: readonly Binding[]): readonly Binding[] {
  if (bindings.length < 2) return bindings;
  const instances = new Map<ByteString, Binding>();
  for (const binding of bindings) {
    const key = binding.regId === undefined || binding.instance === undefined ? binding.contact : binding.instance;
    const other = instances.get(key);
    if (other === undefined || other.registered < binding.registered) instances.set(key, binding);
  }
  return [...instances.values()];
}

/** A bare or full address as a SIP URI. */
function addressOfRecord(jid: string): ByteString {
  const address = bare(jid);
  const at = address.indexOf('@');
  if (at < 0) return `sip:${address}`;
  return `sip:${escapeUser(encodeUtf8(address.slice(0, at)))}@${address.slice(at + 1)}`;
}

/** One text to several people may have one id (RFC 5438 section 6.3) while both are on their way. */
function nameOf({ attributes: { to = '', id = '' } }: Element): string {
  return `${bare(to)} ${id}`;
}

function bare(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? jid : jid.slice(0, slash);
}
