import { expect, test } from 'vitest';
import { type Jid, parseJid } from './jid.ts';

const full = (text: string) => parseJid(text)?.full;

test('the addresses of RFC 7622 table 1 are addresses', () => {
  for (const text of [
    'juliet@example.com',
    'juliet@example.com/foo',
    'juliet@example.com/foo bar',
    'juliet@example.com/foo@bar',
    'foo\\20bar@example.com',
    'fussball@example.com',
    'fu\u00dfball@example.com',
    '\u03c0@example.com',
    'king@example.com/\u265a',
    'example.com',
    'example.com/foobar',
    'a.example.com/b@example.net',
  ])
    expect(full(text), text).toBe(text);
  expect(full('\u03a3@example.com/foo')).toBe('\u03c3@example.com/foo');
  expect(full('\u03c2@example.com/foo')).toBe('\u03c2@example.com/foo');
});

test('the texts of RFC 7622 table 2 are none', () => {
  for (const text of [
    '"juliet"@example.com',
    'foo bar@example.com',
    'juliet@example.com/ foo\u0000',
    '@example.com',
    'henry\u2163@example.com',
    '\u265a@example.com',
    'juliet@',
    '/foobar',
  ])
    expect(full(text), text).toBeUndefined();
});

test('parts are told apart by the first slash, then the first at sign', () => {
  const jid = parseJid('a@b/c@d/e') as Jid;
  expect([jid.local, jid.domain, jid.resource]).toEqual(['a', 'b', 'c@d/e']);
  expect([parseJid('b/c@d')?.local, parseJid('b/c@d')?.resource]).toEqual([undefined, 'c@d']);
});

test('local part and domain are lower case, a resource is as it is', () => {
  expect(full('Alice@Example.ORG/Phone')).toBe('alice@example.org/Phone');
  expect(full('ALICE@EXAMPLE.ORG.')).toBe('alice@example.org');
  expect(full('\uff21lice@ex\uff41mple.org')).toBe('alice@example.org');
  expect(full('alice@B\u00dcCHER.example')).toBe('alice@b\u00fccher.example');
});

test('a resource is an OpaqueString: other spaces are spaces, accents are composed, controls are none', () => {
  expect(full('a@b/x\u00a0y')).toBe('a@b/x y');
  expect(full('a@b/e\u0301')).toBe('a@b/\u00e9');
  expect(full('a@b/Straße 😀 Ⅳ')).toBe('a@b/Straße 😀 Ⅳ');
  for (const resource of [
    '',
    'a\u0007',
    'a\u007f',
    '\u00ad',
    '\u200b',
    '\ud800',
    '\ufffe',
    '\u2028',
    '\ue000',
    'a\u200d',
  ])
    expect(full(`a@b/${resource}`), JSON.stringify(resource)).toBeUndefined();
});

test('a domain is labels or a literal address', () => {
  for (const text of ['localhost', '127.0.0.1', '[::1]', 'xn--bcher-kva.example', 'bücher.example'])
    expect(full(text), text).toBe(text);
  for (const text of [
    '',
    '.',
    'a..b',
    '.a',
    '-a',
    'a-',
    'a_b',
    'a b',
    'a:1',
    '[::1',
    '[x]',
    `${'a'.repeat(64)}.b`,
    'a!b',
  ])
    expect(full(text), text).toBeUndefined();
});

test('each part is at most 1023 octets', () => {
  const long = 'a'.repeat(1023);
  expect(full(`${long}@b/${long}`)).toBe(`${long}@b/${long}`);
  expect(full(`${long}a@b`)).toBeUndefined();
  expect(full(`a@b/${long}a`)).toBeUndefined();
  expect(full(`a@b/${'é'.repeat(512)}`)).toBeUndefined();
  expect(full(`${'é'.repeat(512)}@b`)).toBeUndefined();
  expect(full(`${'a.'.repeat(512)}b`)).toBeUndefined();
  expect(full('a'.repeat(1_000_000))).toBeUndefined();
});

test('what is no address is found out in time', () => {
  const start = performance.now();
  for (const text of [`${'a.'.repeat(1500)}!`, `${'a'.repeat(3000)}!`, `${'a@'.repeat(1500)}`, '\u0300'.repeat(1000)])
    parseJid(text);
  expect(performance.now() - start).toBeLessThan(100);
});

test('an address prepared once stays as it is', () => {
  for (const text of ['İ@b', 'ΣΊΣΥΦΟΣ@b/Σ', 'Ǆ@b', 'ﬁ@b/ﬁ', 'A@B/e\u0301\u0323']) {
    const once = full(text);
    if (once !== undefined) expect(full(once)).toBe(once);
  }
});
