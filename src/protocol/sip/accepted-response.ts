import type { Request, Response } from './message.ts';
import { transactionTimeout } from './timers.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** Who accepted an INVITE. */
export interface AcceptedResponseUser {
  acknowledged(accepted: AcceptedResponse, ack: Request, now: number): void;
  /** No ACK within 64*T1. */
  notAcknowledged(accepted: AcceptedResponse, now: number): void;
}

/**
 * A 2xx to an INVITE, sent again until its ACK comes, over reliable transports too, since a hop may be UDP (RFC 3261
 * section 13.3.1.4).
 */
export class AcceptedResponse {
  readonly sequence: number;
  private readonly core: UserAgentCore;
  private readonly transaction: ServerTransaction;
  private readonly response: Response;
  private readonly user: AcceptedResponseUser;
  private readonly name: string;
  private interval: number;

  constructor(core: UserAgentCore, transaction: ServerTransaction, response: Response, user: AcceptedResponseUser) {
    this.core = core;
    this.transaction = transaction;
    this.response = response;
    this.user = user;
    this.sequence = transaction.request.cseq.sequence;
    this.name = `2xx ${core.nextId()}`;
    this.interval = core.timers.t1;
  }

  start(now: number): void {
    this.core.outbox.setTimer(`${this.name} noAck`, transactionTimeout(this.core.timers), (at) => {
      this.stop();
      this.user.notAcknowledged(this, at);
    });
    this.send(now);
  }

  receiveAck(ack: Request, now: number): void {
    this.stop();
    this.user.acknowledged(this, ack, now);
  }

  stop(): void {
    this.core.outbox.clearTimer(`${this.name} again`);
    this.core.outbox.clearTimer(`${this.name} noAck`);
  }

  private send(now: number): void {
    this.core.transactions.answer(this.transaction, this.response, now);
    this.core.outbox.setTimer(`${this.name} again`, this.interval, (at) => this.send(at));
    this.interval = Math.min(2 * this.interval, this.core.timers.t2);
  }
}
