import { createCancel } from './cancel.ts';
import type { ClientExchange, RequestUser } from './client-exchange.ts';
import { Dialog } from './dialog.ts';
import type { Request, Response } from './message.ts';
import { parseNameAddress } from './name-address.ts';
import type { ReferServer } from './refer.ts';
import { type ForgetCall, Session, type SessionEnd, type SessionOwner } from './session.ts';
import { SessionTimer } from './session-timer.ts';
import { transactionTimeout } from './timers.ts';
import { NOBODY } from './transaction-layer.ts';
import { ALLOW, bodyOf, CALL_EXTENSIONS, type UserAgentCore } from './user-agent-core.ts';
import type { Body, CallEnd, CallSnapshot, ExtraFields } from './user-agent-event.ts';

const RINGING_TIME = 180;

/**
 * A call of ours (RFC 3261 section 13.2): the INVITE, its forks, and the one leg that is accepted.
 *
 * Laws: each tag that answers is a leg of its own. The first 2xx wins; every other 2xx is acknowledged and ended by BYE,
 * and so is the first when it comes after we gave up. CANCEL goes out once, and only after a provisional response.
 */
export class OutgoingCall implements SessionOwner, RequestUser {
  readonly name: string;
  readonly outgoing = true;
  /** The accepted leg. */
  session: Session | undefined;
  private readonly core: UserAgentCore;
  private readonly forget: ForgetCall;
  private readonly callId: string;
  private readonly localTag: string;
  private readonly timerName: string;
  private readonly target: string;
  private readonly offer: Body | undefined;
  private readonly fields: ExtraFields;
  /** Who asked for this call (RFC 3515). */
  private readonly referrer: ReferServer | undefined;
  /** Only for what an INVITE says of it. */
  private readonly timer: SessionTimer;
  private readonly legs = new Map<string, Session>();
  private state: 'calling' | 'cancelling' | 'accepted' | 'ended' = 'calling';
  private sequence = 1;
  private exchange: ClientExchange | undefined;
  private provisional = false;
  private giveUp: { cause: CallEnd; reason: string | undefined } | undefined;
  private tooSmall: Response | undefined;

  constructor(
    core: UserAgentCore,
    parts: {
      name: string;
      target: string;
      offer: Body | undefined;
      fields: ExtraFields;
      referrer?: ReferServer;
      forget: ForgetCall;
    },
  ) {
    this.core = core;
    this.name = parts.name;
    this.target = parts.target;
    this.offer = parts.offer;
    this.fields = parts.fields;
    this.referrer = parts.referrer;
    this.forget = parts.forget;
    this.callId = core.token();
    this.localTag = core.token();
    this.timerName = `call ${core.nextId()}`;
    this.timer = new SessionTimer(core, this.timerName, { refresh: () => {}, expire: () => {} });
  }

