import { AcceptedResponse } from './accepted-response.ts';
import { Dialog } from './dialog.ts';
import type { Request, Response } from './message.ts';
import { supports, tokens } from './option-tags.ts';
import { ReliableProvisional, type ReliableProvisionalUser } from './reliable-provisional.ts';
import { type ForgetCall, Session, type SessionEnd, type SessionOwner } from './session.ts';
import { reasonOf } from './session-requests.ts';
import type { InviteUser, ServerTransaction } from './transaction-layer.ts';
import { ALLOW, bodyOf, CALL_EXTENSIONS, type ReplyParts, type UserAgentCore } from './user-agent-core.ts';
import type { Body, CallEnd, CallSnapshot, ExtraFields } from './user-agent-event.ts';

const RINGING_TIME = 180;
/** A proxy gives up after three minutes without a word (RFC 3261 section 13.3.1.1). */
const RING_AGAIN = 60_000;

/**
 * A call to us (RFC 3261 section 13.3), from its INVITE to its final response; then its session goes on alone.
 *
 * Laws: one final response. A 2xx waits until every reliable provisional response is acknowledged (RFC 3262 section 3), and is
 * sent again until its own ACK. CANCEL, BYE and the ringing time end it only before the final response.
 */
export class IncomingCall implements SessionOwner, InviteUser, ReliableProvisionalUser {
  readonly name: string;
  readonly outgoing = false;
  readonly session: Session;
  readonly request: Request;
  /** The call that this one takes the place of when it is accepted. */
  readonly replaces: string | undefined;
  private readonly core: UserAgentCore;
  private readonly transaction: ServerTransaction;
  private readonly forget: ForgetCall;
  private readonly timerName: string;
  private readonly localTag: string;
  private readonly reliable: ReliableProvisional;
  /** The INVITE's offer is not yet answered reliably; an offer that is open besides came in an UPDATE or PRACK. */
  private owesAnswer = false;
  /** A PRACK with an offer waits for its answer. */
  private inPrack = false;
  private state: 'ringing' | 'accepted' | 'ended' = 'ringing';
  /** An accept that waits for a PRACK. */
  private waiting: { body: Body | undefined; fields: ExtraFields | undefined } | undefined;

  constructor(
    core: UserAgentCore,
    parts: { name: string; transaction: ServerTransaction; replaces: string | undefined; forget: ForgetCall },
  ) {
    this.core = core;
    this.name = parts.name;
    this.transaction = parts.transaction;
    this.request = parts.transaction.request;
    this.replaces = parts.replaces;
    this.forget = parts.forget;
    this.timerName = `call ${core.nextId()}`;
    this.localTag = core.token();
    this.session = new Session(core, this, Dialog.fromRequest(this.request, this.localTag));
    this.reliable = new ReliableProvisional(core, this.transaction, this);
  }

  start(): void {
    const { core, request, session } = this;
    core.transactions.attach(this.transaction, this);
    session.readCapabilities(request);
    const offer = bodyOf(request);
    if (offer !== undefined) {
      this.owesAnswer = true;
      session.offers.receiveOffer(offer, {
        answer: () => {
          throw new Error('An incoming call is answered by ring or accept');
        },
        reject: () => session.offers.close(),
      });
    }
    // The caller may want an answer sooner (section 13.3.1, item 1)
    const ringing = core.options.ringingTime ?? RINGING_TIME;
    const expires = request.expires ?? ringing;
    const status = expires < ringing ? 487 : 480;
    core.outbox.setTimer(`${this.timerName} ringing`, Math.min(ringing, expires) * 1000, (at) => {
      this.refuse(status, {}, { cause: 'timeout', remote: false, status }, at);
    });
    const referredBy = request.get('referred-by');
    core.event({
      type: 'incomingCall',
      call: this.name,
      callId: request.callId,
      from: request.from,
      to: request.to,
      request,
      ...(offer === undefined ? {} : { offer }),
      ...(this.replaces === undefined ? {} : { replaces: this.replaces }),
      ...(referredBy === undefined ? {} : { referredBy }),
    });
  }

  ring(
    options: { status?: number; reason?: string; body?: Body; reliable?: boolean; fields?: ExtraFields },
    now: number,
  ): void {
    this.expectRinging();
    const { body } = options;
    const status = options.status ?? 180;
    if (!(status > 100 && status < 200)) throw new RangeError('Not a provisional status');
    const required = tokens(this.request, 'require').includes('100rel');
    const supported = supports(this.request, '100rel');
    const reliable = supported && (options.reliable ?? (required || body !== undefined));
    if (body !== undefined && reliable) {
      if (!this.describe(body)) throw new Error('The offer has been answered');
    } else if (body !== undefined && !this.owesAnswer) throw new Error('An offer needs a reliable response');
    const response = this.createResponse(status, { reason: options.reason, fields: options.fields, body });
    this.core.outbox.clearTimer(`${this.timerName} ring`);
    if (reliable) this.reliable.send(response, now);
    else this.repeat(response, now);
  }

  accept(body: Body | undefined, fields: ExtraFields | undefined, now: number): void {
    this.expectRinging();
    if (this.waiting !== undefined) throw new Error('The call is being accepted');
    const { offers } = this.session;
    if (body === undefined && !offers.established && offers.state !== 'offered') {
      throw new Error('A session description is needed');
    }
    if (this.reliable.pending || this.inPrack) this.waiting = { body, fields };
    else this.sendAccepted(body, fields, now);
  }

