import type { ByteString } from '../byte-string.ts';
import { type Dialog, dialogId } from './dialog.ts';
import { serializeDtmfRelay } from './dtmf-relay.ts';
import { IncomingCall } from './incoming-call.ts';
import type { Request } from './message.ts';
import type { OpenOffer } from './offer-answer.ts';
import { unsupportedTags } from './option-tags.ts';
import { OutgoingCall } from './outgoing-call.ts';
import { OwnRequest } from './own-request.ts';
import { receiveMessage, receiveOptions } from './pager-message.ts';
import { Reception } from './reception.ts';
import type { ReferServer } from './refer.ts';
import { serializeReferTo } from './refer-to.ts';
import { Registration } from './registration.ts';
import { parseReplaces, type Replaces, serializeReplaces } from './replaces.ts';
import { type ForgetCall, Session } from './session.ts';
import { checkSessionExpires } from './session-timer.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import { parseUri } from './uri.ts';
import { CALL_EXTENSIONS, UserAgentCore } from './user-agent-core.ts';
import type { Body, CallName, CallSnapshot, ExtraFields, UserAgentOutput } from './user-agent-event.ts';
import type { UserAgentOptions } from './user-agent-options.ts';

export interface InviteOptions {
  /** None: the peer is to offer (delayed offer): event `offer`, then `answer()`. */
  readonly offer?: Body;
  readonly fields?: ExtraFields;
  /** Take the place of this call of ours at the target: its dialog goes into Replaces (RFC 3891). */
  readonly replaces?: CallName;
}

export interface RingOptions {
  /** 101 to 199. Default: 180. */
  readonly status?: number;
  readonly reason?: string;
  /** The answer (early media), or the offer when the INVITE had none. */
  readonly body?: Body;
  /** Default: reliable (RFC 3262) when there is a body and the caller supports it, or when the caller requires it. */
  readonly reliable?: boolean;
  readonly fields?: ExtraFields;
}

export interface EndOptions {
  /** Of a rejection. Default: 486 for `reject`, 603 for `hangUp` of a call that rings. */
  readonly status?: number;
  readonly reason?: string;
  /** E.g. `['Reason', 'SIP;cause=200;text="Call completed elsewhere"']`, `['Contact', '<sip:bob2@example.test>']`. */
  readonly fields?: ExtraFields;
}

export interface RequestOptions {
  readonly body?: Body;
  readonly fields?: ExtraFields;
  /** Send it in the dialog of this call; `target` is then not used. */
  readonly call?: CallName;
}

/**
 * A SIP user agent without I/O (RFC 3261 section 8): registration, calls, transfer, messages over one transport at a time.
 * Everything it wants done comes back as outputs, in order. Misuse by the caller (an unknown call, a state in which the
 * command makes no sense) throws an `Error`; nothing that is received ever does.
 */
export class UserAgent {
  private readonly core: UserAgentCore;
  private readonly reception: Reception;
  private readonly registration: Registration;
  private readonly calls = new Map<CallName, IncomingCall | OutgoingCall>();
  private readonly forget: ForgetCall;

  constructor(options: UserAgentOptions) {
    this.core = new UserAgentCore(options);
    this.registration = new Registration(this.core);
    this.reception = new Reception(this.core, (request, transaction, now) => {
      this.receiveOutside(request, transaction, now);
    });
    this.forget = (call) => {
      this.calls.delete(call);
    };
  }

  /** One SIP message from the transport. */
  receive(text: ByteString, now: number): UserAgentOutput[] {
    if (text.length > this.core.limits.messageSize) {
      this.core.event({
        type: 'malformed',
        code: 'SIP_MESSAGE_SIZE',
        message: 'Message Too Large',
        text: text.slice(0, 256),
      });
    } else if (!/^[\r\n\0]*$/.test(text)) this.reception.receive(text, now);
    return this.core.outbox.take();
  }

  timer(name: string, now: number): UserAgentOutput[] {
    this.core.outbox.fire(name, now);
    return this.core.outbox.take();
  }

  /**
   * A transport is there: the first, or a new connection in place of a lost one. Calls go on over it; registers again
   * when `register` was in force. Requests that wait for an answer over udp are left alone; over a new connection those
   * sent on the old one have been ended by `transportLost`.
   */
  transportConnected(now: number): UserAgentOutput[] {
    if (this.core.transactions.connected) this.core.lost(now);
    this.core.connected(now);
    this.registration.connected(now);
    return this.core.outbox.take();
  }

