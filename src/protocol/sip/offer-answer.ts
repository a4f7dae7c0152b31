import type { Body, ExtraFields } from './user-agent-event.ts';

/** The message that waits for our answer (or for the offer it asked for), and carries it. */
export interface OpenOffer {
  answer(body: Body, now: number): void;
  reject(status: number, reason: string | undefined, fields: ExtraFields | undefined, now: number): void;
}

/**
 * Offers and answers of one dialog (RFC 3264, RFC 6337), whatever messages carry them.
 *
 * Laws: one offer is open at a time: ours (`offered`) or the peer's (`owing`). What was agreed last holds until an answer
 * replaces it; an offer that fails changes nothing.
 */
export class OfferAnswer {
  state: 'stable' | 'offered' | 'owing' = 'stable';
  /** Agreed descriptions; undefined before the first answer. */
  local: Body | undefined;
  remote: Body | undefined;
  /** The peer's message that waits for us. */
  open: OpenOffer | undefined;
  private proposal: Body | undefined;

  get established(): boolean {
    return this.local !== undefined;
  }

  offer(body: Body): void {
    if (this.state !== 'stable') throw new Error('An offer is open');
    this.state = 'offered';
    this.proposal = body;
  }

  /** The peer answers our offer. */
  answered(body: Body): void {
    if (this.state !== 'offered') throw new Error('No offer of ours is open');
    this.local = this.proposal;
    this.remote = body;
    this.close();
  }

  /** The peer offers, or asks for an offer (`body` undefined). */
  receiveOffer(body: Body | undefined, open: OpenOffer): void {
    if (this.state !== 'stable') throw new Error('An offer is open');
    this.state = 'owing';
    this.proposal = body;
    this.open = open;
  }

  /** We answer the peer's offer. */
  answer(body: Body): void {
    if (this.state !== 'owing') throw new Error('No offer of the peer is open');
    this.remote = this.proposal;
    this.local = body;
    this.close();
  }

  /** The open offer came to nothing. */
  close(): void {
    this.state = 'stable';
    this.proposal = undefined;
    this.open = undefined;
  }
}
