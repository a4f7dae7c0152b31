import { expect, test } from 'vitest';
import { MsrpWorld } from '../../../test/support/msrp-world.ts';
import { VirtualClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { serializeFrame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { Head } from './head.ts';
import { RelayClient } from './relay-client.ts';
import { Session, type SessionOptions } from './session.ts';
import type { SessionEvent, SessionOutput } from './session-event.ts';

const A = 'msrp://a.invalid:2855/a;ws';
const B = 'msrp://b.invalid:2855/b;ws';

/** One end: a session, its timers, what it told, and what it received. */
class End {
  readonly session: Session;
  readonly events: SessionEvent[] = [];
  readonly received = new Map<string, Uint8Array>();
  readonly heads: string[] = [];
  file: Uint8Array | undefined;
  lossy = false;
  /** Where its frames go. */
  wire: (octets: Uint8Array) => void = () => {};
  readonly #reader: FrameReader;
  readonly #clock: VirtualClock;
  #timer: { close(): unknown } | undefined;

  constructor(clock: VirtualClock, options: Omit<SessionOptions, 'primitives'>) {
    this.#clock = clock;
    this.session = new Session({ primitives, ...options });
    this.#reader = new FrameReader({
      head: (head) => {
        this.heads.push(head.serialize());
        this.run(this.session.head(head, clock.now()));
      },
      body: (octets) => this.run(this.session.body(octets)),
      end: (flag) => this.run(this.session.end(flag, clock.now())),
    });
  }

  take(octets: Uint8Array): void {
    this.#reader.push(octets);
  }

  run(outputs: SessionOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') {
        if (!this.lossy) this.wire(serializeFrame(output.message));
      } else if (output.type === 'event') this.#happened(output.event);
      else {
        this.#timer?.close();
        if (output.type === 'setTimer')
          this.#timer = this.#clock.setTimer(output.delay, () =>
            this.run(this.session.timer('answer', this.#clock.now())),
          );
      }
    }
  }

  #happened(event: SessionEvent): void {
    this.events.push(event);
    if (event.type === 'wanted' && this.file !== undefined)
      this.run(
        this.session.supply(
          event.message,
          this.file.slice(event.offset, event.offset + event.length),
          this.#clock.now(),
        ),
      );
    if (event.type === 'data') {
      const all = this.received.get(event.message) ?? new Uint8Array(0);
      const grown = new Uint8Array(Math.max(all.length, event.offset + event.octets.length));
      grown.set(all);
      grown.set(event.octets, event.offset);
      this.received.set(event.message, grown);
    }
    if (event.type === 'received' && event.asksReport) this.run(this.session.confirm(event.message, this.#clock.now()));
  }

  kinds(): string[] {
    return this.events
      .map(({ type }) => type)
      .filter((type) => type !== 'data' && type !== 'progress' && type !== 'wanted');
  }
}

/** Two ends with a wire between them that delivers in order, one frame after another. */
function pair(options: Partial<SessionOptions> = {}) {
  const clock = new VirtualClock();
  const alice = new End(clock, { localPath: [A], remotePath: [B], ...options });
  const bob = new End(clock, { localPath: [B], remotePath: [A], ...options });
  const queue: (() => void)[] = [];
  alice.wire = (octets) => queue.push(() => bob.take(octets));
  bob.wire = (octets) => queue.push(() => alice.take(octets));
  const flow = () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) next();
  };
  return { clock, alice, bob, flow, queue };
}

const text = (value: string) => new TextEncoder().encode(value);
const octets = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919) >> 3);

test('a short message arrives, is answered, and its report comes back', () => {
  const { alice, bob, flow } = pair();
  alice.run(alice.session.send({ contentType: 'text/plain', body: text('hello'), successReport: true }, 0).outputs);
  flow();
  expect(alice.kinds()).toEqual(['sent', 'delivered']);
  expect(bob.kinds()).toEqual(['incoming', 'received']);
  expect([...bob.received.values()]).toEqual([text('hello')]);
});

