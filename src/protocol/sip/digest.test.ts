import { expect, test } from 'vitest';
import { primitives } from '../../transport/primitives.ts';
import { toHex } from '../primitives.ts';
import { createRequest, createResponse } from './create.ts';
import { digestHa1, digestResponse, parseChallenge, parseCredentials, serializeCredentials } from './digest.ts';
import { DigestClient } from './digest-client.ts';
import { DigestVerifier } from './digest-verifier.ts';
import type { Request } from './message.ts';

const realm = 'example.org';
const secret = 'k'.repeat(32);
const algorithms = ['SHA-256', 'MD5'] as const;

function register(): Request {
  return createRequest('REGISTER', 'sip:example.org', [
    ['via', 'SIP/2.0/WS a.invalid;branch=z9hG4bK1'],
    ['from', '<sip:alice@example.org>;tag=1'],
    ['to', '<sip:alice@example.org>'],
    ['call-id', 'a'],
    ['cseq', '1 REGISTER'],
  ]);
}

function challenge(verifier: DigestVerifier, request: Request, now: number, stale = false) {
  const response = createResponse(request, 401);
  for (const value of verifier.challenges(now, stale)) response.append('www-authenticate', value);
  return response;
}

function verdict(verifier: DigestVerifier, request: Request, now: number, password = 'secret') {
  const credentials = verifier.credentials(request, 'authorization');
  if (!credentials) return 'none';
  const algorithm = verifier.algorithm(credentials);
  const ha1 = algorithm ? [digestHa1(primitives, algorithm, 'alice', realm, password)] : [];
  return verifier.verify(credentials, request.method, ha1, now);
}

test('the examples of RFC 7616 section 3.9.1 come out', () => {
  const input = {
    method: 'GET',
    uri: '/dir/index.html',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    nc: 1,
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    qop: 'auth',
  };
  const answer = (algorithm: 'MD5' | 'SHA-256') =>
    digestResponse(primitives, {
      ...input,
      algorithm,
      ha1: digestHa1(primitives, algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life'),
    });
  expect(answer('MD5')).toBe('8ca523f5e9506fed4657c9700eebdbec');
  expect(answer('SHA-256')).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
});

test('SHA-512-256 is the function of FIPS 180-4, not SHA-512 cut short, and works through both sides', () => {
  expect(toHex(primitives.hash('sha512-256', 'abc'))).toBe(
    '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23',
  );
  const verifier = new DigestVerifier(primitives, { realm, algorithms: ['SHA-512-256'], secret });
  const client = new DigestClient(primitives, 'alice', 'secret');
  const request = register();
  client.challenged(challenge(verifier, request, 0), request);
  client.authorize(request);
  expect(verdict(verifier, request, 0)).toBe('valid');
});

test('the example of RFC 2069 without qop comes out, as RFC 3261 still allows', () => {
  const ha1 = digestHa1(primitives, 'MD5', 'Mufasa', 'testrealm@host.com', 'CircleOfLife');
  const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
  expect(digestResponse(primitives, { algorithm: 'MD5', ha1, method: 'GET', uri: '/dir/index.html', nonce })).toBe(
    '1949323746fe6a43ef61f9606e7febea',
  );
});

test('a client answers the topmost challenge it understands and is let in', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms, secret });
  const client = new DigestClient(primitives, 'alice', 'secret');
  const request = register();
  client.authorize(request);
  expect(request.has('authorization')).toBe(false);
  const refusal = challenge(verifier, request, 0);
  refusal.prepend('www-authenticate', 'Digest realm="example.org", nonce="x", algorithm=SHA3-999, qop="auth"');
  refusal.prepend('www-authenticate', 'NoOneKnowsThisScheme opaque-data=here');
  expect(client.challenged(refusal, request)).toBe(true);
  client.authorize(request);
  const credentials = verifier.credentials(request, 'authorization');
  expect(credentials).toMatchObject({ algorithm: 'SHA-256', qop: 'auth', nc: 1 });
  expect(verdict(verifier, request, 1)).toBe('valid');
});

test('a nonce serves many requests, each count once', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms, secret });
  const client = new DigestClient(primitives, 'alice', 'secret');
  const request = register();
  client.challenged(challenge(verifier, request, 0), request);
  const sent: string[] = [];
  for (let i = 0; i < 40; i++) {
    client.authorize(request);
    sent.push(request.get('authorization') as string);
  }
  const replay = (i: number) => {
    request.set('authorization', sent[i] as string);
    return verdict(verifier, request, 1000);
  };
  expect(replay(0)).toBe('valid');
  expect(replay(0)).toBe('stale');
  expect(replay(3)).toBe('valid');
  expect(replay(1)).toBe('valid'); // overtaken on UDP
  expect(replay(1)).toBe('stale');
  expect(replay(39)).toBe('valid');
  expect(replay(2)).toBe('stale'); // too far behind to know
  expect(replay(38)).toBe('valid');
});

