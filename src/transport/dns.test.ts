import { expect, test } from 'vitest';
import { Resolver } from './dns.ts';

test('literal addresses need no lookup', async () => {
  const resolver = new Resolver({ lookup: () => expect.unreachable() });
  expect(await resolver.resolve('192.0.2.1')).toEqual(['192.0.2.1']);
  expect(await resolver.resolve('[2001:db8::1]')).toEqual(['2001:db8::1']);
  expect(resolver.literal('example.test')).toBeUndefined();
});

test('one name is asked for once at a time, kept for its time, and failures for less', async () => {
  let asked = 0;
  let answer: string[] = ['192.0.2.1', '192.0.2.2'];
  const resolver = new Resolver({
    keep: 1000,
    keepFailure: 100,
    lookup: async () => {
      asked += 1;
      if (answer.length === 0) throw new Error('ENOTFOUND');
      return answer;
    },
  });
  const both = await Promise.all([resolver.resolve('A.test', 0), resolver.resolve('a.test.', 0)]);
  expect(both).toEqual([answer, answer]);
  await resolver.resolve('a.test', 999);
  expect(asked).toBe(1);
  answer = [];
  await expect(resolver.resolve('a.test', 1000)).rejects.toMatchObject({ code: 'DNS_UNRESOLVED' });
  await expect(resolver.resolve('a.test', 1050)).rejects.toMatchObject({ answer: { status: 503 } });
  expect(asked).toBe(2);
  answer = ['192.0.2.3'];
  expect(await resolver.resolve('a.test', 1101)).toEqual(['192.0.2.3']);
});

test('the names remembered are bounded, the oldest go', async () => {
  const asked: string[] = [];
  const lookup = async (host: string) => {
    asked.push(host);
    return ['192.0.2.1'];
  };
  const resolver = new Resolver({ bound: 2, lookup });
  for (const name of ['a', 'b', 'c', 'c', 'b', 'a']) await resolver.resolve(name, 0);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

test('the system knows localhost', async () => {
  expect(await new Resolver().resolve('localhost')).toContain('127.0.0.1');
});
