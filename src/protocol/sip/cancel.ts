import { withinTransaction } from './ack.ts';
import type { Request } from './message.ts';

/**
 * The CANCEL of a pending INVITE (RFC 3261 section 9.1). Send it, in a transaction of its own, only after a provisional
 * response: before, the INVITE may not have arrived. `reason` is the value of a Reason field (RFC 3326), which tells the
 * losers of a fork that the call was answered elsewhere.
 */
export function createCancel(invite: Request, reason?: string): Request {
  const cancel = withinTransaction(invite, 'CANCEL', invite.get('to') ?? '');
  if (reason !== undefined) cancel.append('reason', reason);
  return cancel;
}