test('a large message is asked for piece by piece, cut into chunks, and put together', () => {
  const { alice, bob, flow } = pair();
  alice.file = octets(3_000_001);
  alice.run(alice.session.send({ contentType: 'a/b', total: alice.file.length, successReport: true }, 0).outputs);
  flow();
  expect(alice.events.filter(({ type }) => type === 'wanted').length).toBeGreaterThan(5);
  expect(alice.kinds()).toEqual(['sent', 'delivered']);
  expect(Buffer.from([...bob.received.values()][0]!).equals(Buffer.from(alice.file))).toBe(true);
});

test('no frame is larger than 10,000 octets, and no more chunks are under way than the window holds', () => {
  const { alice, queue } = pair({ window: 8 });
  let largest = 0;
  const wire = alice.wire;
  alice.wire = (frame) => {
    largest = Math.max(largest, frame.length);
    wire(frame);
  };
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(500_000) }, 0).outputs);
  expect(queue.length).toBe(8);
  expect(largest).toBeLessThanOrEqual(10_000);
  expect(largest).toBeGreaterThan(9_500);
});

test('a line of chat does not wait for a file', () => {
  const { alice, bob, flow } = pair({ window: 4 });
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(500_000), messageId: 'file' }, 0).outputs);
  alice.run(alice.session.send({ contentType: 'text/plain', body: text('hi'), messageId: 'chat' }, 0).outputs);
  flow();
  const order = bob.events
    .filter((event) => event.type === 'received')
    .map((event) => event.type === 'received' && event.message);
  expect(order).toEqual(['chat', 'file']);
});

test('the rest of a message that was cut is sent from where it was', () => {
  const { alice, bob, flow } = pair();
  alice.run(
    alice.session.send({ contentType: 'a/b', body: octets(50_000), from: 20_000, successReport: true }, 0).outputs,
  );
  flow();
  expect(bob.kinds()).toEqual(['incoming', 'received']);
  const first = bob.events.find((event) => event.type === 'data');
  expect(first).toMatchObject({ offset: 20_000 });
  expect([...bob.received.values()][0]?.subarray(20_000)).toEqual(octets(50_000).subarray(20_000));
  expect(alice.kinds()).toEqual(['sent', 'delivered']);
});

test('an empty message is a message', () => {
  const { alice, bob, flow } = pair();
  alice.run(alice.session.send({ contentType: 'a/b', body: new Uint8Array(0), successReport: true }, 0).outputs);
  flow();
  expect(bob.kinds()).toEqual(['incoming', 'received']);
  expect(alice.kinds()).toEqual(['sent', 'delivered']);
});

test('a message may end, or be given up, with a chunk that has no body and so no Content-Type', () => {
  const { bob } = pair();
  const chunk = (id: string, range: string, body: string, flag: string) =>
    bob.take(
      text(
        `MSRP t${id}${flag.charCodeAt(0)} SEND\r\nTo-Path: ${B}\r\nFrom-Path: ${A}\r\nMessage-ID: ${id}\r\nByte-Range: ${range}\r\n${body}` +
          `-------t${id}${flag.charCodeAt(0)}${flag}\r\n`,
      ),
    );
  const part = 'Content-Type: text/plain\r\n\r\nhello\r\n';
  chunk('one1', '1-5/*', part, '+');
  chunk('one1', '6-5/5', '', '$');
  chunk('two2', '1-5/20', part, '+');
  chunk('two2', '6-5/20', '', '#');
  expect(bob.kinds()).toEqual(['incoming', 'received', 'incoming', 'aborted']);
});

test('a message that the other side does not want is given up', () => {
  const { alice, bob, flow } = pair({ accept: (head) => (head.get('Content-Type') === 'a/b' ? 415 : 200) });
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(500_000) }, 0).outputs);
  flow();
  expect(alice.kinds()).toEqual(['failed']);
  expect(alice.events.at(-1)).toMatchObject({ status: 415 });
  expect(bob.events).toEqual([]);
});

