import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { canonicalNameAt } from './field-name.ts';
import { Field, type Source } from './fields.ts';
import { isToken, parseNumber, trimEnd } from './lexis.ts';
import { MESSAGE_LIMITS, type MessageLimits } from './limits.ts';
import { type Message, Request, Response } from './message.ts';

/**
 * Splits a message (one datagram, one WebSocket message, or what MessageStream framed) into start line, header fields and
 * body, in one scan; RFC 3261 section 7. No field is parsed yet. What is wrong inside a field or with Content-Length is
 * left to validateRequest, so that there is a request which can be answered; text that is no message at all throws.
 * An error about a response carries no answer: it is dropped.
 */
export function parseMessage(text: ByteString, limits: Partial<MessageLimits> = MESSAGE_LIMITS): Message {
  return parse(text, limits, false);
}

/**
 * The request in a text that parseMessage refused, good enough for createResponse: broken lines are left out. Undefined
 * when it is a response, an ACK, or has not all of what a response copies (then it can only be dropped).
 */
export function salvageRequest(text: ByteString, limits: Partial<MessageLimits> = MESSAGE_LIMITS): Request | undefined {
  let message: Message;
  let start = text.slice(0, limits.size ?? MESSAGE_LIMITS.size);
  // Whoever writes his first SIP by hand ends its lines so, and should hear of it.
  if (!start.includes('\r\n')) start = start.replaceAll('\n', '\r\n').slice(0, limits.size ?? MESSAGE_LIMITS.size);
  try {
    message = parse(start, limits, true);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
  if (message.kind === 'response' || message.method === 'ACK' || !isToken(message.method)) return undefined;
  const complete = ['via', 'from', 'to', 'call-id', 'cseq'].every((name) => message.has(name));
  return complete ? message : undefined;
}

function parse(text: ByteString, limits: Partial<MessageLimits>, lenient: boolean): Message {
  const most = limits.size ?? MESSAGE_LIMITS.size;
  if (text.length > most)
    throw new ProtocolError('SIP_MESSAGE_SIZE', 'Message Too Large', answer(text, { status: 413, close: 1009 }));
  let at = 0;
  // Empty lines before the start line are ignored (section 7.5).
  while (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) at += 2;
  const lineStart = at;
  const stop = lineStop(text, at);
  if (stop < 0) throw noStartLine(text, at, text.includes('\n', at) ? 'Malformed Line End' : undefined);
  const lineEnd = stop + 2;

  const mostFields = limits.fields ?? MESSAGE_LIMITS.fields;
  const mostHead = lineStart + (limits.head ?? MESSAGE_LIMITS.head);
  const fields: Field[] = [];
  let length: ByteString | undefined;
  let fault: ProtocolError | undefined;
  let skipped = 0;
  at = lineEnd;
  for (;;) {
    const first = text.charCodeAt(at);
    if (first === 13 && text.charCodeAt(at + 1) === 10) break;
    const start = at;
    let eol = lineStop(text, start);
    let folded = false;
    let next = eol < 0 ? 0 : text.charCodeAt(eol + 2);
    while (next === 32 || next === 9) {
      folded = true;
      eol = lineStop(text, eol + 2);
      next = eol < 0 ? 0 : text.charCodeAt(eol + 2);
    }
    if (eol < 0) {
      if (!lenient) throw new ProtocolError('SIP_HEADER_LINE', 'Malformed Line End', answer(text, { status: 400 }));
      at = text.indexOf('\r\n', start) + 2;
      if (at !== 1 && ++skipped < mostFields) continue;
      at = start;
      break;
    }
    at = eol + 2;
    const colon = text.indexOf(':', start);
    const nameEnd = colon === -1 || colon >= eol ? -1 : trimEnd(text, start, colon);
    if (nameEnd <= start || first === 32 || first === 9) {
      if (lenient && ++skipped < mostFields) continue;
      throw new ProtocolError('SIP_HEADER_LINE', 'Malformed Header Line', answer(text, { status: 400 }));
    }
    const field = new Field(canonicalNameAt(text, start, nameEnd), text, start, colon + 1, at, folded);
    fields.push(field);
    if (field.name === 'content-length') {
      if (length === undefined) length = field.value;
      else fault = contentLength('Repeated Content-Length');
    }
    if (fields.length > mostFields || at > mostHead) {
      if (lenient) break;
      throw new ProtocolError('SIP_HEADER_SIZE', 'Header Section Too Large', answer(text, { status: 400 }));
    }
  }
  const headEnd = at;
  let bodyEnd = text.length;
  if (length !== undefined) {
    const octets = parseNumber(length, most);
    if (octets === undefined) fault ??= contentLength('Malformed Content-Length');
    else if (headEnd + 2 + octets > text.length) fault ??= contentLength('Content-Length Beyond The Message');
    // Octets after the body are not part of the message (section 18.3).
    else bodyEnd = headEnd + 2 + octets;
  }
  return startLine({ text, fields, lineStart, lineEnd, headEnd, bodyEnd, newBody: undefined }, stop, fault);
}

/**
 * Where the line's CRLF is; -1 when there is none or a bare CR or LF comes first. (A parser that took those for line ends,
 * or for white space, would see other headers than the next hop does.)
 */
function lineStop(text: ByteString, from: number): number {
  const cr = text.indexOf('\r', from);
  return cr !== -1 && text.indexOf('\n', from) === cr + 1 ? cr : -1;
}

function startLine(source: Source, stop: number, fault: ProtocolError | undefined): Message {
  const { text, lineStart } = source;
  const first = text.indexOf(' ', lineStart);
  if (first === -1 || first > stop) throw noStartLine(text, lineStart);
  if (isResponse(text, lineStart)) {
    const version = text.slice(lineStart, first);
    // Exactly three digits (RFC 4475 bigcode), then a space even before an empty phrase; COMPAT: some leave that out.
    const status = parseNumber(text.slice(first + 1, first + 4), 699);
    const after = first + 4;
    if (status === undefined || status < 100 || (after < stop && text.charCodeAt(after) !== 32))
      throw noStartLine(text, lineStart);
    return new Response(source, status, text.slice(Math.min(after + 1, stop), stop), version, fault);
  }
  // The URI is what stands between the first space and the last: validateRequest looks at what is in it.
  const last = text.lastIndexOf(' ', stop - 1);
  if (last <= first || first === lineStart) throw noStartLine(text, lineStart);
  const version = text.startsWith('SIP/2.0', last + 1) && stop - last === 8 ? 'SIP/2.0' : text.slice(last + 1, stop);
  return new Request(source, text.slice(lineStart, first), text.slice(first + 1, last), version, fault);
}

function isResponse(text: ByteString, at: number): boolean {
  return text.startsWith('SIP/', at) || text.slice(at, at + 4).toUpperCase() === 'SIP/';
}

/** What answers an error in this text: nothing, if it is a response. */
function answer(text: ByteString, request: { status: number; close?: number }): { status?: number; close?: number } {
  let at = 0;
  while (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) at += 2;
  if (!isResponse(text, at)) return request;
  return request.close === undefined ? {} : { close: request.close };
}

function noStartLine(text: ByteString, at: number, reason = 'Malformed Start Line'): ProtocolError {
  return new ProtocolError('SIP_START_LINE', reason, isResponse(text, at) ? {} : { status: 400 });
}

function contentLength(reason: string): ProtocolError {
  return new ProtocolError('SIP_CONTENT_LENGTH', reason, { status: 400 });
}
