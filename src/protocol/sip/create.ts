import { type ByteString, encodeUtf8 } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { FieldName } from './field-name.ts';
import { type Field, makeField, type Source } from './fields.ts';
import { isToken } from './lexis.ts';
import { Request, Response } from './message.ts';
import { reasonPhrase } from './reason-phrase.ts';

function made(fields: Field[], body: ByteString): Source {
  return { text: '', fields, lineStart: 0, lineEnd: 0, headEnd: 0, bodyEnd: 0, newBody: body };
}

/**
 * A request with these fields in this order; Content-Length is added. Names in lower case get their usual spelling.
 * Throws RangeError for what could not be one line (values come from programs, not from peers).
 */
export function createRequest(
  method: string,
  uri: ByteString,
  fields: Iterable<readonly [FieldName, ByteString]>,
  body: ByteString = '',
): Request {
  if (!isToken(method)) throw new RangeError('Not a method');
  const request = new Request(made([], ''), method, uri);
  request.uri = uri; // checks it
  for (const [name, value] of fields) request.push(name, value);
  request.body = body;
  return request;
}

/** Responses in which Record-Route makes a dialog's route set (RFC 3261 section 12.1.1). */
function formsDialog(request: Request, status: number): boolean {
  if (status <= 100 || status >= 300) return false;
  return ['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY', 'UPDATE'].includes(request.method);
}

/**
 * RFC 3261 section 8.2.6: Via, From, Call-ID and CSeq as they came, To with a tag (given, if the request has none; a
 * response other than 100 needs one), Record-Route where a dialog is formed, Timestamp in a 100. Works for every request
 * that parseMessage or salvageRequest returned, however malformed its fields are.
 */
export function createResponse(
  request: Request,
  status: number,
  reason: string = reasonPhrase(status),
  options: { toTag?: string } = {},
): Response {
  const phrase = encodeUtf8(reason);
  if (/[\r\n]/.test(phrase) || !(status >= 100 && status <= 699)) throw new RangeError('Not a status line');
  const recordRoute = formsDialog(request, status);
  const fields: Field[] = [];
  for (const field of request.copies()) {
    switch (field.name) {
      case 'via':
      case 'from':
      case 'call-id':
      case 'cseq':
        fields.push(field);
        break;
      case 'record-route':
        if (recordRoute) fields.push(field);
        break;
      case 'timestamp':
        if (status === 100) fields.push(field);
        break;
      case 'to':
        fields.push(options.toTag !== undefined && !hasTag(request) ? tagged(field, options.toTag) : field);
        break;
    }
  }
  const response = new Response(made(fields, ''), status, phrase);
  response.body = '';
  return response;
}

/** A To that cannot be parsed is sent back as it came. */
function hasTag(request: Request): boolean {
  try {
    return request.to.tag !== undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return true;
    throw error;
  }
}

function tagged(field: Field, tag: string): Field {
  if (!isToken(tag)) throw new RangeError('Not a tag');
  return makeField('to', `${field.value};tag=${tag}`, field.spelling);
}
