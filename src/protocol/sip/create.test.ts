import { expect, test } from 'vitest';
import { encodeUtf8 } from '../byte-string.ts';
import { createRequest, createResponse } from './create.ts';
import type { Request } from './message.ts';
import { parseMessage } from './parse.ts';
import { validateRequest, validateResponse } from './validate.ts';

const FIELDS: [string, string][] = [
  ['via', 'SIP/2.0/WS a.invalid;branch=z9hG4bK1'],
  ['max-forwards', '70'],
  ['from', '<sip:alice@example.test>;tag=1'],
  ['to', 'sip:bob@example.test'],
  ['call-id', 'c1'],
  ['cseq', '1 INVITE'],
  ['X-tension', 'spelled as given'],
];

test('a request is written with the usual spelling, and reads back', () => {
  const request = createRequest('INVITE', 'sip:bob@example.test', FIELDS, 'v=0\r\n');
  const text = request.serialize();
  expect(text).toBe(
    'INVITE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.test>;tag=1\r\nTo: sip:bob@example.test\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nX-tension: spelled as given\r\nContent-Length: 5\r\n\r\nv=0\r\n',
  );
  expect(parseMessage(text).serialize()).toBe(text);
  validateRequest(request);
  expect(request.clone().serialize()).toBe(text);
  expect([request.via.host, request.body]).toEqual(['a.invalid', 'v=0\r\n']);
});

test('a response copies what RFC 3261 section 8.2.6 says, in order and byte by byte', () => {
  const request = parseMessage(
    'INVITE sip:b@c SIP/2.0\r\nv:  SIP/2.0/UDP x,\r\n SIP/2.0/UDP y\r\nX: no\r\nRecord-Route: <sip:p;lr>\r\nTO: <sip:b@c>\r\nf:<sip:a@c>;tag=1\r\nTimestamp: 54\r\ni: c\r\ncseq : 1 INVITE\r\nVia: SIP/2.0/UDP z\r\n\r\n',
  ) as Request;
  const response = createResponse(request, 180, undefined, { toTag: 't1' });
  expect(response.serialize()).toBe(
    'SIP/2.0 180 Ringing\r\nv:  SIP/2.0/UDP x,\r\n SIP/2.0/UDP y\r\nRecord-Route: <sip:p;lr>\r\nTO: <sip:b@c>;tag=t1\r\nf:<sip:a@c>;tag=1\r\ni: c\r\ncseq : 1 INVITE\r\nVia: SIP/2.0/UDP z\r\nContent-Length: 0\r\n\r\n',
  );
  validateResponse(response);
  expect(response.to.tag).toBe('t1');
  expect(createResponse(request, 100).all('timestamp')).toEqual(['54']);
  expect(createResponse(request, 100).has('record-route')).toBe(false);
  expect(createResponse(request, 486).has('record-route')).toBe(false);
});

test('a To that has a tag keeps it, an addr-spec gets it as a header parameter', () => {
  const request = createRequest('INVITE', 'sip:bob@example.test', FIELDS);
  expect(createResponse(request, 200, 'OK', { toTag: 'x' }).get('to')).toBe('sip:bob@example.test;tag=x');
  request.set('to', '<sip:bob@example.test>;tag=old');
  expect(createResponse(request, 200, 'OK', { toTag: 'x' }).to.tag).toBe('old');
  request.set('to', '"broken <sip:bob@example.test>');
  expect(createResponse(request, 400, undefined, { toTag: 'x' }).get('to')).toBe('"broken <sip:bob@example.test>');
});

test('reason phrases are the standard ones, or given in UTF-16 and written in UTF-8', () => {
  const request = createRequest('INVITE', 'sip:bob@example.test', FIELDS);
  expect(createResponse(request, 488).reason).toBe('Not Acceptable Here');
  expect(createResponse(request, 499).reason).toBe('Request Failure');
  expect(createResponse(request, 480, 'Später').reason).toBe(encodeUtf8('Später'));
  expect(() => createResponse(request, 200, 'OK\r\nX: y')).toThrow(RangeError);
  expect(() => createResponse(request, 99)).toThrow(RangeError);
  expect(() => createResponse(request, 200, 'OK', { toTag: 'a b' })).toThrow(RangeError);
});