test('an expired, a foreign and a future nonce are stale with the right password and invalid with a wrong one', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms, secret, lifetime: 1000 });
  const foreign = new DigestVerifier(primitives, { realm, algorithms, secret: 'other' });
  const answer = (from: DigestVerifier, issued: number, password: string) => {
    const client = new DigestClient(primitives, 'alice', password);
    const request = register();
    client.challenged(challenge(from, request, issued), request);
    client.authorize(request);
    return request;
  };
  expect(verdict(verifier, answer(verifier, 5000, 'secret'), 6000)).toBe('valid');
  expect(verdict(verifier, answer(verifier, 5000, 'secret'), 6001)).toBe('stale');
  expect(verdict(verifier, answer(foreign, 5000, 'secret'), 5001)).toBe('stale');
  expect(verdict(verifier, answer(verifier, 90_000, 'secret'), 5001)).toBe('stale');
  for (const from of [verifier, foreign]) expect(verdict(verifier, answer(from, 5000, 'wrong'), 9000)).toBe('invalid');
});

test('the client tries again when its nonce went stale, and stops when the password is refused', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms, secret });
  const client = new DigestClient(primitives, 'alice', 'wrong');
  const request = register();
  expect(client.challenged(challenge(verifier, request, 0), request)).toBe(true);
  client.authorize(request);
  expect(verdict(verifier, request, 1)).toBe('invalid');
  expect(client.challenged(challenge(verifier, request, 2, true), request)).toBe(true);
  client.authorize(request);
  expect(client.challenged(challenge(verifier, request, 3), request)).toBe(false);
  client.renew('alice', 'secret');
  const again = register();
  expect(client.challenged(challenge(verifier, again, 4), again)).toBe(true);
  client.authorize(again);
  expect(verdict(verifier, again, 5)).toBe('valid');
  // an old nonce that the server forgot without saying `stale`: one more attempt
  client.authorize(again);
  expect(client.challenged(challenge(verifier, again, 6), again)).toBe(true);
});

test('a stranger cannot fill the memory of used nonces, nor make a used one fresh by pushing it out', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms, secret, mostNonces: 10 });
  const first = register();
  const client = new DigestClient(primitives, 'alice', 'secret');
  client.challenged(challenge(verifier, first, 100), first);
  client.authorize(first);
  expect(verdict(verifier, first, 101)).toBe('valid');
  for (let i = 0; i < 50; i++) {
    const other = new DigestClient(primitives, 'alice', 'secret');
    const request = register();
    other.challenged(challenge(verifier, request, 200 + i), request);
    other.authorize(request);
    expect(verdict(verifier, request, 200 + i)).toBe('valid');
  }
  expect(verdict(verifier, first, 300)).toBe('stale');
});

test('without qop a nonce serves once', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms: ['MD5'], secret });
  const nonce = parseChallenge(verifier.challenges(0)[0] as string)?.nonce as string;
  const ha1 = digestHa1(primitives, 'MD5', 'alice', realm, 'secret');
  const uri = 'sip:example.org';
  const response = digestResponse(primitives, { algorithm: 'MD5', ha1, method: 'REGISTER', uri, nonce });
  const credentials = { username: 'alice', realm, nonce, uri, response };
  expect(verifier.verify(credentials, 'REGISTER', [ha1], 1)).toBe('valid');
  expect(verifier.verify(credentials, 'REGISTER', [ha1], 2)).toBe('stale');
  expect(verifier.verify(credentials, 'REGISTER', [], 3)).toBe('invalid');
});

test('an algorithm that was not offered is refused, so nobody is talked down to MD5', () => {
  const verifier = new DigestVerifier(primitives, { realm, algorithms: ['SHA-256'], secret });
  const request = register();
  request.set(
    'authorization',
    `Digest username="a", realm="example.org", nonce="n", uri="u", response="${'0'.repeat(32)}"`,
  );
  expect(verifier.credentials(request, 'authorization')).toBeUndefined();
});

test('credentials round-trip, quotes in a name and bare values included', () => {
  const credentials = {
    username: 'a "b" \\c',
    realm,
    nonce: 'n',
    uri: 'sip:x',
    response: '0'.repeat(32),
    algorithm: 'MD5',
    qop: 'auth',
    nc: 255,
    cnonce: 'c',
    opaque: 'o',
  };
  expect(parseCredentials(serializeCredentials(credentials))).toEqual(credentials);
  const bare = `DIGEST username=alice,realm="example.org" ,  nonce=abc==,uri=sip:example.org;transport=ws,response=${'F'.repeat(32)}`;
  expect(parseCredentials(bare)).toMatchObject({
    nonce: 'abc==',
    uri: 'sip:example.org;transport=ws',
    response: 'f'.repeat(32),
  });
});

const zeros = '0'.repeat(32);
test.each([
  ['a scheme alone', 'Digest'],
  ['no parameters', 'Digest '],
  ['no realm', 'Digest username="a"'],
  ['a response that is no hexadecimal', 'Digest username="a", realm="r", nonce="n", uri="u", response="zz"'],
  ['qop without cnonce', `Digest username="a", realm="r", nonce="n", uri="u", response="${zeros}", qop=auth`],
  ['a name twice', `Digest username="a", username="b", realm="r", nonce="n", uri="u", response="${zeros}"`],
  ['an open quote', 'Digest username="a'],
  ['a thousand parameters', `Digest ${Array.from({ length: 1000 }, (_, i) => `p${i}=1`).join(', ')}`],
])('credentials with %s are refused', (_, value) => {
  try {
    expect(parseCredentials(value)).toBeUndefined();
  } catch (error) {
    expect(error).toMatchObject({ code: 'SIP_SYNTAX', answer: { status: 400 } });
  }
});
