import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { contactUri } from './dialog.ts';
import { parseDtmfRelay } from './dtmf-relay.ts';
import { parseEvent } from './event.ts';
import type { Request } from './message.ts';
import { OfferRequest, ReInvite } from './offer-request.ts';
import { unsupportedTags } from './option-tags.ts';
import { receiveMessage, receiveOptions } from './pager-message.ts';
import { reasons } from './reason.ts';
import { inviteToRefer, ReferServer } from './refer.ts';
import { serializeReplaces } from './replaces.ts';
import type { Session } from './session.ts';
import { checkSessionExpires, SessionIntervalTooSmall } from './session-timer.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import { bodyOf, CALL_EXTENSIONS } from './user-agent-core.ts';

/** Retry-After of a 500 is between 0 and 10 seconds (RFC 3261 section 14.2). */
const RETRY_AFTER_BOUND = 11;

/** The requests of the peer in a session's dialog, method by method (RFC 3261 section 12.2.2). */
export class SessionRequests {
  private readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  receive(request: Request, transaction: ServerTransaction, now: number): void {
    const { core } = this.session;
    if (this.session.state === 'ended') {
      this.receiveAfterEnd(request, transaction, now);
      return;
    }
    if (!this.session.dialog.receive(request)) {
      core.reply(transaction, 500, { reason: 'CSeq Out Of Order', fields: this.retryAfter() }, now);
      return;
    }
    const unknown = unsupportedTags(request, 'require', CALL_EXTENSIONS);
    if (unknown.length > 0 && request.method !== 'BYE') {
      core.reply(transaction, 420, { fields: [['Unsupported', unknown.join(', ')]] }, now);
      return;
    }
    try {
      this.receiveInOrder(request, transaction, now);
    } catch (error) {
      if (!(error instanceof SessionIntervalTooSmall)) throw error;
      core.reply(transaction, 422, { fields: [['Min-SE', String(error.least)]] }, now);
    }
  }

  private receiveInOrder(request: Request, transaction: ServerTransaction, now: number): void {
    const { core } = this.session;
    switch (request.method) {
      case 'BYE':
        core.reply(transaction, 200, {}, now);
        this.session.end({ cause: 'hungUp', remote: true, ...reasonOf(request) }, now);
        break;
      case 'INVITE':
        this.receiveReInvite(request, transaction, now);
        break;
      case 'UPDATE':
        this.receiveUpdate(request, transaction, now);
        break;
      case 'PRACK':
        if (this.session.owner.receivePrack === undefined) core.reply(transaction, 481, {}, now);
        else this.session.owner.receivePrack(request, transaction, now);
        break;
      case 'INFO':
        this.receiveInfo(request, transaction, now);
        break;
      case 'MESSAGE':
        receiveMessage(core, request, transaction, this.session.call, now);
        break;
      case 'OPTIONS':
        receiveOptions(core, transaction, now);
        break;
      case 'REFER':
        this.receiveRefer(request, transaction, now);
        break;
      case 'NOTIFY':
        this.receiveNotify(request, transaction, now);
        break;
      default:
        core.refuseMethod(transaction, now);
    }
  }

  private receiveReInvite(request: Request, transaction: ServerTransaction, now: number): void {
    const { core } = this.session;
    contactUri(request);
    const offering = this.session.offers.state === 'offered' || this.session.renegotiation.inviting;
    if (offering || (this.session.state === 'early' && this.session.ownsCallId)) core.reply(transaction, 491, {}, now);
    else if (
      this.session.offers.state === 'owing' ||
      this.session.reInvite !== undefined ||
      this.session.state === 'early'
    ) {
      core.reply(transaction, 500, { fields: this.retryAfter() }, now);
    } else {
      checkSessionExpires(this.session.core, request);
      new ReInvite(this.session, transaction).start();
    }
  }

