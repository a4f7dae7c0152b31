import type { Response } from './message.ts';

/** What a client transaction tells its user (RFC 3261 section 17.1). `terminated` is always the last event. */
export type ClientTransactionEvent =
  | { type: 'response'; response: Response }
  /** No final response within 64*T1: treat as a 408 (RFC 3261 section 8.1.3.1). */
  | { type: 'timeout' }
  /** The request could not be sent, or its flow died: treat as a 503. */
  | { type: 'transportError' }
  | { type: 'terminated' };
