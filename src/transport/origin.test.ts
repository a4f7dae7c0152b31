import { expect, test } from 'vitest';
import { cookiesCount, judgeOrigin } from './origin.ts';

const judge = (origin: string | undefined, host: string | undefined, origins: string[] = []) =>
  judgeOrigin(origin, host, { origins });

test('no Origin is a native client: allowed, but its cookies do not count', () => {
  expect(judge(undefined, 'a.test')).toBe('none');
  expect(cookiesCount('none')).toBe(false);
});

test('our own pages are those whose host and port are the Host header', () => {
  expect(judge('http://a.test:8080', 'a.test:8080')).toBe('same');
  expect(judge('https://a.test', 'a.test')).toBe('same');
  expect(judge('https://a.test', 'a.test:443')).toBe('same');
  expect(judge('https://A.test', 'a.TEST')).toBe('same');
  expect(judge('http://[::1]:8080', '[::1]:8080')).toBe('same');
  expect(cookiesCount('same')).toBe(true);
});

test('another host, port or subdomain is refused, and so is what is no origin', () => {
  for (const [origin, host] of [
    ['http://b.test', 'a.test'],
    ['http://a.test:81', 'a.test'],
    ['http://x.a.test', 'a.test'],
    ['http://a.test.evil.test', 'a.test'],
    ['null', 'a.test'],
    ['null', 'null'],
    ['', 'a.test'],
    ['a.test', 'a.test'],
    ['http://a.test', undefined],
    ['http://a.test', 'x@a.test'],
    ['http://a.test', 'a.test/path'],
    ['http://a.test, http://b.test', 'a.test'],
  ] as const)
    expect(judge(origin, host), `${origin} at ${host}`).toBe('refused');
});

test('a listed origin is allowed with its cookies, by scheme, host and port', () => {
  const listed = ['https://www.example.test', 'http://localhost:3000/', 'null'];
  expect(judge('https://www.example.test', 'a.test', listed)).toBe('listed');
  expect(judge('https://www.example.test:443', 'a.test', listed)).toBe('listed');
  expect(judge('http://localhost:3000', 'a.test', listed)).toBe('listed');
  expect(judge('null', 'a.test', listed)).toBe('listed');
  expect(judge('http://www.example.test', 'a.test', listed)).toBe('refused');
  expect(cookiesCount('listed')).toBe(true);
});

test('a star lets every origin in, but its cookies count only if it is ours or listed too', () => {
  expect(judge('https://evil.test', 'a.test', ['*'])).toBe('any');
  expect(cookiesCount('any')).toBe(false);
  expect(judge('https://a.test', 'a.test', ['*'])).toBe('same');
  expect(judge('https://b.test', 'a.test', ['*', 'https://b.test'])).toBe('listed');
});

test('where our host names are known, another name that leads here (DNS rebinding) is not ours', () => {
  const isOurHost = (host: string) => host === 'rtc.example.test';
  const known = (origin: string | undefined, host: string, origins: string[] = []) =>
    judgeOrigin(origin, host, { origins, isOurHost });
  expect(known('https://evil.test', 'evil.test')).toBe('refused');
  expect(known('https://evil.test', 'evil.test', ['*'])).toBe('any');
  expect(known('https://rtc.example.test', 'rtc.example.test')).toBe('same');
  expect(known('https://www.test', 'other.test', ['https://www.test'])).toBe('listed');
  expect(known(undefined, 'whatever')).toBe('none');
});
