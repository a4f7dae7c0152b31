import { createHmac, hash, pbkdf2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { primitives } from '../../transport/primitives.ts';
import { fromBase64 } from '../primitives.ts';
import { offerHash, parseScramFinal, parseScramFirst, scramChallenge, verifyScram } from './scram-server.ts';

function secretsOf(name: 'sha1' | 'sha256', salt: string, password = 'pencil') {
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), 4096, name === 'sha1' ? 20 : 32, name);
  const hmac = (text: string) => createHmac(name, salted).update(text).digest();
  const storedKey = hash(name, hmac('Client Key'), 'binary');
  return {
    salt: fromBase64(salt) as string,
    iterations: 4096,
    candidates: [{ storedKey, serverKey: hmac('Server Key').toString('latin1') }],
  };
}

test.each([
  {
    name: 'sha1' as const,
    of: 'RFC 5802 section 5',
    first: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    challenge: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    final: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    answer: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    name: 'sha256' as const,
    of: 'RFC 7677 section 3',
    first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    challenge: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    final: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    answer: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
])('the exchange of $of comes out', ({ name, first, challenge, final, answer }) => {
  const begun = parseScramFirst(first)!;
  expect(begun).toMatchObject({ username: 'user', authzid: '', header: 'n,,', binding: undefined, couldBind: false });
  const ended = parseScramFinal(final)!;
  expect(ended.bound).toBe('n,,');
  const message = `${begun.bare},${challenge},${ended.withoutProof}`;
  const secrets = secretsOf(name, /s=([^,]+)/.exec(challenge)![1] as string);
  expect(verifyScram(primitives, name, secrets, message, ended.proof)).toBe(answer);
  expect(verifyScram(primitives, name, secrets, `${message} `, ended.proof)).toBeUndefined();
  expect(verifyScram(primitives, name, secrets, message, ended.proof.slice(1))).toBeUndefined();
  const other = secretsOf(name, 'QSXCR+Q6sek8bf92', 'crayon').candidates;
  expect(
    verifyScram(primitives, name, { ...secrets, candidates: [...other, ...secrets.candidates] }, message, ended.proof),
  ).toBe(answer);
  expect(verifyScram(primitives, name, { ...secrets, candidates: other }, message, ended.proof)).toBeUndefined();
});

test('the first message says who, as whom, and what the client is bound by', () => {
  expect(parseScramFirst('p=tls-exporter,a=b=2Cc,n=x=3Dy,r=abc,e=1')).toMatchObject({
    binding: 'tls-exporter',
    authzid: 'b,c',
    username: 'x=y',
    nonce: 'abc',
    header: 'p=tls-exporter,a=b=2Cc,',
  });
  expect(parseScramFirst('y,,n=\xc3\xbc,r=abc')).toMatchObject({ couldBind: true, username: 'ü' });
  for (const message of [
    '',
    'n',
    'n,,',
    'n,,n=user',
    'n,,r=abc,n=user',
    'x,,n=user,r=abc',
    'n,,m=x,n=user,r=abc',
    'n,,n=,r=abc',
    'n,,n=a=b,r=abc',
    'n,,n=\xff,r=abc',
    'n,,n=user,r=',
    'n,,n=user,r=a b',
    `n,,n=${'a'.repeat(5000)},r=abc`,
  ])
    expect(parseScramFirst(message), message).toBeUndefined();
});

test('the last message is a binding, a nonce and a proof', () => {
  for (const message of [
    '',
    'c=biws',
    'c=biws,r=abc',
    'c=biws,p=AAAA',
    'r=abc,c=biws,p=AAAA',
    'c=b?,r=abc,p=AAAA',
    'c=biws,r=abc,p=A',
    'c=biws,r=abc,p=AAAA,x=y',
  ])
    expect(parseScramFinal(message), message).toBeUndefined();
});

test('what was offered is part of what is signed (XEP-0474)', () => {
  const offer = offerHash(
    primitives,
    'sha1',
    ['SCRAM-SHA-256', 'PLAIN', 'SCRAM-SHA-1'],
    ['tls-server-end-point', 'tls-exporter'],
  );
  const expected = 'PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-256\x1ftls-exporter\x1etls-server-end-point';
  expect(offer).toBe(hash('sha1', expected, 'binary'));
  expect(offerHash(primitives, 'sha256', ['PLAIN'], [])).toBe(hash('sha256', 'PLAIN', 'binary'));
  expect(scramChallenge('n', { salt: 's', iterations: 4096, candidates: [] }, 'x')).toBe('r=n,s=cw==,i=4096,h=eA==');
});
