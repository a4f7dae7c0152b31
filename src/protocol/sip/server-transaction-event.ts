import type { Request } from './message.ts';

/** What a server transaction tells its user (RFC 3261 section 17.2). `terminated` is always the last event. */
export type ServerTransactionEvent =
  /** The ACK for a 2xx (RFC 6026 section 7.1); an ACK for any other final response ends in the transaction. */
  | { type: 'ack'; request: Request }
  /** No ACK for a non-2xx final response within 64*T1. */
  | { type: 'timeout' }
  /** A response could not be sent; the transaction stays to absorb retransmissions (RFC 6026 section 8.8). */
  | { type: 'transportError' }
  | { type: 'terminated' };
