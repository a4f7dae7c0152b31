import type { ByteString } from '../byte-string.ts';
import { parseNumber } from './lexis.ts';
import type { Response } from './message.ts';
import type { RAck } from './rack.ts';
import { listed } from './user-agent-core.ts';

/** RFC 3262 section 7.1. */
const MOST_RSEQ = 2 ** 32 - 1;

/**
 * Which provisional responses of one leg are to be acknowledged (RFC 3262 section 4): the first, then each that is one
 * higher. A retransmission or one out of order is dropped; its PRACK has its own retransmission.
 */
export class ProvisionalReceiver {
  private last: number | undefined;

  /** What a PRACK is to acknowledge. */
  receive(response: Response): RAck | 'unreliable' | 'dropped' {
    const rseq = parseNumber(response.get('rseq') ?? '', MOST_RSEQ);
    if (!rseq || !listed(response, 'require').includes('100rel')) return 'unreliable';
    if (this.last !== undefined && rseq !== this.last + 1) return 'dropped';
    this.last = rseq;
    return { rseq, sequence: response.cseq.sequence, method: 'INVITE' };
  }
}

export function serializeRAck(rack: RAck): ByteString {
  return `${rack.rseq} ${rack.sequence} ${rack.method}`;
}