  /** The connection is gone: pending client transactions end (503). Established calls and their timers stay. */
  transportLost(now: number): UserAgentOutput[] {
    this.core.lost(now);
    return this.core.outbox.take();
  }

  /** Registers and keeps it refreshed until `unregister`; also to be called after `registrationFailed`, when it suits. */
  register(now: number): UserAgentOutput[] {
    this.registration.register(now);
    return this.core.outbox.take();
  }

  /** Removes this contact's binding: event `unregistered` whatever the answer. */
  unregister(now: number): UserAgentOutput[] {
    this.registration.unregister(now);
    return this.core.outbox.take();
  }

  /** Calls `target` (a URI). `call` is the caller's choice of a name that is not in use. */
  invite(call: CallName, target: ByteString, options: InviteOptions, now: number): UserAgentOutput[] {
    const fields: (readonly [string, ByteString])[] = [...(options.fields ?? [])];
    if (options.replaces !== undefined) {
      fields.push(['Replaces', serializeReplaces(replacesOf(this.session(options.replaces).dialog))]);
    }
    this.startCall({ name: call, target, offer: options.offer, fields }, now);
    return this.core.outbox.take();
  }

  /** A provisional response to an incoming call. Without it, the caller hears of nothing but 100. */
  ring(call: CallName, options: RingOptions, now: number): UserAgentOutput[] {
    this.incoming(call).ring(options, now);
    return this.core.outbox.take();
  }

  /**
   * 200 to an incoming call, repeated until acknowledged. `body`: the answer, or the offer when the INVITE had none;
   * to be left out when `ring` has reliably carried the answer. Waits for an outstanding PRACK by itself.
   */
  accept(call: CallName, body: Body | undefined, now: number, fields?: ExtraFields): UserAgentOutput[] {
    const incoming = this.incoming(call);
    incoming.accept(body, fields, now);
    const replaced = incoming.replaces === undefined ? undefined : this.calls.get(incoming.replaces);
    if (replaced instanceof OutgoingCall) replaced.hangUp(undefined, undefined, now, 'replaced');
    else replaced?.hangUp(603, {}, now, 'replaced');
    return this.core.outbox.take();
  }

  /** A final response >= 300 to an incoming call. */
  reject(call: CallName, options: EndOptions, now: number): UserAgentOutput[] {
    this.incoming(call).reject(options.status ?? 486, options, now);
    return this.core.outbox.take();
  }

  /** Ends a call whatever its state: CANCEL, BYE or a rejection, now or as soon as the RFC allows. `ended` follows. */
  hangUp(call: CallName, options: EndOptions, now: number): UserAgentOutput[] {
    const known = this.known(call);
    if (known instanceof IncomingCall) known.hangUp(options.status ?? 603, options, now);
    else {
      const reason = options.fields?.find(([name]) => name.toLowerCase() === 'reason')?.[1];
      known.hangUp(reason, options.fields, now);
    }
    return this.core.outbox.take();
  }

  /**
   * Offers anew in a call: by re-INVITE, or UPDATE if asked for. Ends in `answer` and `refreshed`, or in `offerFailed`.
   * Without an offer it only refreshes the session timer and the target (e.g. after a network change). Throws when an
   * offer is open (`call(name).stable` is false).
   */
  renegotiate(
    call: CallName,
    offer: Body | undefined,
    now: number,
    options?: { method?: 'INVITE' | 'UPDATE'; fields?: ExtraFields },
  ): UserAgentOutput[] {
    const session = this.session(call);
    if (!session.stable || session.reInvite !== undefined) throw new Error('An offer is open');
    if (session.state === 'early' && options?.method !== 'UPDATE') throw new Error('The call is not established');
    if (offer !== undefined) {
      const method = options?.method ?? 'INVITE';
      session.renegotiation.start({ method, body: offer, fields: options?.fields, automatic: false }, now);
    } else {
      const update = session.remoteAllow.includes('UPDATE') || session.offers.local === undefined;
      const body = update ? undefined : session.offers.local;
      const method = update ? 'UPDATE' : 'INVITE';
      session.renegotiation.start({ method, body, fields: options?.fields, automatic: false }, now);
    }
    return this.core.outbox.take();
  }

