import type { ByteString } from '../byte-string.ts';
import type { AcceptedResponse, AcceptedResponseUser } from './accepted-response.ts';
import type { ClientExchange, RequestUser } from './client-exchange.ts';
import type { Dialog } from './dialog.ts';
import type { Message, Request, Response } from './message.ts';
import { OfferAnswer } from './offer-answer.ts';
import { OfferRequest, type ReInvite } from './offer-request.ts';
import { ProvisionalReceiver, serializeRAck } from './provisional-receiver.ts';
import { ReferClient, type ReferServer } from './refer.ts';
import { Renegotiation } from './renegotiation.ts';
import { SessionRequests } from './session-requests.ts';
import { SessionTimer, type SessionTimerUser } from './session-timer.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import { bodyOf, type DialogUser, listed, type UserAgentCore } from './user-agent-core.ts';
import type { Body, CallEnd, CallName, ExtraFields, LegName, UserAgentEvent } from './user-agent-event.ts';

export interface SessionEnd {
  readonly cause: CallEnd;
  readonly remote: boolean;
  readonly status?: number;
  readonly reason?: ByteString;
  readonly response?: Response;
}

/** How a call tells its user agent that it has ended. */
export type ForgetCall = (call: CallName) => void;

/** The call that a session belongs to. */
export interface SessionOwner {
  readonly name: CallName;
  /** It made the Call-ID (RFC 3261 section 14.1). */
  readonly outgoing: boolean;
  sessionEnded(session: Session, end: SessionEnd, now: number): void;
  /** A PRACK for a provisional response of ours; 481 without. */
  receivePrack?(prack: Request, transaction: ServerTransaction, now: number): void;
}

/**
 * An INVITE session in one dialog (RFC 3261 sections 12 to 15): what both sides may do in it once the dialog is there, early
 * or confirmed. How it came about is OutgoingCall's and IncomingCall's.
 */
export class Session implements DialogUser, AcceptedResponseUser, SessionTimerUser, RequestUser {
  readonly core: UserAgentCore;
  readonly dialog: Dialog;
  readonly timerName: string;
  readonly offers = new OfferAnswer();
  readonly timer: SessionTimer;
  readonly renegotiation: Renegotiation;
  state: 'early' | 'accepted' | 'confirmed' | 'ended' = 'early';
  /** Methods the peer allows, as far as it said. */
  remoteAllow: string[] = [];
  /** The peer knows Replaces (RFC 3891), as it said last. */
  remoteReplaces = false;
  /** The peer's re-INVITE that waits for our answer. */
  reInvite: ReInvite | undefined;
  /** The INVITE whose 2xx carried our offer: its ACK has the answer. */
  offeredIn: number | undefined;
  /** A session description in an unreliable provisional response. */
  preview: Body | undefined;
  /** Our INVITE had no offer: the peer's first reliable response has one. */
  awaitsOffer = false;
  provisionals = new ProvisionalReceiver();
  readonly owner: SessionOwner;
  private readonly requests: SessionRequests;
  private readonly unacknowledged = new Map<number, AcceptedResponse>();
  private lastAck: { sequence: number; text: ByteString } | undefined;
  /** The INVITE whose 2xx waits for our answer to be acknowledged. */
  private heldAck: Request | undefined;
  /** To be sent as soon as the 2xx is acknowledged (RFC 3261 section 15). */
  private byeWanted: { fields: ExtraFields | undefined; cause: CallEnd } | undefined;
  private leaving = false;
  readonly referClients = new Set<ReferClient>();
  readonly referServers = new Set<ReferServer>();

  constructor(core: UserAgentCore, owner: SessionOwner, dialog: Dialog) {
    this.core = core;
    this.owner = owner;
    this.dialog = dialog;
    this.timerName = `dialog ${core.nextId()}`;
    this.timer = new SessionTimer(core, this.timerName, this);
    this.renegotiation = new Renegotiation(this);
    this.requests = new SessionRequests(this);
    core.dialogs.set(dialog.id, this);
  }

  get call(): CallName {
    return this.owner.name;
  }

  get leg(): LegName {
    return this.dialog.remoteTag;
  }

  get ownsCallId(): boolean {
    return this.owner.outgoing;
  }

  /** An offer could be sent now. */
  get stable(): boolean {
    return this.offers.state === 'stable' && !this.renegotiation.busy && this.unacknowledged.size === 0;
  }

  event(event: UserAgentEvent): void {
    if (this.state !== 'ended') this.core.event(event);
  }

  readCapabilities(message: Message): void {
    if (message.has('allow')) this.remoteAllow = listed(message, 'allow').slice(0, 32);
    if (message.has('supported'))
      this.remoteReplaces = listed(message, 'supported').some((tag) => tag.toLowerCase() === 'replaces');
  }

  // What we send