  reject(status: number, parts: ReplyParts, now: number): void {
    this.expectRinging();
    if (!(status >= 300 && status < 700)) throw new RangeError('Not a rejection');
    this.refuse(status, parts, { cause: 'rejected', remote: false, status }, now);
  }

  hangUp(status: number, parts: ReplyParts, now: number, cause: CallEnd = 'hungUp'): void {
    if (this.state === 'ringing') {
      this.refuse(status, parts, { cause: cause === 'hungUp' ? 'rejected' : cause, remote: false, status }, now);
    } else this.session.hangUp(parts.fields, now, cause);
  }

  onCancel(cancel: Request, now: number): void {
    if (this.state !== 'ringing') return;
    const said = reasonOf(cancel);
    const elsewhere = said.status === 200 || said.reason?.toLowerCase() === 'call completed elsewhere';
    this.refuse(487, {}, { cause: elsewhere ? 'answeredElsewhere' : 'cancelled', remote: true, ...said }, now);
  }

  onAck(ack: Request, now: number): void {
    this.session.receiveAck(ack, now);
  }

  receivePrack(prack: Request, transaction: ServerTransaction, now: number): void {
    if (this.state !== 'ringing' || !this.reliable.receivePrack(prack, now)) {
      this.core.reply(transaction, 481, {}, now);
      return;
    }
    if (this.session.offers.state === 'offered' && bodyOf(prack) === undefined) {
      this.core.reply(transaction, 400, { reason: 'Answer Missing' }, now);
      this.refuse(500, { reason: 'Answer Missing' }, { cause: 'protocol', remote: true, status: 500 }, now);
      return;
    }
    this.inPrack = true;
    const settled = (at: number) => {
      this.inPrack = false;
      this.reliable.settled(at);
    };
    this.session.receivePrackBody(prack, transaction, settled, now);
  }

  provisionalsAcknowledged(now: number): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined && this.state === 'ringing') this.sendAccepted(waiting.body, waiting.fields, now);
  }

  provisionalLost(now: number): void {
    this.refuse(504, {}, { cause: 'timeout', remote: true, status: 504 }, now);
  }

  sessionEnded(_session: Session, end: SessionEnd, now: number): void {
    if (this.state === 'ringing') this.core.reply(this.transaction, 487, { toTag: this.localTag }, now);
    this.end(end);
  }

  snapshot(): CallSnapshot {
    const { session } = this;
    return {
      call: this.name,
      callId: this.request.callId,
      outgoing: false,
      state: session.state,
      localTag: this.localTag,
      remoteTag: session.dialog.remoteTag,
      remote: session.dialog.remoteAddress,
      remoteAllow: session.remoteAllow,
      remoteReplaces: session.remoteReplaces,
      stable: session.stable && this.state === 'accepted',
    };
  }

  leg(tag?: string): Session | undefined {
    return tag === undefined || tag === this.session.leg ? this.session : undefined;
  }

  private sendAccepted(body: Body | undefined, extra: ExtraFields | undefined, now: number): void {
    const { core, session, request } = this;
    const description = body !== undefined && this.describe(body) ? body : undefined;
    if (session.offers.state === 'offered') session.offeredIn = request.cseq.sequence;
    this.state = 'accepted';
    this.stop();
    session.state = 'accepted';
    session.dialog.confirm();
    const fields = [...session.timer.accept(request, now), ...(extra ?? [])];
    const response = this.createResponse(200, { fields, body: description });
    session.accept(new AcceptedResponse(core, this.transaction, response, session), now);
  }

  /** Whether the body is the INVITE's answer, or the offer that it asks for; not if both have been said. */
  private describe(body: Body): boolean {
    const { offers } = this.session;
    if (this.owesAnswer) {
      this.owesAnswer = false;
      offers.answer(body);
      return true;
    }
    if (offers.established || offers.state !== 'stable') return false;
    offers.offer(body);
    return true;
  }

  private createResponse(status: number, parts: ReplyParts): Response {
    const fields: (readonly [string, string])[] = [
      ['Contact', this.core.contact()],
      ['Allow', ALLOW],
      ['Supported', CALL_EXTENSIONS.join(', ')],
      ...(parts.fields ?? []),
    ];
    return this.core.createResponse(this.request, status, { ...parts, toTag: this.localTag, fields });
  }

  private repeat(response: Response, now: number): void {
    this.core.transactions.answer(this.transaction, response, now);
    this.core.outbox.setTimer(`${this.timerName} ring`, RING_AGAIN, (at) => this.repeat(response, at));
  }

  private refuse(status: number, parts: ReplyParts, end: SessionEnd, now: number): void {
    if (this.state !== 'ringing') return;
    this.state = 'ended';
    this.core.reply(this.transaction, status, { ...parts, toTag: this.localTag }, now);
    this.session.discard(now);
    this.end(end);
  }

  private end(end: SessionEnd): void {
    this.state = 'ended';
    this.stop();
    this.core.event({ type: 'ended', call: this.name, ...end });
    this.forget(this.name);
  }

  private stop(): void {
    this.reliable.stop();
    this.core.outbox.clearTimer(`${this.timerName} ringing`);
    this.core.outbox.clearTimer(`${this.timerName} ring`);
  }

  private expectRinging(): void {
    if (this.state !== 'ringing') throw new Error('The call does not ring');
  }
}
