/** The answer a protocol gives on the wire for an error of the peer's: whichever of these its transport knows. */
export interface WireAnswer {
  /** SIP status (RFC 3261 section 21) or HTTP status. */
  status?: number;
  /** WebSocket close code (RFC 6455 section 7.4.1). */
  close?: number;
  /** STUN error code (RFC 8489 section 14.8). */
  stun?: number;
}

/**
 * The peer broke its protocol. Parsers throw it; one catch a transport turns it into the answer it carries.
 * Every `code` is listed in docs/ERRORS.md (a test checks that). The message goes on the wire as a reason:
 * it names what is wrong and never quotes a secret or a body.
 */
export class ProtocolError extends Error {
  readonly code: string;
  readonly answer: WireAnswer;

  constructor(code: string, message: string, answer: WireAnswer = {}) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
    this.answer = answer;
  }
}