  send(
    method: string,
    fields: readonly (readonly [string, string])[],
    body: Body | undefined,
    user: RequestUser,
    now: number,
  ): ClientExchange {
    return this.core.send(this.createRequest(method, fields, body), user, now);
  }

  /** The ACK of a 2xx: a request of its own, with the INVITE's CSeq and credentials (RFC 3261 section 13.2.2.4). */
  sendAck(invite: Request, body: Body | undefined): void {
    const fields: [string, string][] = [];
    for (const name of ['authorization', 'proxy-authorization']) {
      for (const value of invite.all(name)) fields.push([name, value]);
    }
    const { sequence } = invite.cseq;
    const text = this.createRequest('ACK', fields, body, sequence).serialize();
    this.lastAck = { sequence, text };
    this.heldAck = undefined;
    this.core.outbox.send(text);
  }

  /** A retransmitted 2xx gets the same ACK. */
  repeatAck(sequence: number): void {
    if (this.lastAck?.sequence === sequence) this.core.outbox.send(this.lastAck.text);
  }

  /** Holds the ACK until `offers.open` is answered. */
  holdAck(invite: Request): void {
    this.heldAck = invite;
  }

  accept(accepted: AcceptedResponse, now: number): void {
    this.unacknowledged.set(accepted.sequence, accepted);
    accepted.start(now);
  }

  /** The 200 to an UPDATE or PRACK. */
  acceptUpdate(transaction: ServerTransaction, body: Body | undefined, now: number): void {
    const { request } = transaction;
    const fields: [string, string][] = [];
    if (request.method === 'UPDATE') {
      this.dialog.refreshTarget(request);
      this.readCapabilities(request);
      fields.push(['Contact', this.core.contact()], ...this.timer.accept(request, now));
    }
    this.core.reply(transaction, 200, { fields, body }, now);
  }

  refer(name: string, fields: [string, string][], now: number): void {
    for (const client of this.referClients) if (client.name === name) throw new Error('A transfer has this name');
    const client = new ReferClient(this, name);
    this.referClients.add(client);
    client.start(fields, now);
  }

  referEnded(client: ReferClient): void {
    this.referClients.delete(client);
    this.forget();
  }

  referServed(server: ReferServer): void {
    this.referServers.delete(server);
    this.core.refers.delete(server.name);
    this.forget();
  }

  // Its end

  /** BYE now, or as soon as the RFC allows. */
  hangUp(fields: ExtraFields | undefined, now: number, cause: CallEnd = 'hungUp'): void {
    if (this.state === 'ended') return;
    if (this.state === 'accepted' && this.unacknowledged.size > 0) {
      this.byeWanted = { fields, cause };
      return;
    }
    if (this.heldAck !== undefined) this.sendAck(this.heldAck, undefined);
    this.sendBye(fields, now);
    this.end({ cause, remote: false }, now);
  }

  hangUpFor(cause: CallEnd, now: number): void {
    this.hangUp(undefined, now, cause);
  }

  /** The peer does not know the dialog any more (481) or does not answer (408): RFC 3261 section 12.2.1.2. */
  expireDialog(status: number, now: number): void {
    if (this.state === 'ended') return;
    if (status === 408) this.sendBye(undefined, now);
    this.end({ cause: 'expired', remote: status === 481, status }, now);
  }

  end(end: SessionEnd, now: number): void {
    if (this.state === 'ended') return;
    this.discard(now);
    this.owner.sessionEnded(this, end, now);
  }

