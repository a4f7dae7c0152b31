import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { primitives } from '../../transport/primitives.ts';
import { makeEphemeral, parseEphemeralUsername, verifyEphemeral } from './ephemeral.ts';

const secret = 'north wind';

test('a credential made by coturn’s REST formula is accepted', () => {
  // README.turnserver: "usercombo -> timestamp:userid", "turn password -> base64(hmac(secret key, usercombo))"
  const username = '1700000100:alice';
  const password = createHmac('sha1', secret).update(username).digest('base64');
  expect(verifyEphemeral(primitives, [secret], username, password, 1_700_000_000)).toEqual({
    expires: 1_700_000_100,
    name: 'alice',
  });
});

test('a credential whose user part is an address, as in Kamailio’s documentation, is accepted', () => {
  // README.auth_ephemeral 1.1.2: "base64(hmac-sha1(secret key, returned username))", username "1234567890:foo@bar.com"
  const username = '1234567890:foo@bar.com';
  const password = createHmac('sha1', secret).update(username).digest('base64');
  expect(verifyEphemeral(primitives, ['other', secret], username, password, 1_234_567_889)?.name).toBe('foo@bar.com');
});

test('a value computed by openssl stays what it is', () => {
  // printf %s '1700000000:alice' | openssl dgst -sha1 -hmac 'north wind' -binary | base64
  expect(makeEphemeral(primitives, secret, 'alice', 1_700_000_000)).toEqual({
    username: '1700000000:alice',
    password: 'iNikfYHt0MRRt7VOvEs3RgXDzQo=',
  });
});

test('it ends at its expiry', () => {
  const { username, password } = makeEphemeral(primitives, secret, 'alice', 1000);
  expect(verifyEphemeral(primitives, [secret], username, password, 999)).toBeDefined();
  expect(verifyEphemeral(primitives, [secret], username, password, 1000)).toBeUndefined();
});

test('another secret, another name, another expiry, a cut or longer password are refused', () => {
  const { username, password } = makeEphemeral(primitives, secret, 'alice', 1000);
  const refused: Array<[string[], string, string]> = [
    [['south wind'], username, password],
    [[], username, password],
    [[secret], '1000:bob', password],
    [[secret], '1001:alice', password],
    [[secret], username, password.slice(0, -1)],
    [[secret], username, `${password}=`],
    [[secret], username, ''],
  ];
  for (const [secrets, name, word] of refused)
    expect(verifyEphemeral(primitives, secrets, name, word, 0)).toBeUndefined();
});

test('only expiry, colon, name is a username, even with a right HMAC', () => {
  for (const username of [
    'alice:9999999999',
    '9999999999',
    '9999999999:',
    ':alice',
    '-1:alice',
    '1e9:alice',
    '0123456789:a',
    ' 9999999999:a',
    `${'9'.repeat(13)}:a`,
    `9999999999:${'a'.repeat(600)}`,
    '',
  ]) {
    expect(parseEphemeralUsername(username), username).toBeUndefined();
    const password = createHmac('sha1', secret).update(username).digest('base64');
    expect(verifyEphemeral(primitives, [secret], username, password, 0), username).toBeUndefined();
  }
});

test('a name may hold colons: the first one ends the expiry', () => {
  expect(parseEphemeralUsername('12:a:b')).toEqual({ expires: 12, name: 'a:b' });
});