  private receiveUpdate(request: Request, transaction: ServerTransaction, now: number): void {
    const body = bodyOf(request);
    checkSessionExpires(this.session.core, request);
    if (body === undefined) this.session.acceptUpdate(transaction, undefined, now);
    else if (this.session.offers.state === 'offered') this.session.core.reply(transaction, 491, {}, now);
    else if (this.session.offers.state === 'owing' || !this.session.offers.established) {
      this.session.core.reply(transaction, 500, { fields: this.retryAfter() }, now);
    } else new OfferRequest(this.session, transaction).start(body);
  }

  private receiveInfo(request: Request, transaction: ServerTransaction, now: number): void {
    const { call } = this.session;
    const body = bodyOf(request);
    const tone = body === undefined ? undefined : parseDtmfRelay(body);
    if (tone !== undefined) this.session.event({ type: 'dtmf', call, ...tone });
    else this.session.event({ type: 'info', call, request, ...(body === undefined ? {} : { body }) });
    this.session.core.reply(transaction, 200, {}, now);
  }

  /** Answered at once, since a person may take longer to decide than a transaction lives; the decision is notified. */
  private receiveRefer(request: Request, transaction: ServerTransaction, now: number): void {
    const { core, call } = this.session;
    const target = inviteToRefer(request);
    if (core.refers.size >= core.limits.refers) {
      core.reply(transaction, 603, {}, now);
      return;
    }
    core.reply(transaction, 202, { fields: [['Contact', core.contact()]] }, now);
    const server = new ReferServer(this.session, core.token(), request, target);
    this.session.referServers.add(server);
    core.refers.set(server.name, server);
    server.start(now);
    const { replaces } = target;
    const { uri, referredBy } = server;
    this.session.event({
      type: 'refer',
      call,
      refer: server.name,
      target: uri,
      request,
      ...(replaces === undefined ? {} : { replaces: serializeReplaces(replaces) }),
      ...(referredBy === undefined ? {} : { referredBy }),
    });
  }

  private receiveNotify(request: Request, transaction: ServerTransaction, now: number): void {
    const event = parseEvent(request.get('event') ?? '');
    if (event.package.toLowerCase() !== 'refer') {
      this.session.core.reply(transaction, 489, { fields: [['Allow-Events', 'refer']] }, now);
      return;
    }
    const { id } = event;
    const clients = [...this.session.referClients];
    const client = id === undefined ? clients[0] : clients.find((one) => String(one.sequence) === id);
    if (client === undefined) {
      this.session.core.reply(transaction, 481, { reason: 'Subscription Does Not Exist' }, now);
      return;
    }
    client.receiveNotify(request);
    this.session.core.reply(transaction, 200, {}, now);
  }

  /** A BYE that crossed ours, and the rest of a transfer (RFC 5057 section 4: the subscription is still there). */
  private receiveAfterEnd(request: Request, transaction: ServerTransaction, now: number): void {
    if (request.method === 'BYE') this.session.core.reply(transaction, 200, {}, now);
    else if (request.method === 'NOTIFY' && this.session.referClients.size > 0)
      this.receiveNotify(request, transaction, now);
    else this.session.core.reply(transaction, 481, {}, now);
  }

  private retryAfter(): [string, string][] {
    return [['Retry-After', String(this.session.core.randomBelow(RETRY_AFTER_BOUND))]];
  }
}

/** What a Reason field says (RFC 3326); a malformed one says nothing. */
export function reasonOf(request: Request): { status?: number; reason?: ByteString } {
  try {
    const said = reasons(request);
    const reason = said.find(({ protocol }) => protocol.toUpperCase() === 'SIP');
    const text = (reason ?? said[0])?.text;
    return {
      ...(reason?.cause === undefined ? {} : { status: reason.cause }),
      ...(text === undefined ? {} : { reason: text }),
    };
  } catch (error) {
    if (error instanceof ProtocolError) return {};
    throw error;
  }
}