  /** Ends without a word: a leg that lost. */
  discard(now: number): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.reInvite?.reject(487, undefined, undefined, now);
    this.offers.open?.reject(487, undefined, undefined, now);
    this.timer.stop();
    this.renegotiation.stop();
    for (const accepted of this.unacknowledged.values()) accepted.stop();
    this.unacknowledged.clear();
    this.core.outbox.clearTimer(`${this.timerName} glare`);
    this.forget();
  }

  // Session timer

  refresh(now: number): void {
    if (this.state !== 'confirmed') return;
    if (!this.stable || this.reInvite !== undefined) {
      this.timer.refreshAfter(2_000, now);
      return;
    }
    const update = this.remoteAllow.includes('UPDATE') || this.offers.local === undefined;
    const method = update ? 'UPDATE' : 'INVITE';
    this.provisionals = new ProvisionalReceiver();
    this.renegotiation.start({ method, body: update ? undefined : this.offers.local, automatic: true }, now);
  }

  expire(now: number): void {
    this.hangUpFor('expired', now);
  }

  // What we receive

  /** A provisional response to an INVITE of ours: its session description, its PRACK. */
  receiveProvisional(response: Response, now: number): void {
    const received = this.provisionals.receive(response);
    const body = bodyOf(response);
    if (received === 'dropped') return;
    if (received === 'unreliable') {
      if (body === undefined || this.offers.state !== 'offered') return;
      this.preview = body;
      this.event({ type: 'answer', call: this.call, leg: this.leg, body, final: false });
      return;
    }
    const fields: [string, string][] = [['RAck', serializeRAck(received)]];
    if (body !== undefined && this.offers.state === 'stable' && this.awaitsOffer) {
      this.awaitsOffer = false;
      this.offers.receiveOffer(body, {
        answer: (answer, at) => {
          this.offers.answer(answer);
          this.send('PRACK', fields, answer, this, at);
        },
        // Without the answer that is owed the peer ends the call
        reject: (_status, _reason, _fields, at) => {
          this.offers.close();
          this.send('PRACK', fields, undefined, this, at);
        },
      });
      this.event({ type: 'offer', call: this.call, leg: this.leg, body, method: 'INVITE', inResponse: true });
      return;
    }
    if (body !== undefined && this.offers.state === 'offered') {
      this.offers.answered(body);
      this.event({ type: 'answer', call: this.call, leg: this.leg, body, final: true });
    }
    this.send('PRACK', fields, undefined, this, now);
  }

  receiveAck(ack: Request, now: number): void {
    const accepted = this.unacknowledged.get(ack.cseq.sequence);
    if (accepted !== undefined) accepted.receiveAck(ack, now);
  }

  acknowledged(accepted: AcceptedResponse, ack: Request, now: number): void {
    this.unacknowledged.delete(accepted.sequence);
    if (this.state === 'ended') return;
    const missing = this.receiveAnswer(accepted, ack);
    if (this.state === 'accepted') {
      this.state = 'confirmed';
      this.event({ type: 'confirmed', call: this.call, leg: this.leg });
    }
    if (this.byeWanted !== undefined) this.hangUp(this.byeWanted.fields, now, this.byeWanted.cause);
    else if (missing) this.hangUpFor('protocol', now);
  }

  notAcknowledged(accepted: AcceptedResponse, now: number): void {
    this.unacknowledged.delete(accepted.sequence);
    if (this.byeWanted !== undefined) this.hangUp(this.byeWanted.fields, now, this.byeWanted.cause);
    else this.hangUpFor('noAck', now);
  }

  receive(request: Request, transaction: ServerTransaction, now: number): void {
    this.requests.receive(request, transaction, now);
  }

  /** A PRACK's session description (RFC 3262 section 5). `settled` is called once it is answered. */
  receivePrackBody(prack: Request, transaction: ServerTransaction, settled: (now: number) => void, now: number): void {
    const body = bodyOf(prack);
    if (body !== undefined && this.offers.state === 'offered') {
      this.offers.answered(body);
      this.event({ type: 'answer', call: this.call, leg: this.leg, body, final: true });
    } else if (body !== undefined && this.offers.state === 'stable') {
      new OfferRequest(this, transaction, settled).start(body);
      return;
    }
    this.core.reply(transaction, 200, {}, now);
    settled(now);
  }

  /** True: the ACK lacks the answer to our offer. */
  private receiveAnswer(accepted: AcceptedResponse, ack: Request): boolean {
    if (this.offers.state !== 'offered' || this.offeredIn !== accepted.sequence) return false;
    this.offeredIn = undefined;
    const body = bodyOf(ack);
    if (body === undefined) {
      this.offers.close();
      return true;
    }
    this.offers.answered(body);
    this.event({ type: 'answer', call: this.call, leg: this.leg, body, final: true });
    return false;
  }

  // Requests nobody waits for: BYE and PRACK

  nextSequence(): number {
    return this.dialog.nextSequence();
  }

  onResponse(response: Response, _now: number): void {
    if (response.cseq.method === 'BYE' && response.status >= 200) this.left();
  }

  /** A BYE that the transport has lost is sent again over the next one. */
  onFailure(status: 408 | 503, _now: number): void {
    if (!this.leaving) return;
    if (status === 503) this.core.whenConnected((at) => this.sendBye(undefined, at));
    this.left();
  }

  private sendBye(fields: ExtraFields | undefined, now: number): void {
    this.leaving = true;
    this.send('BYE', fields ?? [], undefined, this, now);
  }

  private left(): void {
    this.leaving = false;
    this.forget();
  }

  private forget(): void {
    if (this.state !== 'ended' || this.leaving || this.referClients.size > 0) return;
    if (this.core.dialogs.get(this.dialog.id) === this) this.core.dialogs.delete(this.dialog.id);
  }

  private createRequest(
    method: string,
    fields: readonly (readonly [string, string])[],
    body: Body | undefined,
    sequence?: number,
  ): Request {
    const all: (readonly [string, string])[] = [...fields, ['User-Agent', this.core.product]];
    if (body !== undefined) all.push(['Content-Type', body.type]);
    return this.dialog.createRequest(method, {
      via: this.core.via(),
      fields: all,
      body: body?.content ?? '',
      ...(sequence === undefined ? {} : { sequence }),
    });
  }
}
