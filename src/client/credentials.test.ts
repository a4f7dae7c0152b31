import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { accountName, type Credentials, CredentialsKeeper, fetchCredentials, handshakeUrl } from './credentials.ts';
import type { ClientError } from './errors.ts';

const CREDENTIALS: Credentials = {
  username: '1893456000:alice',
  password: 'a+b/c=',
  ttl: 100,
  domain: 'example.test',
  ws: 'ws://127.0.0.1:8080/',
};

test('the name is what follows the expiry; a plain name is itself', () => {
  expect(accountName(CREDENTIALS)).toBe('alice');
  expect(accountName({ ...CREDENTIALS, username: 'bob' })).toBe('bob');
  expect(accountName({ ...CREDENTIALS, username: '1:a:b' })).toBe('a:b');
});

test('the credential travels in the query, escaped', () => {
  const url = new URL(handshakeUrl(CREDENTIALS));
  expect(url.search).toBe('?username=1893456000%3Aalice&password=a%2Bb%2Fc%3D');
  expect(url.searchParams.get('password')).toBe('a+b/c=');
});

test('a credential is used for three quarters of its life, and then another is asked for', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const keeper = new CredentialsKeeper(
    async () => ({ ...CREDENTIALS, password: String(++asked) }),
    () => clock.now(),
  );
  expect(keeper.renewIn).toBeUndefined();
  expect((await keeper.get()).password).toBe('1');
  expect(keeper.renewIn).toBe(75_000);
  await clock.advance(74_999);
  expect((await keeper.get()).password).toBe('1');
  await clock.advance(1);
  expect((await Promise.all([keeper.get(), keeper.get()])).map(({ password }) => password)).toEqual(['2', '2']);
  keeper.discard();
  expect((await keeper.get()).password).toBe('3');
});

test('a refused session is told apart from a service that fails or is not there', async () => {
  const answering = (status: number) =>
    fetchCredentials('/api/credentials', async () => new Response('{}', { status }));
  const code = (provider: () => Promise<unknown>) =>
    provider().then(
      () => 'none',
      (error: ClientError) => error.code,
    );
  expect(await code(answering(401))).toBe('CREDENTIALS_REFUSED');
  expect(await code(answering(403))).toBe('CREDENTIALS_REFUSED');
  expect(await code(answering(500))).toBe('CREDENTIALS_UNAVAILABLE');
  expect(
    await code(
      fetchCredentials('/', async () => {
        throw new TypeError('offline');
      }),
    ),
  ).toBe('CREDENTIALS_UNAVAILABLE');
});
