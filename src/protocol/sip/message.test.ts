import { expect, test } from 'vitest';
import { createRequest } from './create.ts';
import type { Request } from './message.ts';
import { parseMessage } from './parse.ts';

const TEXT = [
  'INVITE sip:bob@example.test SIP/2.0',
  'v:SIP/2.0/TLS one;branch=z9hG4bK1 ,  SIP/2.0/UDP two:5070;branch=z9hG4bK2',
  'Via : SIP/2.0/UDP three',
  'Route: <sip:p1;lr>,<sip:p2;lr>',
  'f: "Alice" <sip:alice@example.test>;tag=a1',
  't: <sip:bob@example.test>',
  'i: call@host',
  'CSEQ: 007   INVITE',
  'Max-Forwards: 70',
  'X-Odd:   kept   as it is  ',
  'm: <sip:alice@h>',
  'Supported: timer',
  'Supported:',
  'k: path , gruu',
  'l: 4',
  '',
  'body',
].join('\r\n');

function message(): Request {
  return parseMessage(TEXT) as Request;
}

test('compact, long and oddly cased names are one', () => {
  const m = message();
  expect(m.get('via')).toBe('SIP/2.0/TLS one;branch=z9hG4bK1 ,  SIP/2.0/UDP two:5070;branch=z9hG4bK2');
  expect(m.get('Call-ID')).toBe('call@host');
  expect(m.get('I')).toBe('call@host');
  expect(m.get('x-ODD')).toBe('kept   as it is');
  expect(m.has('route')).toBe(true);
  expect(m.has('record-route')).toBe(false);
  expect(m.names().slice(0, 4)).toEqual(['via', 'via', 'route', 'from']);
  expect(m.rawFields()[1]).toEqual({ name: 'Via', value: 'SIP/2.0/UDP three' });
});

test('lists run over fields, and an empty field has no elements', () => {
  expect(message().values('supported')).toEqual(['timer', 'path', 'gruu']);
  expect(message().all('supported')).toEqual(['timer', '', 'path , gruu']);
  expect(message().vias.map((via) => via.sentBy)).toEqual(['one', 'two:5070', 'three']);
  expect(message().cseq).toEqual({ sequence: 7, method: 'INVITE' });
});

test("the proxy's edits: Via popped and pushed, Route popped, hops counted; the rest is what came", () => {
  const m = message();
  m.removeFirstValue('via');
  m.prepend('via', 'SIP/2.0/WS edge;branch=z9hG4bK3');
  m.removeFirstValue('route');
  m.set('max-forwards', '69');
  m.uri = 'sip:bob@192.0.2.7';
  expect(m.serialize()).toBe(
    TEXT.replace('bob@example.test SIP', 'bob@192.0.2.7 SIP')
      .replace('v:SIP/2.0/TLS one;branch=z9hG4bK1 ,  ', 'Via: SIP/2.0/WS edge;branch=z9hG4bK3\r\nv:')
      .replace('<sip:p1;lr>,', '')
      .replace('Max-Forwards: 70', 'Max-Forwards: 69'),
  );
});

test('what was parsed is forgotten when an edit touches it, and only then', () => {
  const m = message();
  const { via, from } = m;
  expect(m.via).toBe(via);
  m.removeFirstValue('via');
  expect(m.via.sentBy).toBe('two:5070');
  m.replaceFirstValue('via', 'SIP/2.0/UDP two:5070;received=192.0.2.1');
  expect(m.via.received).toBe('192.0.2.1');
  expect(m.vias[1]?.host).toBe('three');
  expect(m.from).toBe(from);
  m.set('from', '<sip:x@y>;tag=b');
  expect(m.from.tag).toBe('b');
  m.remove('contact');
  expect(m.contacts).toEqual([]);
});

test('a clone shares the text but no edits', () => {
  const m = message();
  void m.via;
  const clone = m.clone();
  clone.removeFirstValue('via');
  clone.uri = 'sip:x@y';
  clone.body = '';
  expect(m.serialize()).toBe(TEXT);
  expect(m.via.host).toBe('one');
  expect(clone.via.host).toBe('two');
  expect(clone.clone().serialize()).toBe(clone.serialize());
});

