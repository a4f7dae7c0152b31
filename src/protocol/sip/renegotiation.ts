import type { ClientExchange, RequestUser } from './client-exchange.ts';
import type { Request, Response } from './message.ts';
import type { Session } from './session.ts';
import { transactionTimeout } from './timers.ts';
import { ALLOW, bodyOf, CALL_EXTENSIONS } from './user-agent-core.ts';
import type { Body, ExtraFields } from './user-agent-event.ts';

export interface RenegotiationRequest {
  readonly method: 'INVITE' | 'UPDATE';
  readonly body: Body | undefined;
  readonly fields?: ExtraFields | undefined;
  /** The session timer's doing: nobody is told, and it tries again by itself. */
  readonly automatic: boolean;
}

/** Retry-After of a 500 beyond this is no glare. */
const LONGEST_RETRY = 10;

/**
 * A re-INVITE or UPDATE of ours (RFC 3261 section 14.1, RFC 3311 section 5.1) and what becomes of it.
 *
 * Laws: one at a time. Every 2xx to a re-INVITE is acknowledged, retransmissions too. An offer that fails leaves the
 * session as it was; 481 and 408 end the dialog (RFC 5057). After 491 the owner of the Call-ID waits 2.1 to 4 s, the
 * other side at most 2 s.
 */
export class Renegotiation implements RequestUser {
  private readonly session: Session;
  private active: RenegotiationRequest | undefined;
  private exchange: ClientExchange | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  /** A re-INVITE of ours waits for its final response: the peer's is glare. */
  get inviting(): boolean {
    return this.active?.method === 'INVITE';
  }

  get busy(): boolean {
    return this.active !== undefined;
  }

  start(request: RenegotiationRequest, now: number): void {
    const { session } = this;
    const { core } = session;
    this.active = request;
    if (request.body !== undefined) session.offers.offer(request.body);
    session.core.outbox.clearTimer(`${session.timerName} glare`);
    const fields: [string, string][] = [
      ['Contact', core.contact()],
      ['Allow', ALLOW],
      ['Supported', CALL_EXTENSIONS.join(', ')],
      ...session.timer.requestFields(),
      ...(request.fields ?? []).map(([name, value]): [string, string] => [name, value]),
    ];
    this.exchange = session.send(request.method, fields, request.body, this, now);
  }

  nextSequence(): number {
    return this.session.dialog.nextSequence();
  }

  onResponse(response: Response, now: number): void {
    const { status } = response;
    if (status < 200) {
      if (this.inviting) this.session.receiveProvisional(response, now);
      return;
    }
    const request = this.exchange?.request;
    const { active } = this;
    if (active === undefined || request === undefined || response.cseq.sequence !== request.cseq.sequence) {
      // Again: the ACK was lost
      if (status < 300 && response.cseq.method === 'INVITE') this.session.repeatAck(response.cseq.sequence);
      return;
    }
    this.active = undefined;
    if (status < 300) this.accepted(active, request, response, now);
    else this.refused(active, response, now);
  }

  onFailure(status: 408 | 503, now: number): void {
    const { active } = this;
    if (active === undefined) return;
    this.active = undefined;
    if (this.session.state === 'ended') return;
    if (status === 408) this.session.expireDialog(408, now);
    else this.failed(active, 503, 'Service Unavailable', undefined, now);
  }

  /** The session is over; a re-INVITE gets its final response by then, or never. */
  stop(): void {
    const { active, exchange } = this;
    if (active === undefined || exchange === undefined) return;
    this.active = undefined;
    exchange.abandoned = true;
    if (active.method !== 'INVITE') return;
    const { core, timerName } = this.session;
    core.outbox.setTimer(`${timerName} reInvite`, transactionTimeout(core.timers), (now) => {
      core.transactions.forget(exchange.request, now);
    });
  }

  private accepted(active: RenegotiationRequest, request: Request, response: Response, now: number): void {
    const { session } = this;
    const ended = session.state === 'ended';
    if (active.method === 'INVITE') session.sendAck(request, undefined);
    if (ended) return;
    session.dialog.refreshTarget(response);
    session.readCapabilities(response);
    session.timer.accepted(response, now);
    if (active.body !== undefined && session.offers.state === 'offered') {
      const answer = bodyOf(response);
      if (answer === undefined) {
        session.offers.close();
        session.hangUpFor('protocol', now);
        return;
      }
      const unchanged = active.automatic && answer.content === session.offers.remote?.content;
      session.offers.answered(answer);
      if (!unchanged)
        session.event({ type: 'answer', call: session.call, leg: session.leg, body: answer, final: true });
    }
    if (!active.automatic) session.event({ type: 'refreshed', call: session.call, leg: session.leg });
  }

  private refused(active: RenegotiationRequest, response: Response, now: number): void {
    const { session } = this;
    const { status } = response;
    if (session.state === 'ended') return;
    if (status === 481 || status === 408) {
      session.expireDialog(status, now);
      return;
    }
    if (active.body !== undefined && session.offers.state === 'offered') session.offers.close();
    if (status === 422 && session.timer.tooSmall(response)) {
      this.start(active, now);
      return;
    }
    if (active.method === 'UPDATE' && (status === 405 || status === 501)) {
      session.remoteAllow = session.remoteAllow.filter((method) => method !== 'UPDATE');
      if (active.automatic) {
        session.refresh(now);
        return;
      }
    }
    this.failed(active, status, response.reason, this.retryDelay(response), now);
  }

  private failed(
    active: RenegotiationRequest,
    status: number,
    reason: string,
    delay: number | undefined,
    now: number,
  ): void {
    const { session } = this;
    if (active.body !== undefined && session.offers.state === 'offered') session.offers.close();
    if (active.automatic) {
      session.timer.refreshAfter(delay ?? 5_000, now);
      return;
    }
    const { call, leg } = session;
    session.event({ type: 'offerFailed', call, leg, status, reason, retry: delay !== undefined });
    if (delay === undefined) return;
    session.core.outbox.setTimer(`${session.timerName} glare`, delay, () => {
      session.event({ type: 'offerDue', call });
    });
  }

  /** RFC 3261 section 14.1; a 500 with Retry-After is what section 14.2 answers when an INVITE of ours overtook another. */
  private retryDelay(response: Response): number | undefined {
    const { session } = this;
    if (response.status === 491) {
      const steps = session.ownsCallId ? 210 + session.core.randomBelow(191) : session.core.randomBelow(201);
      return steps * 10;
    }
    const after = /^\d{1,9}/.exec(response.get('retry-after') ?? '')?.[0];
    if (response.status !== 500 || after === undefined || Number(after) > LONGEST_RETRY) return undefined;
    return Number(after) * 1000;
  }
}
