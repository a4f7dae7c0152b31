// The server as a message relay and store-and-forward server of its users (RFC 3428 sections 6 and 7): a MESSAGE for one of
// them goes to the inbox, which gives it to every device of either protocol, or keeps it.
import { type ByteString, encodeUtf8 } from '../../../protocol/byte-string.ts';
import { type Primitives, toHex } from '../../../protocol/primitives.ts';
import { createRequest } from '../../../protocol/sip/create.ts';
import type { Request } from '../../../protocol/sip/message.ts';
import { escapeUser } from '../../../protocol/sip/uri.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Inbox, MessageDevices, MessageOrigin } from '../../messaging/inbox.ts';
import { makeResponse } from '../answer.ts';
import { stripAsserted } from '../asserted-identity.ts';
import { removeOwnCredentials } from '../authentication.ts';
import type { Forwarding } from '../forward.ts';
import type { Identities } from '../identity.ts';
import type { Inbound } from '../inbound.ts';
import type { SipLimits } from '../limits.ts';
import type { Binding, Location } from '../location.ts';
import { ownText } from '../own-text.ts';
import type { Logger } from '../ports.ts';
import { ServerTransaction, type TransactionLayer } from '../transactions.ts';
import { learnAccepted } from './accepted-types.ts';
import { Delivery } from './delivery.ts';
import { mediaType, readMessage } from './incoming-message.ts';
import { hasMessageExpired } from './message-expiry.ts';
import { type Content, contentFor, isForDevices, sentAt } from './outgoing-message.ts';
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

const STATUS = { delivered: 200, stored: 202, dropped: 480 } as const;
const NO_DELIVERY = Promise.resolve(0);
const TAKEN = Promise.resolve(1);

export class Messages implements MessageDevices {
  readonly protocol = 'sip';
  readonly #parts: MessagesParts;
  /** Requests whose stanza is with the inbox, by that stanza's id: from phone to phone they pass as they are. */
  readonly #originals = new Map<string, { from: string | undefined; request: Request; loopHash: string }>();
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
    const id = message.attributes['id'] as string;
    const original = { from, request, loopHash: inbound.loopHash };
    this.#originals.set(id, original);
    server.start();
    const respond = (status: number) => {
      if (this.#originals.get(id) === original) this.#originals.delete(id);
      server.respond(makeResponse(request, status, undefined));
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
    learnAccepted(binding, [mediaType(request)]);
    return { protocol: 'sip', device: binding.contact };
  }

  // --- MessageDevices

  reachable(account: string): boolean {
    const { location, now } = this.#parts;
    return location.all(account).length > 0 && location.reachable(account, now()).length > 0;
  }

  deliver(account: string, message: Element, except?: string): Promise<number> {
    const { domain, limits, location } = this.#parts;
    const now = this.#parts.now();
    const bindings = location.reachable(account, now);
    if (bindings.length === 0 || !isForDevices(message)) return NO_DELIVERY;
    const { from, to, id } = message.attributes;
    // A copy of what its owner has written elsewhere (XEP-0280): to a phone it would be a message like any other.
    if (from?.startsWith(`${account}@${domain}`) && !to?.startsWith(`${account}@${domain}`)) return NO_DELIVERY;
    if (hasMessageExpired(message, now)) return TAKEN; // nobody is to have it any more
    const underWay = this.#underWay.get(account) ?? 0;
    if (this.#deliveries >= limits.deliveries || underWay >= limits.deliveriesPerAccount) return NO_DELIVERY;
    const original = id === undefined ? undefined : this.#originals.get(id);
    const requests: Array<[Binding, () => Request]> = [];
    for (const binding of devices(bindings)) {
      if (binding.contact === except) continue;
      if (original !== undefined && original.from === from)
        requests.push([binding, () => this.#copy(binding, original.request, original.loopHash)]);
      else {
        const content = contentFor(message, binding.accepts, now);
        if (content !== undefined) requests.push([binding, () => this.#write(binding, message, content)]);
      }
    }
    if (requests.length === 0) return NO_DELIVERY;
    this.#deliveries += 1;
    this.#underWay.set(account, underWay + 1);
    return new Promise((resolve) => {
      const decided = (taken: number) => {
        if (taken === 0 && this.#missed.size < limits.addresses) this.#missed.add(account);
        resolve(taken);
      };
      const delivery = new Delivery(this.#parts, requests.length, decided, () => this.#over(account));
      for (const [binding, make] of requests) delivery.try(binding.flow, make());
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
  #copy({ flow, contact, path }: Binding, request: Request, loopHash: string): Request {
    return this.#parts.forwarding.copy(request, { flow, uri: contact, path }, loopHash);
  }

  /** RFC 3428 section 4, out of any dialog. */
  #write({ flow, contact, path, aor }: Binding, message: Element, { type, body }: Content): Request {
    const { domain, primitives, forwarding } = this.#parts;
    const token = toHex(primitives.random(12));
    const fields: Array<[string, ByteString]> = [
      ['From', `<${addressOfRecord(message.attributes['from'] ?? domain)}>;tag=${token.slice(0, 8)}`],
      ['To', `<${addressOfRecord(`${aor}@${domain}`)}>`],
      ['Call-ID', token.slice(8)],
      ['CSeq', '1 MESSAGE'],
    ];
    const subject = message.childText('subject');
    if (subject) fields.push(['Subject', encodeUtf8(subject.replace(/\s+/g, ' '))]);
    const time = sentAt(message);
    if (time !== undefined) fields.push(['Date', new Date(time).toUTCString()]);
    fields.push(['Content-Type', type]);
    const request = createRequest('MESSAGE', contact, fields, body);
    return forwarding.copy(request, { flow, path }, forwarding.loopHash(request));
  }
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

/** A bare address (or a full one, whose resource is left out) as a SIP URI. */
function addressOfRecord(jid: string): ByteString {
  const slash = jid.indexOf('/');
  const bare = slash < 0 ? jid : jid.slice(0, slash);
  const at = bare.indexOf('@');
  const uri = at < 0 ? `sip:${bare}` : `sip:${escapeUser(encodeUtf8(bare.slice(0, at)))}@${bare.slice(at + 1)}`;
  return ownText(uri);
}