test('a message can be refused in the middle, and given up in the middle', () => {
  const { alice, bob, flow, queue } = pair({ window: 4 });
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(500_000), messageId: 'one' }, 0).outputs);
  for (let i = 0; i < 6; i++) queue.shift()?.();
  bob.session.refuse('one');
  flow();
  expect(alice.kinds()).toEqual(['failed']);
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(500_000), messageId: 'two' }, 0).outputs);
  for (let i = 0; i < 6; i++) queue.shift()?.();
  alice.run(alice.session.abort('two', 0));
  flow();
  expect(bob.kinds()).toEqual(['incoming', 'incoming', 'aborted']);
  expect(alice.kinds()).toEqual(['failed']);
});

test('no answer in 30 s fails the message, once', () => {
  const { alice, clock } = pair();
  alice.lossy = true;
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(100_000) }, 0).outputs);
  clock.advance(29_999);
  expect(alice.kinds()).toEqual([]);
  clock.advance(60_000);
  expect(alice.kinds()).toEqual(['failed']);
  expect(alice.events.at(-1)).toMatchObject({ status: 408 });
  expect(clock.pending).toBe(0);
});

test('a receiver that holds its answers stops the sender at its window', () => {
  const { alice, bob, flow } = pair({ window: 4 });
  bob.session.hold();
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(500_000) }, 0).outputs);
  flow();
  expect(bob.events.filter(({ type }) => type === 'data').length).toBe(4);
  bob.run(bob.session.release());
  flow();
  expect(bob.kinds()).toEqual(['incoming', 'received']);
});

test('what is not of this session, or contradicts itself, is refused', () => {
  const { alice, bob, queue } = pair();
  const say = (to: string, from: string, fields: string) =>
    bob.take(
      Buffer.from(
        `MSRP t001 SEND\r\nTo-Path: ${to}\r\nFrom-Path: ${from}\r\n${fields}\r\nContent-Type: a/b\r\n\r\n12345\r\n-------t001$\r\n`,
      ),
    );
  const status = () => {
    queue.pop()?.();
    return / (\d{3}) /.exec(alice.heads.at(-1) ?? '')?.[1];
  };
  say('msrp://other.invalid:2855/b;ws', A, 'Message-ID: x');
  expect(status()).toBe('481');
  say(B, 'msrp://mallory.invalid:2855/a;ws', 'Message-ID: x');
  expect(status()).toBe('481');
  say(B, `msrp://mallory.invalid:2855/m;ws ${A.replace('/a;', '/other;')}`, 'Message-ID: x');
  expect(status()).toBe('481');
  say(`${B} ${A}`, A, 'Message-ID: x');
  expect(status()).toBe('481');
  say(B, A, 'X-Y: x');
  expect(status()).toBe('400');
  say(B, A, 'Message-ID: x\r\nByte-Range: 1-3/3');
  expect(status()).toBe('400');
  expect(bob.kinds()).toEqual(['incoming']);
});

test('two ends behind the relay AUTH, and a file passes', () => {
  const world = new MsrpWorld();
  const [a, b] = [world.connect('alice'), world.connect('bob')];
  for (const peer of [a, b]) peer.answers = false;
  const authorize = (peer: typeof a, own: string) => {
    const client = new RelayClient({ primitives, relay: 'msrp://relay.test:2855;ws', own, authorize: () => undefined });
    for (const output of client.start()) if (output.type === 'send') peer.frame(output.message);
    const [granted] = client.receive(peer.frames.at(-1)!.head).filter((output) => output.type === 'event');
    return granted?.type === 'event' && granted.event.type === 'granted' ? granted.event.path : [];
  };
  const [pathA, pathB] = [
    [...authorize(a, A), A],
    [...authorize(b, B), B],
  ];
  const alice = new End(world.clock, { localPath: pathA, remotePath: pathB });
  const bob = new End(world.clock, { localPath: pathB, remotePath: pathA });
  alice.wire = (frame) => world.later.push(() => a.raw(frame));
  bob.wire = (frame) => world.later.push(() => b.raw(frame));
  for (const [peer, end] of [
    [a, alice],
    [b, bob],
  ] as const)
    peer.take = (frame) => world.later.push(() => end.take(serializeFrame(frame)));
  alice.run(alice.session.greet(0));
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(300_000), successReport: true }, 0).outputs);
  world.carryOut([]);
  expect(bob.kinds()).toEqual(['incoming', 'received']);
  expect(Buffer.from([...bob.received.values()][0]!).equals(Buffer.from(octets(300_000)))).toBe(true);
  expect(alice.kinds()).toEqual(['sent', 'delivered']);
  // Bob is gone: what follows fails by the relay's answer.
  b.close();
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(10) }, 0).outputs);
  world.carryOut([]);
  expect(alice.events.at(-1)).toMatchObject({ type: 'failed', status: 481 });
});

