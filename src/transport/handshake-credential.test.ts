import { expect, test } from 'vitest';
import { handshakeCredential } from './handshake-credential.ts';

const USERNAME = '1900000000:alice';
const PASSWORD = 'k+9/vZ0rF3wq2y7sQv8nXb5hT0A=';
const both = { username: USERNAME, password: PASSWORD };

const query = (url: string) => handshakeCredential({ url, headers: {} }, true);
const basic = (authorization: string) => handshakeCredential({ url: '/', headers: { authorization } }, true);
const cookie = (value: string, count = true) => handshakeCredential({ url: '/', headers: { cookie: value } }, count);
const base64 = (pair: string) => Buffer.from(pair).toString('base64');

test('no credential at all is undefined', () => {
  expect(query('/')).toBeUndefined();
  expect(query('/any?other=1&user=x')).toBeUndefined();
  expect(handshakeCredential({ headers: {} }, true)).toBeUndefined();
  expect(basic('Bearer abc')).toBeUndefined();
  expect(cookie('other=1; chappe_credentials=x:y')).toBeUndefined();
});

test('the query carries username and password, escaped or as they are', () => {
  expect(query(`/?${new URLSearchParams(both)}`)).toEqual(both);
  expect(query(`/p?a=1&username=${USERNAME}&b&password=${PASSWORD}`)).toEqual(both);
  expect(query('/?username=1900000000%3A%C3%A4&password=x')).toEqual({ username: '1900000000:ä', password: 'x' });
});

test('half a credential in the query, or an empty, doubled or badly escaped one, is malformed', () => {
  for (const wrong of [
    'username=a',
    'password=a',
    'username=&password=x',
    'username=x&password=',
    'username&password',
    'username=a&username=b&password=x',
    'username=%zz&password=x',
    'username=%ff&password=x',
  ])
    expect(query(`/?${wrong}`), wrong).toBe('malformed');
});

test('Basic is split at its last colon, whatever the case of the scheme', () => {
  expect(basic(`Basic ${base64(`${USERNAME}:${PASSWORD}`)}`)).toEqual(both);
  expect(basic(`bAsIc  ${base64('a:b:c')} `)).toEqual({ username: 'a:b', password: 'c' });
  for (const wrong of ['Basic', 'Basic ', 'Basic ???', `Basic ${base64('nocolon')}`, `Basic ${base64(':x')}`])
    expect(basic(wrong), wrong).toBe('malformed');
});

test('the cookie is percent-decoded and split at its last colon', () => {
  const value = encodeURIComponent(`${USERNAME}:${PASSWORD}`);
  expect(cookie(`a=b; chappe_credential=${value}; c=d`)).toEqual(both);
  expect(cookie(`chappe_credential="${value}"`)).toEqual(both);
  expect(cookie(`chappe_credential=${USERNAME}:${PASSWORD}`)).toEqual(both);
  for (const wrong of ['chappe_credential=', 'chappe_credential=x', 'chappe_credential=%e4:x', 'chappe_credential=a:'])
    expect(cookie(wrong), wrong).toBe('malformed');
});

test('a cookie that does not count is not looked at', () => {
  expect(cookie('chappe_credential=a:b', false)).toBeUndefined();
});

test('what the page says expressly goes before what the browser adds by itself', () => {
  const headers = { authorization: `Basic ${base64('basic:2')}`, cookie: 'chappe_credential=cookie:3' };
  expect(handshakeCredential({ url: '/?username=query&password=1', headers }, true)).toMatchObject({
    username: 'query',
  });
  expect(handshakeCredential({ url: '/', headers }, true)).toMatchObject({ username: 'basic' });
  expect(handshakeCredential({ url: '/', headers: { cookie: headers.cookie } }, true)).toMatchObject({
    username: 'cookie',
  });
});
