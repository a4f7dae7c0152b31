import type { Request, Response } from './message.ts';
import type { ClientTransactionUser } from './transaction-layer.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** Who sent a request: hears what the challenges leave over. */
export interface RequestUser extends ClientTransactionUser {
  /** The CSeq number for the request with credentials (RFC 3261 section 22.2). */
  nextSequence(): number;
}

/** One proxy each may ask anew when a nonce went stale meanwhile; more is a mistake or mischief. */
const MOST_CHALLENGES = 4;

/** A request and, after each challenge that can be answered, the same request with credentials. */
export class ClientExchange implements ClientTransactionUser {
  /** As it was sent last: what ACK and CANCEL must resemble. */
  request: Request;
  /** The sender has lost interest: a challenge is then a final response. */
  abandoned = false;
  /** A CANCEL has been sent for it. */
  cancelled = false;
  private readonly core: UserAgentCore;
  private readonly user: RequestUser;
  private challenges = 0;
  /** Who answers, not a proxy on the way, has asked for credentials. */
  private challengedByServer = false;

  constructor(core: UserAgentCore, request: Request, user: RequestUser) {
    this.core = core;
    this.request = request;
    this.user = user;
  }

  start(now: number): void {
    this.core.transactions.send(this.request, this, now);
  }

  onResponse(response: Response, now: number): void {
    if (!this.isAnswerable(response)) {
      this.user.onResponse(response, now);
      return;
    }
    this.challenges += 1;
    const again = this.request.clone();
    again.set('via', this.core.via());
    again.set('cseq', `${this.user.nextSequence()} ${again.method}`);
    this.challengedByServer ||= response.status === 401;
    this.core.authorize(again, this.challengedByServer);
    this.request = again;
    this.start(now);
  }

  onFailure(status: 408 | 503, now: number): void {
    this.user.onFailure(status, now);
  }

  private isAnswerable(response: Response): boolean {
    if (response.status !== 401 && response.status !== 407) return false;
    if (this.abandoned || this.challenges >= MOST_CHALLENGES) return false;
    return this.core.challenged(response, this.request);
  }
}
