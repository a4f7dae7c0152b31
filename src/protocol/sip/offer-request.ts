import { AcceptedResponse } from './accepted-response.ts';
import type { Request } from './message.ts';
import type { OpenOffer } from './offer-answer.ts';
import type { Session } from './session.ts';
import type { InviteUser, ServerTransaction } from './transaction-layer.ts';
import { ALLOW, bodyOf, CALL_EXTENSIONS } from './user-agent-core.ts';
import type { Body, ExtraFields } from './user-agent-event.ts';

/** An UPDATE (RFC 3311 section 5.2) or PRACK (RFC 3262 section 5) with an offer, which its 200 is to answer. */
export class OfferRequest implements OpenOffer {
  private readonly session: Session;
  private readonly transaction: ServerTransaction;
  private readonly settled: ((now: number) => void) | undefined;

  constructor(session: Session, transaction: ServerTransaction, settled?: (now: number) => void) {
    this.session = session;
    this.transaction = transaction;
    this.settled = settled;
  }

  start(body: Body): void {
    const { session } = this;
    const { method } = this.transaction.request;
    session.offers.receiveOffer(body, this);
    session.event({ type: 'offer', call: session.call, leg: session.leg, body, method, inResponse: false });
  }

  answer(body: Body, now: number): void {
    this.session.offers.answer(body);
    this.session.acceptUpdate(this.transaction, body, now);
    this.settled?.(now);
  }

  reject(status: number, reason: string | undefined, fields: ExtraFields | undefined, now: number): void {
    this.session.offers.close();
    this.session.core.reply(this.transaction, status, { reason, fields }, now);
    this.settled?.(now);
  }
}

/** A re-INVITE of the peer's (RFC 3261 section 14.2), with an offer or asking for one, until its final response. */
export class ReInvite implements OpenOffer, InviteUser {
  private readonly session: Session;
  private readonly transaction: ServerTransaction;
  private readonly request: Request;
  private readonly offer: Body | undefined;

  constructor(session: Session, transaction: ServerTransaction) {
    this.session = session;
    this.transaction = transaction;
    this.request = transaction.request;
    this.offer = bodyOf(transaction.request);
  }

  start(): void {
    const { session, offer: body } = this;
    const { call, leg } = session;
    session.core.transactions.attach(this.transaction, this);
    session.reInvite = this;
    session.offers.receiveOffer(body, this);
    if (body === undefined) session.event({ type: 'offerRequested', call, leg });
    else session.event({ type: 'offer', call, leg, body, method: 'INVITE', inResponse: false });
  }

  answer(body: Body, now: number): void {
    const { session, request } = this;
    const { core, offers } = session;
    if (this.offer !== undefined) offers.answer(body);
    else {
      offers.close();
      offers.offer(body);
      session.offeredIn = request.cseq.sequence;
    }
    session.reInvite = undefined;
    session.dialog.refreshTarget(request);
    session.readCapabilities(request);
    const fields: [string, string][] = [
      ['Contact', core.contact()],
      ['Allow', ALLOW],
      ['Supported', CALL_EXTENSIONS.join(', ')],
      ...session.timer.accept(request, now),
    ];
    const response = core.createResponse(request, 200, { fields, body });
    session.accept(new AcceptedResponse(core, this.transaction, response, session), now);
  }

  reject(status: number, reason: string | undefined, fields: ExtraFields | undefined, now: number): void {
    this.session.offers.close();
    this.session.reInvite = undefined;
    this.session.core.reply(this.transaction, status, { reason, fields }, now);
  }

  onCancel(_cancel: Request, now: number): void {
    const { session } = this;
    if (session.reInvite !== this) return;
    this.reject(487, undefined, undefined, now);
    session.event({ type: 'offerAbandoned', call: session.call, leg: session.leg });
  }

  onAck(ack: Request, now: number): void {
    this.session.receiveAck(ack, now);
  }
}
