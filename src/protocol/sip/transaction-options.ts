import type { TimerValues } from './timers.ts';

export interface TransactionOptions {
  /** The transport retransmits (TCP, TLS, WebSocket): timers A, E, G do not run, D, I, J, K take no time. */
  readonly reliable: boolean;
  /** Default: RFC 3261 table 4. */
  readonly timers?: TimerValues;
}

export interface InviteServerTransactionOptions extends TransactionOptions {
  /** Answer 100 by itself within 200 ms (RFC 3261 section 17.2.1); false when the user answers at once. Default: true. */
  readonly automaticTrying?: boolean;
}
