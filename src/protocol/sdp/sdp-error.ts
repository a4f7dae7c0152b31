import { ProtocolError } from '../errors.ts';

/** The description does not follow the grammar of RFC 8866: 400 (RFC 3261 section 13.3.1.3 answers a bad body so). */
export function malformed(what: string): ProtocolError {
  return new ProtocolError('SDP_SYNTAX', `Malformed SDP: ${what}`, { status: 400 });
}

/** More of something than anybody sends. */
export function tooMany(what: string): ProtocolError {
  return new ProtocolError('SDP_TOO_MANY', `Too many ${what} in the SDP`, { status: 400 });
}

/** Well-formed, and nothing in it can be used here: 488 (RFC 3261 section 21.4.26). */
export function notAcceptable(why: string): ProtocolError {
  return new ProtocolError('SDP_NOT_ACCEPTABLE', why, { status: 488 });
}

/** An answer that does not fit its offer (RFC 3264 section 6). The peer that sent it cannot be told: the call ends. */
export function badAnswer(why: string): ProtocolError {
  return new ProtocolError('SDP_ANSWER', `The answer does not fit its offer: ${why}`, { status: 488 });
}

/** Both sides offered at once (RFC 3264 section 4, RFC 3311 section 5.2, RFC 3261 section 14.2): the later one comes again. */
export function glare(): ProtocolError {
  return new ProtocolError('SDP_GLARE', 'The other side has an offer under way', { status: 491 });
}