test('AUTH answers a challenge, takes the time it is told, and asks again before it ends', () => {
  const seen: string[] = [];
  const client = new RelayClient({
    primitives,
    relay: 'msrp://relay.test:2855;ws',
    own: A,
    authorize: (challenges, uri) => {
      seen.push(...challenges, uri);
      return 'Digest x';
    },
  });
  const frame = () => {
    const [output] = outputs;
    return output?.type === 'send' ? output.message.head : '';
  };
  let outputs = client.start();
  const answer = (status: number, ...fields: (readonly [string, string])[]) => {
    const head = new Head(/^MSRP (\S+)/.exec(frame())![1]!, { status });
    head.fields.push(...fields);
    outputs = client.receive(head);
  };
  answer(401, ['WWW-Authenticate', 'Digest a'], ['WWW-Authenticate', 'Digest b']);
  expect(frame()).toContain('\r\nAuthorization: Digest x\r\n');
  expect(seen).toEqual(['Digest a', 'Digest b', 'msrp://relay.test:2855;ws']);
  answer(423, ['Min-Expires', '60']);
  expect(frame()).toContain('\r\nExpires: 60\r\n');
  answer(200, ['Use-Path', 'msrp://relay.test:2855/x;tcp'], ['Expires', '60']);
  expect(outputs).toEqual([
    { type: 'setTimer', name: 'auth', delay: 45_000 },
    { type: 'event', event: { type: 'granted', path: ['msrp://relay.test:2855/x;tcp'], expires: 60 } },
  ]);
  outputs = client.timer();
  expect(frame()).toContain(' AUTH\r\n');
  expect(client.timer().at(-1)).toEqual({ type: 'event', event: { type: 'refused', status: 408 } });
});

test('who is behind another relay than the description named is not the other side', () => {
  const clock = new VirtualClock();
  const R = 'msrp://relay.test:2855/r;tcp';
  const bob = new End(clock, { localPath: [R, B], remotePath: ['msrp://relay.test:2855/use-of-a;tcp', A] });
  const statuses: string[] = [];
  bob.wire = (octets) => statuses.push(/ (\d{3}) /.exec(Buffer.from(octets).toString())?.[1] ?? '');
  for (const via of ['use-of-a', 'use-of-mallory'])
    bob.take(
      Buffer.from(
        `MSRP t001 SEND\r\nTo-Path: ${B}\r\nFrom-Path: ${R} msrp://relay.test:2855/${via};tcp ${A}\r\nMessage-ID: x\r\nContent-Type: a/b\r\n\r\nx\r\n-------t001$\r\n`,
      ),
    );
  expect(statuses).toEqual(['200', '481']);
});

test('a sender that keeps to its window is never paused by the relay, however slow the reader is', () => {
  const world = new MsrpWorld();
  const [a, b] = [world.connect('alice'), world.connect('bob')];
  const [useA, useB] = [a.auth(A), b.auth(B)];
  for (const peer of [a, b]) peer.answers = false;
  b.deaf = true;
  const alice = new End(world.clock, { localPath: [useA, A], remotePath: [useB, B] });
  alice.wire = (frame) => world.later.push(() => a.raw(frame));
  const take = a.take.bind(a);
  a.take = (frame) => {
    take(frame);
    world.later.push(() => alice.take(serializeFrame(frame)));
  };
  alice.run(alice.session.send({ contentType: 'a/b', body: octets(3_000_000) }, 0).outputs);
  world.carryOut([]);
  expect(a.link.waitingOctets).toBeGreaterThan(400_000);
  expect(world.events.some(({ type }) => type === 'pause')).toBe(false);
});
