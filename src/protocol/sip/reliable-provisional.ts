import type { Request, Response } from './message.ts';
import { parseRAck } from './rack.ts';
import { transactionTimeout } from './timers.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** Who sends provisional responses reliably. */
export interface ReliableProvisionalUser {
  /** All that were sent are acknowledged. */
  provisionalsAcknowledged(now: number): void;
  /** No PRACK within 64*T1: the INVITE is to be answered 5xx (RFC 3262 section 3). */
  provisionalLost(now: number): void;
}

interface Provisional {
  response: Response;
  sequence: number;
}

/**
 * Reliable provisional responses of a UAS (RFC 3262 section 3).
 *
 * Laws: RSeq begins at random and goes up by one; one response at a time is unacknowledged, the next waits for its PRACK;
 * it is sent again at intervals that double from T1, for 64*T1.
 */
export class ReliableProvisional {
  private readonly core: UserAgentCore;
  private readonly transaction: ServerTransaction;
  private readonly user: ReliableProvisionalUser;
  private readonly name: string;
  private readonly waiting: Provisional[] = [];
  private unacknowledged: Provisional | undefined;
  private next: number;
  private interval = 0;

  constructor(core: UserAgentCore, transaction: ServerTransaction, user: ReliableProvisionalUser) {
    this.core = core;
    this.transaction = transaction;
    this.user = user;
    this.name = `1xx ${core.nextId()}`;
    this.next = 1 + core.randomBelow(2 ** 30);
  }

  get pending(): boolean {
    return this.unacknowledged !== undefined;
  }

  /** Adds Require and RSeq. */
  send(response: Response, now: number): void {
    const sequence = this.next++;
    response.append('Require', '100rel');
    response.append('RSeq', String(sequence));
    this.waiting.push({ response, sequence });
    if (!this.pending) this.sendNext(now);
  }

  /** False: it acknowledges nothing that is unacknowledged (481). */
  receivePrack(prack: Request, now: number): boolean {
    const { rseq, sequence, method } = parseRAck(prack.get('rack') ?? '');
    const current = this.unacknowledged;
    const invite = this.transaction.request.cseq.sequence;
    if (current === undefined || rseq !== current.sequence) return false;
    if (sequence !== invite || method !== 'INVITE') return false;
    this.stop();
    this.sendNext(now);
    return true;
  }

  /** To be called when the PRACK is answered: what waits for it may go on. */
  settled(now: number): void {
    if (!this.pending) this.user.provisionalsAcknowledged(now);
  }

  stop(): void {
    this.unacknowledged = undefined;
    this.core.outbox.clearTimer(`${this.name} again`);
    this.core.outbox.clearTimer(`${this.name} noPrack`);
  }

  private sendNext(now: number): void {
    this.unacknowledged = this.waiting.shift();
    if (this.unacknowledged === undefined) return;
    this.interval = this.core.timers.t1;
    this.core.outbox.setTimer(`${this.name} noPrack`, transactionTimeout(this.core.timers), (at) => {
      this.stop();
      this.user.provisionalLost(at);
    });
    this.transmit(now);
  }

  private transmit(now: number): void {
    if (this.unacknowledged === undefined) return;
    this.core.transactions.answer(this.transaction, this.unacknowledged.response, now);
    this.core.outbox.setTimer(`${this.name} again`, this.interval, (at) => this.transmit(at));
    this.interval *= 2;
  }
}