  start(now: number): void {
    const ringing = (this.core.options.ringingTime ?? RINGING_TIME) * 1000;
    this.core.outbox.setTimer(`${this.timerName} ringing`, ringing, (at) => this.stopCalling('timeout', undefined, at));
    this.invite(now);
  }

  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }

  onResponse(response: Response, now: number): void {
    const { status } = response;
    if (status < 200) this.receiveProvisional(response, now);
    else if (status < 300) this.receiveAccepted(response, now);
    else this.receiveRejection(response, now);
  }

  onFailure(status: 408 | 503, now: number): void {
    const cause = this.giveUp?.cause ?? (status === 408 ? 'timeout' : 'transport');
    this.end({ cause, remote: false, status }, now);
  }

  hangUp(reason: string | undefined, fields: ExtraFields | undefined, now: number, cause: CallEnd = 'hungUp'): void {
    if (this.session !== undefined) this.session.hangUp(fields, now, cause);
    else this.stopCalling(cause === 'hungUp' ? 'cancelled' : cause, reason, now);
  }

  sessionEnded(session: Session, end: SessionEnd, now: number): void {
    if (session === this.session) this.end(end, now);
  }

  snapshot(): CallSnapshot {
    const { session } = this;
    return {
      call: this.name,
      callId: this.callId,
      outgoing: true,
      state: this.state === 'ended' ? 'ended' : (session?.state ?? 'early'),
      localTag: this.localTag,
      ...(session === undefined ? {} : { remoteTag: session.dialog.remoteTag }),
      remote: session?.dialog.remoteAddress ?? parseNameAddress(`<${this.target}>`),
      remoteAllow: session?.remoteAllow ?? [],
      remoteReplaces: session?.remoteReplaces ?? false,
      stable: session?.stable ?? false,
    };
  }

  /** The leg that a command means: the named one, else the accepted one, else the only one. */
  leg(tag?: string): Session | undefined {
    if (tag !== undefined) return this.legs.get(tag);
    if (this.session !== undefined) return this.session;
    const open = [...this.legs.values()].filter((leg) => leg.state !== 'ended');
    return open.find((leg) => leg.offers.open !== undefined) ?? open[0];
  }

  private invite(now: number): void {
    const fields: [string, string][] = [
      ['Contact', this.core.contact()],
      ['Allow', ALLOW],
      ['Supported', [...CALL_EXTENSIONS, ...(this.core.outbound ? ['outbound'] : [])].join(', ')],
      ...this.timer.requestFields(),
    ];
    for (const [name, value] of this.fields) fields.push([name, value]);
    const request = this.core.createRequest('INVITE', this.target, {
      callId: this.callId,
      fromTag: this.localTag,
      sequence: this.sequence,
      fields,
      body: this.offer,
    });
    this.provisional = false;
    this.exchange = this.core.send(request, this, now);
  }

  private receiveProvisional(response: Response, now: number): void {
    if (this.state === 'accepted' || this.state === 'ended') return;
    this.provisional = true;
    if (this.state === 'cancelling') this.cancel(now);
    const { status, reason } = response;
    if (status === 100 || this.state !== 'calling') return;
    const leg = this.legOf(response);
    this.referrer?.notify(status, reason, false, now);
    this.core.event({ type: 'progress', call: this.name, leg: response.to.tag ?? '', status, reason, response });
    leg?.readCapabilities(response);
    leg?.receiveProvisional(response, now);
  }

  private receiveAccepted(response: Response, now: number): void {
    const invite = (this.exchange as ClientExchange).request;
    let leg = this.legs.get(response.to.tag ?? '');
    if (leg?.dialog.confirmed) {
      leg.repeatAck(invite.cseq.sequence);
      return;
    }
    leg ??= this.createLeg(invite, response);
    if (leg === undefined) return;
    leg.dialog.confirm(response);
    if (this.state === 'calling') {
      this.accepted(leg, invite, response, now);
      return;
    }
    if (leg.state === 'ended') leg = this.replaceLeg(invite, response);
    leg.sendAck(invite, undefined);
    leg.hangUp(undefined, now);
    if (this.state === 'cancelling') this.end({ cause: this.giveUp?.cause ?? 'cancelled', remote: false }, now);
  }

  private accepted(leg: Session, invite: Request, response: Response, now: number): void {
    const { name: call } = this;
    this.state = 'accepted';
    this.session = leg;
    this.core.outbox.clearTimer(`${this.timerName} ringing`);
    for (const other of this.legs.values()) if (other !== leg) other.discard(now);
    this.referrer?.notify(200, 'OK', true, now);
    leg.state = 'accepted';
    leg.readCapabilities(response);
    this.core.event({ type: 'accepted', call, leg: leg.leg, response });
    const body = bodyOf(response);
    if (leg.offers.state === 'offered') {
      // COMPAT: a peer that gave its answer in an unreliable 183 only
      const answer = body ?? leg.preview;
      if (answer !== undefined) {
        leg.offers.answered(answer);
        this.core.event({ type: 'answer', call, leg: leg.leg, body: answer, final: true });
      }
    } else if (leg.awaitsOffer && body !== undefined) {
      this.receiveOffer(leg, invite, body);
      leg.timer.accepted(response, now);
      return;
    }
    leg.sendAck(invite, undefined);
    if (!leg.offers.established && leg.offers.state !== 'owing') {
      leg.hangUpFor('protocol', now);
      return;
    }
    leg.timer.accepted(response, now);
    this.confirmed(leg);
  }

  /** The 2xx has the offer: its ACK carries the answer (RFC 3261 section 13.2.2.4). */
  private receiveOffer(leg: Session, invite: Request, body: Body): void {
    leg.awaitsOffer = false;
    leg.holdAck(invite);
    leg.offers.receiveOffer(body, {
      answer: (answer) => {
        leg.offers.answer(answer);
        leg.sendAck(invite, answer);
        this.confirmed(leg);
      },
      reject: (_status, _reason, _fields, at) => {
        leg.offers.close();
        leg.hangUp(undefined, at);
      },
    });
    this.core.event({ type: 'offer', call: this.name, leg: leg.leg, body, method: 'INVITE', inResponse: true });
  }

  private confirmed(leg: Session): void {
    leg.state = 'confirmed';
    this.core.event({ type: 'confirmed', call: this.name, leg: leg.leg });
  }

  private receiveRejection(response: Response, now: number): void {
    const { status, reason } = response;
    if (status === 422 && this.state === 'calling' && this.timer.tooSmall(response)) {
      this.tooSmall = response;
      this.sequence += 1;
      this.invite(now);
      return;
    }
    const cause = this.giveUp?.cause ?? 'rejected';
    this.end({ cause, remote: this.giveUp === undefined, status, reason, response }, now);
  }

  private stopCalling(cause: CallEnd, reason: string | undefined, now: number): void {
    if (this.state !== 'calling') return;
    this.state = 'cancelling';
    this.giveUp = { cause, reason };
    if (this.exchange !== undefined) this.exchange.abandoned = true;
    this.core.outbox.clearTimer(`${this.timerName} ringing`);
    if (this.provisional) this.cancel(now);
  }

  private cancel(now: number): void {
    const { exchange, giveUp } = this;
    if (exchange === undefined || giveUp === undefined || exchange.cancelled) return;
    exchange.cancelled = true;
    this.core.transactions.send(createCancel(exchange.request, giveUp.reason), NOBODY, now);
    // No final response to the INVITE in that time: it counts as cancelled (RFC 3261 section 9.1)
    this.core.outbox.setTimer(`${this.timerName} cancelled`, transactionTimeout(this.core.timers), (at) => {
      this.core.transactions.forget(exchange.request, at);
      this.end({ cause: giveUp.cause, remote: false }, at);
    });
  }

  /** The early dialog of a provisional response. COMPAT: without a tag or Contact (RFC 2543) there is none. */
  private legOf(response: Response): Session | undefined {
    const { tag } = response.to;
    if (tag === undefined || !response.has('contact')) return undefined;
    return this.legs.get(tag) ?? this.createLeg((this.exchange as ClientExchange).request, response);
  }

  private createLeg(invite: Request, response: Response): Session | undefined {
    if (this.legs.size >= this.core.limits.forks) return undefined;
    const leg = new Session(this.core, this, Dialog.fromResponse(invite, response));
    if (this.tooSmall !== undefined) leg.timer.tooSmall(this.tooSmall);
    if (this.offer === undefined) leg.awaitsOffer = true;
    else leg.offers.offer(this.offer);
    this.legs.set(leg.leg, leg);
    return leg;
  }

  /** An early leg that was discarded when another won, and accepts after all. */
  private replaceLeg(invite: Request, response: Response): Session {
    const leg = new Session(this.core, this, Dialog.fromResponse(invite, response));
    leg.dialog.confirm();
    this.legs.set(leg.leg, leg);
    return leg;
  }

  private end(end: SessionEnd, now: number): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.core.outbox.clearTimer(`${this.timerName} ringing`);
    this.core.outbox.clearTimer(`${this.timerName} cancelled`);
    for (const leg of this.legs.values()) leg.discard(now);
    this.referrer?.notify(end.status ?? 487, end.reason ?? 'Request Terminated', true, now);
    this.core.event({ type: 'ended', call: this.name, ...end });
    this.forget(this.name);
  }
}
