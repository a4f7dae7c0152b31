import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { parseMessage } from './parse.ts';
import { validateRequest, validateResponse } from './validate.ts';

const LINES = [
  'OPTIONS sip:bob@example.test SIP/2.0',
  'Via: SIP/2.0/UDP h;branch=z9hG4bK1',
  'From: <sip:a@b>;tag=1',
  'To: <sip:b@b>',
  'Call-ID: c',
  'CSeq: 1 OPTIONS',
];

/** The code and status of the answer; undefined when the request is fine. */
function verdict(from: string, to: string): [string, number | undefined] | undefined {
  const request = parseMessage(`${LINES.join('\r\n').replace(from, to)}\r\n\r\n`);
  try {
    if (request.kind === 'request') validateRequest(request);
    else validateResponse(request);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return [error.code, error.answer.status];
    throw error;
  }
}

test.each([
  ['nothing changed', '', ''],
  ['a version in lower case', 'SIP/2.0', 'sip/2.0'],
  ['sips', 'sip:bob', 'SIPS:bob'],
  ['an unknown method', /OPTIONS/g as unknown as string, 'FROBNICATE'],
  ['To and From of other schemes', '<sip:a@b>', '<tel:+15551212>'],
])('%s passes', (_, from, to) => {
  expect(verdict(from, to)).toBeUndefined();
});

test.each([
  ['another version', ' SIP/2.0', ' SIP/3.0', 'SIP_VERSION', 505],
  ['another protocol', ' SIP/2.0', ' HTTP/1.1', 'SIP_START_LINE', 400],
  ['a method with a separator', 'OPTIONS sip', 'OPT(IONS sip', 'SIP_START_LINE', 400],
  ['no From', 'From: <sip:a@b>;tag=1\r\n', '', 'SIP_HEADER_MISSING', 400],
  ['no Via', 'Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n', '', 'SIP_HEADER_MISSING', 400],
  ['two From', 'From:', 'f: <sip:x@y>;tag=2\r\nFrom:', 'SIP_HEADER_REPEATED', 400],
  ['two Content-Length', 'From:', 'l: 0\r\nContent-Length: 0\r\nFrom:', 'SIP_CONTENT_LENGTH', 400],
  ['another method in CSeq', 'CSeq: 1 OPTIONS', 'CSeq: 1 options', 'SIP_CSEQ_METHOD', 400],
  ['too many hops', 'From:', 'Max-Forwards: 300\r\nFrom:', 'SIP_SYNTAX', 400],
  ['a tel URI to call', 'sip:bob@example.test', 'tel:+15551212', 'SIP_URI_SCHEME', 416],
  ['no URI', 'sip:bob@example.test', '*', 'SIP_SYNTAX', 400],
  ['a URI with headers', 'sip:bob@example.test', 'sip:bob@example.test?Route=x', 'SIP_SYNTAX', 400],
])('%s is refused', (_, from, to, code, status) => {
  expect(verdict(from, to)).toEqual([code, status]);
});

test('a response is checked too', () => {
  const response = 'SIP/2.0 200 OK';
  expect(verdict(LINES[0] as string, response)).toBeUndefined();
  expect(verdict(`${LINES[0]}\r\nVia:`, `${response}\r\nX:`)?.[0]).toBe('SIP_HEADER_MISSING');
  expect(verdict(LINES[0] as string, 'SIP/3.0 200 OK')?.[0]).toBe('SIP_VERSION');
});
