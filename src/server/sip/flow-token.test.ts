import { expect, test } from 'vitest';
import { primitives } from '../../transport/primitives.ts';
import { type FlowToken, FlowTokens, tagHash } from './flow-token.ts';

const token: FlowToken = {
  caller: { flow: '1a', binding: 'AbC-_x' },
  callee: { udp: { localPort: 5060, address: '2001:db8::1', port: 40001 }, binding: 'zzz', route: 'other.test' },
  callerTag: tagHash('tag'),
};

test('A token comes back as it was signed, and fits a user part', () => {
  const tokens = new FlowTokens(primitives, ['secret']);
  const text = tokens.sign(token, 'call');
  expect(text).toMatch(/^[A-Za-z0-9\-_.!~]+$/);
  expect(tokens.open(text, 'call')).toEqual(token);
});

test('It is worth nothing for another Call-ID, another secret, or with any octet changed', () => {
  const tokens = new FlowTokens(primitives, ['secret']);
  const text = tokens.sign(token, 'call');
  expect(tokens.open(text, 'call2')).toBeUndefined();
  expect(new FlowTokens(primitives, ['other']).open(text, 'call')).toBeUndefined();
  for (let i = 0; i < text.length; i++) {
    const changed = text.slice(0, i) + (text[i] === 'x' ? 'y' : 'x') + text.slice(i + 1);
    expect(tokens.open(changed, 'call')).toBeUndefined();
  }
  for (const junk of ['', '~', '~~~', 'a~b~c', text.slice(1), `${text}x`, 'x'.repeat(100_000), text.repeat(20)])
    expect(tokens.open(junk, 'call')).toBeUndefined();
});

test('A secret that was replaced still opens what it signed', () => {
  const text = new FlowTokens(primitives, ['old']).sign(token, 'call');
  expect(new FlowTokens(primitives, ['new', 'old']).open(text, 'call')?.callee).toEqual(token.callee);
});

test('A call is named in it for as long as this process lives', () => {
  const tokens = new FlowTokens(primitives, ['secret']);
  const text = tokens.sign({ ...token, call: '2z' }, 'call');
  expect(tokens.open(text, 'call')?.call).toBe('2z');
  const later = new FlowTokens(primitives, ['secret']);
  expect(later.open(text, 'call')).toMatchObject({ callee: token.callee, callerTag: token.callerTag });
  expect(later.open(text, 'call')?.call).toBeUndefined();
});

test('That media is relayed outlives the process', () => {
  const text = new FlowTokens(primitives, ['secret']).sign({ ...token, call: '2z', relayed: true }, 'call');
  expect(text).toMatch(/^[A-Za-z0-9\-_.!~]+$/);
  const later = new FlowTokens(primitives, ['secret']);
  expect(later.open(text, 'call')).toMatchObject({ relayed: true });
  expect(later.open(text, 'call')?.call).toBeUndefined();
  const tokens = new FlowTokens(primitives, ['secret']);
  const again = tokens.sign({ ...token, call: '2z', relayed: true }, 'call');
  expect(tokens.open(again, 'call')).toEqual({ ...token, call: '2z', relayed: true });
});

test('After a restart connections are forgotten, UDP flows, bindings and routes are not', () => {
  const text = new FlowTokens(primitives, ['secret']).sign(token, 'call');
  const opened = new FlowTokens(primitives, ['secret']).open(text, 'call');
  expect(opened?.caller).toEqual({ binding: 'AbC-_x' });
  expect(opened?.callee).toEqual(token.callee);
});
