import { expect, test } from 'vitest';
import type { ProtocolError } from '../errors.ts';
import { createResponse } from './create.ts';
import { parseMessage, salvageRequest } from './parse.ts';

const HEAD =
  'OPTIONS sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n';

function refusal(text: string, limits = {}): ProtocolError {
  try {
    parseMessage(text, limits);
  } catch (error) {
    return error as ProtocolError;
  }
  throw new Error('was accepted');
}

test('empty lines before the start line are ignored', () => {
  const message = parseMessage(`\r\n\r\n${HEAD}\r\n`);
  expect(message.serialize()).toBe(`${HEAD}\r\n`);
});

test('without Content-Length the body is the rest of the datagram, with one it is what that says', () => {
  expect(parseMessage(`${HEAD}\r\nrest`).body).toBe('rest');
  expect(parseMessage(`${HEAD}l: 2\r\n\r\nrest`).body).toBe('re');
  expect(parseMessage(`${HEAD}l: 9\r\n\r\nrest`).fault?.code).toBe('SIP_CONTENT_LENGTH');
});

test.each([
  ['nothing', ''],
  ['one word', 'OPTIONS\r\n\r\n'],
  ['two words', 'OPTIONS sip:a\r\n\r\n'],
  ['no line end', 'OPTIONS sip:a SIP/2.0'],
  ['no method', ' sip:a SIP/2.0\r\n\r\n'],
])('%s is no start line', (_, text) => {
  expect(refusal(text)).toMatchObject({ code: 'SIP_START_LINE', answer: { status: 400 } });
});

test.each([
  ['a bare LF', `${HEAD}X: a\nVia: SIP/2.0/UDP evil\r\n\r\n`],
  ['a bare CR', `${HEAD}X: a\rVia: SIP/2.0/UDP evil\r\n\r\n`],
  ['a bare CR at the end', `${HEAD}X: a\r`],
  ['no empty line', HEAD],
  ['a line without colon', `${HEAD}X\r\n\r\n`],
  ['a line without name', `${HEAD}: x\r\n\r\n`],
  ['a folded first line', `OPTIONS sip:a SIP/2.0\r\n X: a\r\n\r\n`],
])('%s in the header is refused: the next hop might read other headers than we do', (_, text) => {
  expect(refusal(text)).toMatchObject({ code: 'SIP_HEADER_LINE', answer: { status: 400 } });
});

test('size, head and number of fields are bounded', () => {
  expect(refusal('x'.repeat(65_537))).toMatchObject({ code: 'SIP_MESSAGE_SIZE', answer: { status: 413, close: 1009 } });
  expect(refusal(`${HEAD}X: ${'x'.repeat(33_000)}\r\n\r\n`).code).toBe('SIP_HEADER_SIZE');
  expect(refusal(`${HEAD}${'X: x\r\n'.repeat(252)}\r\n`).code).toBe('SIP_HEADER_SIZE');
  expect(parseMessage(`${HEAD}${'X: x\r\n'.repeat(251)}\r\n`).names()).toHaveLength(256);
  expect(refusal(`${HEAD}\r\n`, { size: 20 }).code).toBe('SIP_MESSAGE_SIZE');
});

test('an error in a response has no answer', () => {
  expect(refusal('SIP/2.0 20 OK\r\n\r\n').answer).toEqual({});
  expect(refusal('SIP/2.0 200 OK\r\nX\r\n\r\n').answer).toEqual({});
  expect(refusal(`SIP/2.0 200 OK\r\n${'x'.repeat(70_000)}`).answer).toEqual({ close: 1009 });
});

test('a status line may lack the phrase, and COMPAT: even its space', () => {
  expect(parseMessage('SIP/2.0 180 \r\n\r\n')).toMatchObject({ status: 180, reason: '' });
  expect(parseMessage('SIP/2.0 180\r\n\r\n')).toMatchObject({ status: 180, reason: '' });
});

test('a refused request is salvaged for its answer, without the lines that are broken', () => {
  const text = `${HEAD}no colon\r\nX: a\nb\r\nl: 0\r\n\r\n`;
  expect(refusal(text).code).toBe('SIP_HEADER_LINE');
  const request = salvageRequest(text);
  expect(request && createResponse(request, 400, undefined, { toTag: 't' }).serialize()).toBe(
    'SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=t\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
  );
  expect(salvageRequest(HEAD)?.method).toBe('OPTIONS'); // no empty line
  expect(salvageRequest(`${HEAD}\r\n${'x'.repeat(70_000)}`)?.method).toBe('OPTIONS'); // too large
  expect(salvageRequest(`${HEAD}${'x\r\n'.repeat(20_000)}`)?.method).toBeUndefined();
});

test('lines that end with LF alone are refused, and the request is salvaged to say so', () => {
  const text = `${HEAD}\r\n`.replaceAll('\r\n', '\n');
  expect(refusal(text)).toMatchObject({ message: 'Malformed Line End', answer: { status: 400 } });
  expect(salvageRequest(text)?.callId).toBe('c');
  expect(salvageRequest(text.replace('OPTIONS sip:bob@example.test SIP/2.0', 'SIP/2.0 200 OK'))).toBeUndefined();
  expect(salvageRequest('\n'.repeat(70_000))).toBeUndefined();
});

test('an ACK, a response and a torso are not salvaged: nothing answers those', () => {
  expect(salvageRequest(HEAD.replaceAll('OPTIONS', 'ACK'))).toBeUndefined();
  expect(salvageRequest(HEAD.replace('OPTIONS sip:bob@example.test SIP/2.0', 'SIP/2.0 200 OK'))).toBeUndefined();
  expect(salvageRequest(HEAD.replace('Call-ID: c\r\n', ''))).toBeUndefined();
});

test.each(['Via', 'via', 'VIA', 'v', 'V', 'vIa'])('%s: is the Via, others of its length and letter are not', (name) => {
  const message = parseMessage(`OPTIONS sip:a SIP/2.0\r\nVoa: 1\r\n${name}: SIP/2.0/UDP h\r\nVia-: 2\r\nW: 3\r\n\r\n`);
  expect(message.names()).toEqual(['voa', 'via', 'via-', 'w']);
});