  /** The answer to `offer`, or the offer that `offerRequested` asks for. Goes out in whatever message has to carry it. */
  answer(call: CallName, body: Body, now: number, leg?: string): UserAgentOutput[] {
    this.openOffer(call, leg).answer(body, now);
    return this.core.outbox.take();
  }

  /** Refuses `offer` or `offerRequested` with 488 (default) or another status; the former session goes on. */
  rejectOffer(call: CallName, now: number, options?: EndOptions): UserAgentOutput[] {
    this.openOffer(call, undefined).reject(options?.status ?? 488, options?.reason, options?.fields, now);
    return this.core.outbox.take();
  }

  /**
   * Transfers the peer of `call`: blind to a URI, attended to the peer of another of our calls. `refer` names it in
   * `referProgress`. The caller hangs up `call` when it likes, usually at the final 200; notifications still come after.
   * A peer of `call` that does not know Replaces is asked for an ordinary call: the other one rings (RFC 5589 section 7.7).
   */
  refer(call: CallName, refer: string, to: ByteString | { call: CallName }, now: number): UserAgentOutput[] {
    const session = this.session(call);
    let referTo: ByteString;
    if (typeof to === 'string') referTo = serializeReferTo(to);
    else {
      const other = this.session(to.call);
      // COMPAT: baresip 1 would put what it does not understand into its Request-URI, spoiled.
      referTo = serializeReferTo(referTarget(other), session.remoteReplaces ? replacesOf(other.dialog) : undefined);
    }
    const fields: [string, string][] = [
      ['Refer-To', referTo],
      ['Referred-By', this.core.address],
      ['Contact', this.core.contact()],
    ];
    session.refer(refer, fields, now);
    return this.core.outbox.take();
  }

  /** Does what `refer` asked: 202, then an INVITE as the call `call`, whose progress is reported to the referrer. */
  acceptRefer(refer: string, call: CallName, options: InviteOptions, now: number): UserAgentOutput[] {
    const referrer = this.referrer(refer);
    const fields: (readonly [string, ByteString])[] = [...(options.fields ?? [])];
    if (referrer.target.replaces !== undefined) fields.push(['Replaces', serializeReplaces(referrer.target.replaces)]);
    if (referrer.referredBy !== undefined) fields.push(['Referred-By', referrer.referredBy]);
    this.startCall({ name: call, target: referrer.uri, offer: options.offer, fields, referrer }, now);
    return this.core.outbox.take();
  }

  rejectRefer(refer: string, now: number, options?: EndOptions): UserAgentOutput[] {
    this.referrer(refer).notify(options?.status ?? 603, options?.reason ?? 'Decline', true, now);
    return this.core.outbox.take();
  }

  /** A DTMF tone by INFO (application/dtmf-relay). `tone`: one of 0-9 * # A-D; `duration` in milliseconds. */
  sendDtmf(request: string, call: CallName, tone: string, duration: number, now: number): UserAgentOutput[] {
    return this.request(request, 'INFO', '', { call, body: serializeDtmfRelay(tone, duration) }, now);
  }

  /** MESSAGE (RFC 3428). `request` names it in the event `response`. */
  message(request: string, target: ByteString, body: Body, now: number, fields?: ExtraFields): UserAgentOutput[] {
    return this.request(request, 'MESSAGE', target, { body, fields: fields ?? [] }, now);
  }

  /** Any other non-INVITE request: OPTIONS, INFO, ... `request` names it in the event `response`. */
  request(
    request: string,
    method: string,
    target: ByteString,
    options: RequestOptions,
    now: number,
  ): UserAgentOutput[] {
    if (['INVITE', 'ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE', 'REGISTER', 'REFER'].includes(method)) {
      throw new Error('This method has a command of its own');
    }
    if (this.core.transactions.clientCount >= this.core.limits.clientTransactions) throw new Error('Too many requests');
    const session = options.call === undefined ? undefined : this.session(options.call);
    new OwnRequest(this.core, request, session).start(method, target, options.body, options.fields ?? [], now);
    return this.core.outbox.take();
  }

  call(call: CallName): CallSnapshot | undefined {
    return this.calls.get(call)?.snapshot();
  }

  private startCall(
    parts: { name: CallName; target: ByteString; offer: Body | undefined; fields: ExtraFields; referrer?: ReferServer },
    now: number,
  ): void {
    if (this.calls.has(parts.name)) throw new Error('A call has this name');
    parseUri(parts.target);
    const call = new OutgoingCall(this.core, { ...parts, forget: this.forget });
    this.calls.set(parts.name, call);
    call.start(now);
  }

