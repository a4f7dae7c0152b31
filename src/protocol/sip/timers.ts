/** The base values of RFC 3261 section 17.1.1.1, in milliseconds. */
export interface TimerValues {
  /** Estimate of the round-trip time. */
  readonly t1: number;
  /** Longest interval between retransmissions of a non-INVITE request or an INVITE response. */
  readonly t2: number;
  /** Longest time a message stays in the network. */
  readonly t4: number;
}

/** RFC 3261, table 4. */
export const DEFAULT_TIMERS: TimerValues = { t1: 500, t2: 4000, t4: 5000 };

/** Timer C, the proxy's: more than three minutes for a final answer to an INVITE (RFC 3261 section 16.6, 16.8). */
export const TIMER_C = 181_000;

/**
 * A server transaction answers 100 after this time unless its user answers first. RFC 3261 section 17.2.1 has it within
 * 200 ms, which a timer that is set to just that overruns.
 */
export const TRYING_DELAY = 150;

/** How long a transaction waits: timers B, D, F, H, J, L and M (RFC 3261 table 4, RFC 6026 section 8.11). */
export function transactionTimeout(timers: TimerValues): number {
  return 64 * timers.t1;
}
