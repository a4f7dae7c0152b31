import { expect, test } from 'vitest';
import { encodeUtf8 } from '../protocol/byte-string.ts';
import { describePeer, targetUri } from './peer.ts';

test.each([
  ['bob', 'sip:bob@example.test'],
  ['bob@other.test', 'sip:bob@other.test'],
  ['+33123456', 'sip:+33123456@example.test'],
  ['sip:bob@other.test;transport=tcp', 'sip:bob@other.test;transport=tcp'],
  ['zoë', 'sip:zo%C3%AB@example.test'],
  ['a b@x.test', 'sip:a%20b@x.test'],
])('%s is completed to %s', (target, uri) => {
  expect(targetUri(target, 'example.test')).toBe(uri);
});

test.each(['', '   ', '@host', 'bob@', 'bob@ho st', 'sip:', 'bob@host>\r\nVia: x'])('%j is no target', (target) => {
  expect(() => targetUri(target, 'example.test')).toThrowError(expect.objectContaining({ code: 'BAD_TARGET' }));
});

test('a peer is shown by its display name, else its user, else its host', () => {
  expect(describePeer({ uri: 'sip:zo%C3%AB@example.test', display: encodeUtf8('Zoë K.') })).toEqual({
    uri: 'sip:zo%C3%AB@example.test',
    user: 'zoë',
    host: 'example.test',
    name: 'Zoë K.',
  });
  expect(describePeer({ uri: 'sip:zo%C3%AB@example.test' }).name).toBe('zoë');
  expect(describePeer({ uri: 'sip:pbx.example.test', display: ' ' }).name).toBe('pbx.example.test');
  expect(describePeer({ uri: 'tel:+33123' }).name).toBe('tel:+33123');
});

test('a display name cannot turn what is written beside it, nor fill the screen', () => {
  const name = (display: string) =>
    describePeer({ uri: 'sip:mallory@example.test', display: encodeUtf8(display) }).name;
  expect(name('Bob\u202e\u0007 is calling')).toBe('Bob  is calling');
  expect(name('x'.repeat(5000))).toHaveLength(100);
  expect(name('\u200f\n')).toBe('mallory');
});
