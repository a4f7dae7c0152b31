import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { RequestUser } from './client-exchange.ts';
import { parseSubscriptionState } from './event.ts';
import type { Request, Response } from './message.ts';
import { parseReferTo, type ReferTo } from './refer-to.ts';
import type { Session } from './session.ts';
import { serializeUri } from './uri.ts';

/** How long the implicit subscription of a REFER lives without a final notification, in seconds. */
const SUBSCRIPTION = 300;

/** A REFER of ours and its implicit subscription (RFC 3515): the transferor. */
export class ReferClient implements RequestUser {
  readonly name: string;
  /** The CSeq of the REFER: the `id` of its Event (RFC 3515 section 2.4.6). */
  sequence = 0;
  private readonly session: Session;
  private over = false;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
  }

  nextSequence(): number {
    this.sequence = this.session.dialog.nextSequence();
    return this.sequence;
  }

  start(fields: [string, string][], now: number): void {
    this.session.core.outbox.setTimer(this.timerName, SUBSCRIPTION * 1000, () => {
      this.report(408, 'Request Timeout', true);
    });
    const exchange = this.session.send('REFER', fields, undefined, this, now);
    this.sequence = exchange.request.cseq.sequence;
  }

  onResponse(response: Response, now: number): void {
    if (response.status < 200) return;
    if (response.status < 300) this.report(response.status, response.reason, false);
    else {
      this.report(response.status, response.reason, true);
      if (response.status === 481) this.session.expireDialog(481, now);
    }
  }

  onFailure(status: 408 | 503): void {
    this.report(status, status === 408 ? 'Request Timeout' : 'Service Unavailable', true);
  }

  /** A notification: `SIP/2.0 180 Ringing` as message/sipfrag (RFC 3420). */
  receiveNotify(request: Request): void {
    const { state } = parseSubscriptionState(request.get('subscription-state') ?? '');
    const fragment = /^SIP\/2\.0 ([1-6]\d\d) ?([^\r\n]*)/.exec(request.body);
    const terminated = state === 'terminated';
    const status = Number(fragment?.[1] ?? (terminated ? 487 : 100));
    if (fragment === null && !terminated) return;
    this.report(status, fragment?.[2] ?? 'Subscription Terminated', terminated || status >= 200);
  }

  private report(status: number, reason: ByteString, final: boolean): void {
    if (this.over) return;
    this.over = final;
    this.session.core.event({
      type: 'referProgress',
      call: this.session.call,
      refer: this.name,
      status,
      reason,
      final,
    });
    if (!final) return;
    this.session.core.outbox.clearTimer(this.timerName);
    this.session.referEnded(this);
  }

  private get timerName(): string {
    return `${this.session.timerName} refer ${this.name}`;
  }
}

/** The Refer-To of an INVITE to be made. Throws 400, or 501 for another method. */
export function inviteToRefer(request: Request): ReferTo {
  const value = request.get('refer-to');
  if (value === undefined) throw new ProtocolError('SIP_HEADER_MISSING', 'Missing refer-to', { status: 400 });
  const referTo = parseReferTo(value);
  if (referTo.method !== 'INVITE') {
    throw new ProtocolError('SIP_REFER_METHOD', 'Only INVITE can be referred to', { status: 501 });
  }
  return referTo;
}

/** A REFER of the peer's (RFC 3515 section 2.4.4): the transferee, who reports how the new call goes. */
export class ReferServer implements RequestUser {
  readonly name: string;
  readonly target: ReferTo;
  /** Whom to call. */
  readonly uri: ByteString;
  readonly referredBy: ByteString | undefined;
  readonly session: Session;
  private readonly id: number;
  private last = 0;
  private over = false;

  constructor(session: Session, name: string, request: Request, target: ReferTo) {
    this.session = session;
    this.name = name;
    this.target = target;
    this.uri = serializeUri(target.target);
    this.referredBy = request.get('referred-by');
    this.id = request.cseq.sequence;
  }

  /** The subscription ends by itself when nobody decides. */
  start(now: number): void {
    this.session.core.outbox.setTimer(this.timerName, SUBSCRIPTION * 1000, (at) => {
      this.notify(487, 'Request Terminated', true, at);
    });
    this.notify(100, 'Trying', false, now);
  }

  /** Each status once (RFC 3515 section 2.4.5); the final one ends the subscription. */
  notify(status: number, reason: ByteString, final: boolean, now: number): void {
    if (this.over || status === this.last) return;
    this.last = status;
    const state = final ? 'terminated;reason=noresource' : `active;expires=${SUBSCRIPTION}`;
    const fields: [string, string][] = [
      ['Event', `refer;id=${this.id}`],
      ['Subscription-State', state],
      ['Contact', this.session.core.contact()],
    ];
    const body = { type: 'message/sipfrag;version=2.0', content: `SIP/2.0 ${status} ${reason}\r\n` };
    this.session.send('NOTIFY', fields, body, this, now);
    if (final) this.stop();
  }

  nextSequence(): number {
    return this.session.dialog.nextSequence();
  }

  /** The referrer does not want to know (481), or is gone. */
  onResponse(response: Response): void {
    if (response.status >= 300) this.stop();
  }

  onFailure(): void {
    this.stop();
  }

  private stop(): void {
    if (this.over) return;
    this.over = true;
    this.session.core.outbox.clearTimer(this.timerName);
    this.session.referServed(this);
  }

  private get timerName(): string {
    return `${this.session.timerName} referred ${this.name}`;
  }
}
