import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { primitives } from '../../transport/primitives.ts';
import { AccountCredentials } from './credentials.ts';

const REALM = 'example.test';
const md5 = (text: string, encoding: 'hex' | 'binary') => createHash('md5').update(text).digest(encoding);
const password = (secret: string, username: string) => createHmac('sha1', secret).update(username).digest('base64');

/** Accounts that know alice, and ephemeral names until 1970-01-01T00:01:40. */
const credentials = new AccountCredentials({
  realm: REALM,
  primitives,
  now: () => 50_000,
  accounts: {
    digestSecrets: (username, realm, algorithm, now) => {
      const identity = { name: 'alice', account: true, admin: false };
      if (username === 'alice') return { ha1: [md5(`alice:${realm}:${algorithm}`, 'hex')], identity };
      if (username === '100:alice' && now < 100_000)
        return { ha1: [md5(`${username}:${realm}:${password('auth', username)}`, 'hex')], identity };
      return undefined;
    },
  },
});
credentials.secrets = ['turn'];

test('the key of an account is the HA1 of its digest, for the algorithm asked for', () => {
  expect(credentials.keys('alice', 'MD5')).toEqual({ keys: [md5(`alice:${REALM}:MD5`, 'binary')], account: 'alice' });
  expect(credentials.keys('alice', 'SHA-256')?.keys).toEqual([md5(`alice:${REALM}:SHA-256`, 'binary')]);
  expect(credentials.keys('nobody', 'MD5')).toBeUndefined();
});

test('an ephemeral credential may be made with auth.secret or turn.secret, and has to be one that SIP knows too', () => {
  const key = (secret: string) => md5(`100:alice:${REALM}:${password(secret, '100:alice')}`, 'binary');
  expect(credentials.keys('100:alice', 'MD5')).toEqual({ keys: [key('auth'), key('turn')], account: 'alice' });
  expect(credentials.keys('100:bad name', 'MD5')).toBeUndefined();
});