  private known(call: CallName): IncomingCall | OutgoingCall {
    const known = this.calls.get(call);
    if (known === undefined) throw new Error('No such call');
    return known;
  }

  private incoming(call: CallName): IncomingCall {
    const known = this.known(call);
    if (known instanceof IncomingCall) return known;
    throw new Error('Not an incoming call');
  }

  private session(call: CallName): Session {
    const session = this.known(call).leg();
    if (session === undefined) throw new Error('The call has no dialog');
    return session;
  }

  private openOffer(call: CallName, leg: string | undefined): OpenOffer {
    const open = this.known(call).leg(leg)?.offers.open;
    if (open === undefined) throw new Error('No offer is open');
    return open;
  }

  private referrer(refer: string): ReferServer {
    const referrer = this.core.refers.get(refer);
    if (referrer === undefined) throw new Error('No such transfer');
    return referrer;
  }

  /** A request without a To tag. */
  private receiveOutside(request: Request, transaction: ServerTransaction, now: number): void {
    const { core } = this;
    switch (request.method) {
      case 'INVITE':
        this.receiveInvite(request, transaction, now);
        break;
      case 'MESSAGE':
        receiveMessage(core, request, transaction, undefined, now);
        break;
      case 'OPTIONS':
        receiveOptions(core, transaction, now);
        break;
      case 'REFER':
        core.reply(transaction, 603, {}, now);
        break;
      case 'BYE':
      case 'INFO':
      case 'NOTIFY':
      case 'PRACK':
      case 'UPDATE':
        core.reply(transaction, 481, {}, now);
        break;
      default:
        core.refuseMethod(transaction, now);
    }
  }

  /** RFC 3261 section 8.2, then 13.3.1; RFC 3891 section 3. */
  private receiveInvite(request: Request, transaction: ServerTransaction, now: number): void {
    const { core } = this;
    // 1. The same request on two paths (section 8.2.2.2)
    if (core.transactions.isMerged(request, transaction)) {
      core.reply(transaction, 482, {}, now);
      return;
    }
    // 2. Extensions (section 8.2.2.3)
    const unknown = unsupportedTags(request, 'require', CALL_EXTENSIONS);
    if (unknown.length > 0) {
      core.reply(transaction, 420, { fields: [['Unsupported', unknown.join(', ')]] }, now);
      return;
    }
    checkSessionExpires(core, request);
    // 3. The call that it replaces
    const replaced = request.has('replaces') ? this.replaced(request) : undefined;
    if (typeof replaced === 'number') {
      core.reply(transaction, replaced, {}, now);
      return;
    }
    // 4. Room for it
    if (this.calls.size >= core.limits.calls) {
      core.reply(transaction, 486, {}, now);
      return;
    }
    const call = new IncomingCall(core, {
      name: `in-${core.token()}`,
      transaction,
      replaces: replaced,
      forget: this.forget,
    });
    this.calls.set(call.name, call);
    call.start();
  }

  /** The call that Replaces names, or the status that refuses it (RFC 3891 section 3). */
  private replaced(request: Request): CallName | number {
    const { callId, toTag, fromTag, earlyOnly } = parseReplaces(request.get('replaces') ?? '');
    const session = this.core.dialogs.get(dialogId(callId, toTag, fromTag));
    if (!(session instanceof Session)) return 481;
    if (session.state === 'ended') return 603;
    if (session.state === 'early' && !session.ownsCallId) return 481;
    if (session.state !== 'early' && earlyOnly) return 486;
    return session.call;
  }
}

/**
 * Where the transferee finds the peer of that call: its GRUU, which means that very device, else its address of record, of
 * whose devices only the right one knows the dialog. A bare Contact may be behind a NAT.
 */
function referTarget(session: Session): ByteString {
  const { remoteTarget, remoteAddress } = session.dialog;
  return parseUri(remoteTarget).parameters.has('gr') ? remoteTarget : remoteAddress.uri;
}

/** Our dialog as its other party names it. */
function replacesOf(dialog: Dialog): Replaces {
  return { callId: dialog.callId, toTag: dialog.remoteTag, fromTag: dialog.localTag, earlyOnly: false };
}
