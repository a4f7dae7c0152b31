import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../transport/clock.ts';
import { writeBencode } from './bencode.ts';
import { NgClient } from './ng-client.ts';

let clock: VirtualClock;
let sent: string[];
let client: NgClient;

const cookieOf = (message: string): string => message.slice(0, message.indexOf(' '));
const pong = (message: string): string => `${cookieOf(message)} ${writeBencode({ result: 'pong' })}`;

beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  let random = 0;
  client = new NgClient({
    clock,
    primitives: { random: (length) => String.fromCharCode(++random).repeat(length) },
    limits: { requests: 3, retransmission: 150, deadline: 2000 },
    unreliable: true,
    send: (message) => sent.push(message),
  });
});

/** The outcome as it is now, without waiting for it. */
function outcome(promise: Promise<unknown>): { code?: string; value?: unknown } {
  const found: { code?: string; value?: unknown } = {};
  promise.then(
    (value) => Object.assign(found, { value }),
    (error: { code: string }) => Object.assign(found, { code: error.code }),
  );
  return found;
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('over UDP', () => {
  test('a request is a cookie, a space and a dictionary, and its answer ends it', async () => {
    const ping = client.request('ping');
    expect(sent).toEqual([`${'01'.repeat(12)} d7:command4:pinge`]);
    client.receive(pong(sent[0]!));
    expect((await ping).get('result')).toBe('pong');
    expect([client.waiting, clock.pending]).toEqual([0, 0]);
  });

  test('without an answer it is repeated as it was after 150, 300, 600 ms and so on, until it has failed after 2 s', async () => {
    const ping = outcome(client.request('ping'));
    const times = [0];
    for (let ms = 10; ms <= 3000; ms += 10) {
      const before = sent.length;
      clock.advance(10);
      if (sent.length > before) times.push(ms);
    }
    await settle();
    expect(times).toEqual([0, 150, 450, 1050]);
    expect(new Set(sent).size).toBe(1);
    expect(ping.code).toBe('NG_NO_ANSWER');
    expect(clock.pending).toBe(0);
  });

  test('an answer that comes twice counts once', async () => {
    const first = client.request('ping');
    const second = outcome(client.request('ping'));
    client.receive(pong(sent[0]!));
    client.receive(pong(sent[0]!));
    await first;
    expect([client.strays, second]).toEqual([1, {}]);
  });

  test('an answer that is late, or has a cookie that nobody gave, is passed over', async () => {
    const ping = outcome(client.request('ping'));
    client.receive(`ffff ${writeBencode({ result: 'pong' })}`);
    client.receive(`${cookieOf(sent[0]!).slice(1)} ${writeBencode({ result: 'pong' })}`);
    clock.advance(2000);
    await settle();
    expect(ping.code).toBe('NG_NO_ANSWER');
    client.receive(pong(sent[0]!));
    expect(client.strays).toBe(3);
  });

  for (const broken of [
    '',
    ' ',
    'x',
    ' d6:result4:ponge',
    'COOKIE',
    'COOKIE ',
    'COOKIE 4:pong',
    'COOKIE le',
    'COOKIE d6:resulte',
  ]) {
    test(`"${broken}" is no answer, and the right one still is`, async () => {
      const ping = client.request('ping');
      client.receive(broken.replace('COOKIE', cookieOf(sent[0]!)));
      expect([client.strays, client.waiting]).toEqual([1, 1]);
      client.receive(pong(sent[0]!));
      await ping;
    });
  }

  test('answers in another order than the requests find theirs', async () => {
    const [a, b] = [client.request('query', { 'call-id': 'a' }), client.request('query', { 'call-id': 'b' })];
    const answer = (message: string, name: string) =>
      client.receive(`${cookieOf(message)} ${writeBencode({ result: 'ok', name })}`);
    answer(sent[1]!, 'b');
    answer(sent[0]!, 'a');
    expect([(await a).get('name'), (await b).get('name')]).toEqual(['a', 'b']);
  });

  test("an error is rejected with the engine's reason, made fit for a reason phrase", async () => {
    const offer = client.request('offer');
    client.receive(
      `${cookieOf(sent[0]!)} ${writeBencode({ result: 'error', 'error-reason': `bad\r\nthing ${'x'.repeat(500)}` })}`,
    );
    const error = await offer.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'NG_REFUSED', answer: { status: 500 } });
    expect((error as Error).message).toMatch(/^The media engine refused: bad\?\?thing x{80,90}$/);
  });

  test('a load limit, and more requests than may wait, are 503', async () => {
    const offers = [1, 2, 3].map(() => client.request('offer'));
    expect(await client.request('offer').catch((error: unknown) => error)).toMatchObject({ code: 'NG_OVERLOADED' });
    expect(sent.length).toBe(3);
    client.receive(`${cookieOf(sent[0]!)} ${writeBencode({ result: 'load limit' })}`);
    expect(await offers[0]!.catch((error: unknown) => error)).toMatchObject({
      code: 'NG_OVERLOADED',
      answer: { status: 503 },
    });
    client.failAll();
    await Promise.allSettled(offers);
    expect(clock.pending).toBe(0);
  });

  test('where nobody listens nothing waits', async () => {
    const ping = outcome(client.request('ping'));
    client.failAll();
    await settle();
    expect([ping.code, client.waiting, clock.pending]).toEqual(['NG_NO_ANSWER', 0, 0]);
  });
});

test('over a connection nothing is repeated but on a new one', async () => {
  const sentThere: string[] = [];
  const reliable = new NgClient({
    clock,
    primitives: { random: (length) => 'z'.repeat(length) },
    limits: { requests: 3, retransmission: 150, deadline: 2000 },
    unreliable: false,
    send: (message) => sentThere.push(message),
  });
  const ping = reliable.request('ping');
  clock.advance(1999);
  expect(sentThere.length).toBe(1);
  reliable.repeatAll();
  expect(sentThere).toEqual([sentThere[0], sentThere[0]]);
  reliable.receive(pong(sentThere[0]!));
  await ping;
});
