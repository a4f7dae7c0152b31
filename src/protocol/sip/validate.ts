import { ProtocolError } from '../errors.ts';
import { type FieldName, spelledName } from './field-name.ts';
import { isToken, malformed } from './lexis.ts';
import type { Message, Request, Response } from './message.ts';

/** At most 32 header fields, each a bit, with a single value: one of each at most (RFC 3261 section 7.3.1, table 2; RFC 4475 section 3.3.8). */
const SINGLE = new Map<FieldName, number>(
  [
    'call-id',
    'content-disposition',
    'content-length',
    'content-type',
    'cseq',
    'date',
    'event',
    'expires',
    'flow-timer',
    'from',
    'join',
    'max-breadth',
    'max-forwards',
    'mime-version',
    'min-expires',
    'min-se',
    'priority',
    'rack',
    'refer-to',
    'referred-by',
    'replaces',
    'retry-after',
    'rseq',
    'session-expires',
    'sip-etag',
    'sip-if-match',
    'subject',
    'subscription-state',
    'target-dialog',
    'timestamp',
    'to',
  ].map((name, i) => [name, 2 ** i]),
);

/**
 * What an element checks before it works on a request (RFC 3261 sections 8.2 and 16.3 item 1): version, request line,
 * framing, the mandatory headers and their syntax, single headers once. Throws the ProtocolError that answers it.
 * Headers which are not needed here (Contact, Route, Date, unknown ones) are checked by whoever reads them.
 */
export function validateRequest(request: Request): void {
  // 1. The request line
  if (request.version !== 'SIP/2.0') checkVersion(request.version);
  if (!isToken(request.method)) throw new ProtocolError('SIP_START_LINE', 'Malformed Method', { status: 400 });
  // 2. Framing and repetition
  checkFields(request);
  // 3. Mandatory headers (section 8.1.1); Max-Forwards may be absent (RFC 2543)
  checkMandatory(request);
  if (request.cseq.method !== request.method)
    throw new ProtocolError('SIP_CSEQ_METHOD', 'CSeq Method Does Not Match', { status: 400 });
  if (request.has('max-forwards')) void request.maxForwards;
  // 4. The Request-URI; last, since an unknown scheme (416) in a request that is broken besides is the lesser fault
  if (request.target.headers !== undefined) throw malformed('Request-URI'); // section 19.1.1
}

/** Throws when the response must be dropped (RFC 3261 section 18.1.2). */
export function validateResponse(response: Response): void {
  if (response.version !== 'SIP/2.0') checkVersion(response.version);
  checkFields(response);
  checkMandatory(response);
}

function checkVersion(version: string): void {
  if (version.toUpperCase() === 'SIP/2.0') return;
  if (/^SIP\/\d{1,9}\.\d{1,9}$/i.test(version))
    throw new ProtocolError('SIP_VERSION', 'Version Not Supported', { status: 505 });
  throw new ProtocolError('SIP_START_LINE', 'Malformed Request Line', { status: 400 });
}

function checkFields(message: Message): void {
  if (message.fault) throw message.fault;
  const repeated = message.firstRepeated(SINGLE);
  if (repeated !== undefined)
    throw new ProtocolError('SIP_HEADER_REPEATED', `Repeated ${spelledName(repeated)}`, { status: 400 });
}

function checkMandatory(message: Message): void {
  void message.via;
  void message.from;
  void message.to;
  void message.callId;
  void message.cseq;
}
