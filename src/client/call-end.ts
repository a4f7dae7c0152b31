// Why a call is over, as a person may be told.
import { decodeUtf8 } from '../protocol/byte-string.ts';
import type { UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import type { CallEnd } from './call-event.ts';

type Ended = Extract<UserAgentEvent, { type: 'ended' }>;

/** `hungUp`: we did. */
export function endOf(event: Ended, hungUp: boolean): CallEnd {
  const lost = event.cause === 'transport' || event.cause === 'expired' || event.cause === 'noAck';
  const end: CallEnd = {
    by: lost ? 'network' : event.remote && !hungUp ? 'remote' : 'local',
    reason: decodeUtf8(event.reason ?? '') || REASONS[event.cause],
  };
  if (event.cause === 'timeout') Object.assign(end, { by: hungUp ? 'local' : 'remote', status: 408 });
  if (event.status !== undefined) end.status = event.status;
  if (event.cause === 'answeredElsewhere') end.elsewhere = true;
  if (event.cause === 'replaced') end.replaced = true;
  return end;
}

const REASONS: Record<Ended['cause'], string> = {
  hungUp: 'hung up',
  cancelled: 'cancelled',
  answeredElsewhere: 'answered elsewhere',
  rejected: 'rejected',
  timeout: 'no answer',
  transport: 'the server cannot be reached',
  noAck: 'the answer was not confirmed',
  expired: 'the connection was lost',
  replaced: 'transferred',
  protocol: 'the other side cannot be understood',
};
