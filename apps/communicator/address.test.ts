import { expect, test } from 'vitest';
import { parseTarget, peerKey } from './address.ts';

test.each([
  ['bob', 'bob'],
  [' bob@example.org ', 'bob@example.org'],
  ['sip:bob@example.org;transport=tcp', 'sip:bob@example.org;transport=tcp'],
  ['+33 1 23 45 67', '+331234567'],
  ['(030) 123-45/6', '030123456'],
  ['zoë', 'zoë'],
])('%j means %j', (text, target) => {
  expect(parseTarget(text)).toBe(target);
});

test.each(['', '  ', '@example.org', 'two words', 'a@b@c', '<bob>'])('%j means nobody', (text) => {
  expect(parseTarget(text)).toBeUndefined();
});

test('people of this domain are known by their name, others by their address', () => {
  expect(peerKey({ user: 'bob', host: 'Example.test' }, 'example.test')).toBe('bob');
  expect(peerKey({ user: 'bob', host: 'other.test' }, 'example.test')).toBe('bob@other.test');
});