test('a new body brings its Content-Length in the place and the spelling of the old one', () => {
  const m = message();
  m.body = 'longer body';
  expect(m.serialize()).toBe(TEXT.replace('l: 4', 'l: 11').replace(/body$/, 'longer body'));
  const without = parseMessage(TEXT.replace('l: 4\r\n', ''));
  without.body = 'x';
  expect(without.serialize().endsWith('k: path , gruu\r\nContent-Length: 1\r\n\r\nx')).toBe(true);
});

test('a message for a stream gets the Content-Length that its datagram lacked', () => {
  const without = parseMessage(TEXT.replace('l: 4\r\n', ''));
  without.ensureContentLength();
  expect(without.serialize().endsWith('\r\nContent-Length: 4\r\n\r\nbody')).toBe(true);
  const m = message();
  m.ensureContentLength();
  expect(m.serialize()).toBe(TEXT);
});

test('a broken Via further down does not touch who reads the top one', () => {
  const m = message();
  m.append('via', ';;,');
  expect(m.via.host).toBe('one');
  expect(() => m.vias).toThrow('Malformed Via');
});

test('a malformed header throws to whoever asks for it, again and again, and passes untouched otherwise', () => {
  const text = TEXT.replace('t: <sip:bob@example.test>', 't: "oops <sip:b@c>');
  const m = parseMessage(text);
  expect(m.from.tag).toBe('a1');
  expect(() => m.to).toThrow('Malformed To');
  expect(() => m.to).toThrow('Malformed To');
  expect(m.serialize()).toBe(text);
});

test.each([
  ['CSeq', { cseq: '2147483648 INVITE' }],
  ['CSeq', { cseq: '1INVITE' }],
  ['CSeq', { cseq: '1 IN VITE' }],
  ['CSeq', { cseq: '-1 INVITE' }],
  ['Max-Forwards', { 'max-forwards': '256' }],
  ['Max-Forwards', { 'max-forwards': '0x10' }],
  ['Call-ID', { 'call-id': 'a b' }],
  ['Call-ID', { 'call-id': 'a@b@c' }],
  ['Call-ID', { 'call-id': '' }],
  ['Call-ID', { 'call-id': 'x'.repeat(513) }],
  ['Expires', { expires: '-1' }],
  ['Expires', { expires: 'soon' }],
  ['Contact', { contact: '<sip:a@b>,' }],
  ['Contact', { contact: '*, <sip:a@b>' }],
  ['Route', { route: '<sip:a@b' }],
])('malformed %s is 400: %o', (what, fields) => {
  const m = message();
  for (const [name, value] of Object.entries(fields)) m.set(name, value);
  const read = () => [m.cseq, m.maxForwards, m.callId, m.expires, m.contacts, m.routes];
  expect(read).toThrow(expect.objectContaining({ message: `Malformed ${what}`, answer: { status: 400 } }));
});

test('an Expires beyond 32 bits counts as the most there is, and * is a contact of its own', () => {
  const m = message();
  m.set('expires', '9'.repeat(100));
  m.set('contact', '*');
  expect([m.expires, m.contacts]).toEqual([2 ** 32 - 1, '*']);
});

test('no edit can break out of its line or its field', () => {
  const m = message();
  const broken = 'a\r\nVia: evil';
  for (const run of [
    () => m.set('subject', broken),
    () => m.append('subject', broken),
    () => m.prepend('subject', broken),
    () => m.replaceFirstValue('via', broken),
    () => m.set('sub ject', 'x'),
    () => m.set('', 'x'),
    () => m.set('subject', '\u263a'),
    () => {
      m.body = '\u263a';
    },
    () => {
      m.uri = 'sip:a SIP/2.0\r\nVia: evil';
    },
    () => createRequest('A B', 'sip:a', []),
    () => createRequest('A', 'sip:a', [['subject', broken]]),
  ])
    expect(run).toThrow(RangeError);
  expect(m.serialize()).toBe(TEXT);
});

test('more elements than anybody sends are refused', () => {
  const m = message();
  m.set('via', Array(600).fill('SIP/2.0/UDP h').join(','));
  expect(() => m.vias).toThrow(expect.objectContaining({ code: 'SIP_TOO_MANY', answer: { status: 400 } }));
  m.set('to', `<sip:a@b>${Array.from({ length: 101 }, (_, i) => `;p${i}`).join('')}`);
  expect(() => m.to).toThrow(expect.objectContaining({ code: 'SIP_TOO_MANY' }));
});
