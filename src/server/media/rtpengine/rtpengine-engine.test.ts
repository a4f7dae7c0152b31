// The engine against instances that are made here, on virtual time.
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../transport/clock.ts';
import type { MediaCall, MediaEvent } from '../engine.ts';
import { type Bencode, type BencodeDictionary, readBencode, type Writable, writeBencode } from './bencode.ts';
import { rtpengineLimits } from './limits.ts';
import type { NgListener } from './ng-connection.ts';
import { RtpengineEngine } from './rtpengine-engine.ts';

const sdp = (port: number, more = ''): string =>
  `v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n${more}`;
const PORT = 30_000;

/** An rtpengine as far as its protocol goes. */
class FakeInstance {
  readonly requests: BencodeDictionary[] = [];
  /** None of its answers arrive. */
  deaf = false;
  readonly calls = new Set<string>();
  overrides: Readonly<Record<string, Readonly<Record<string, Writable>>>> = {};
  listener: NgListener | undefined;

  receive(message: string): void {
    const space = message.indexOf(' ');
    const request = readBencode(message.slice(space + 1)) as BencodeDictionary;
    const command = request.get('command') as string;
    if (command !== 'ping') this.requests.push(request);
    if (this.deaf) return;
    const answer = writeBencode(this.overrides[command] ?? this.answer(command, request));
    queueMicrotask(() => this.listener?.receive(`${message.slice(0, space)} ${answer}`));
  }

  /** What was asked, without the descriptions. */
  get story(): string[] {
    return this.requests.map((request) =>
      ['command', 'from-tag', 'to-tag', 'via-branch'].map((key) => request.get(key) ?? '-').join(' '),
    );
  }

  private answer(command: string, request: BencodeDictionary): Record<string, Writable> {
    const id = request.get('call-id') as string;
    if (command === 'ping') return { result: 'pong' };
    if (command === 'list') return { result: 'ok', calls: [...this.calls] };
    if (command === 'offer') this.calls.add(id);
    if (!this.calls.has(id)) return { result: 'error', 'error-reason': 'Unknown call-id' };
    if (command === 'delete' && !request.has('to-tag')) this.calls.delete(id);
    return { result: 'ok', sdp: sdp(PORT), SSRC: {}, tags: this.overrides['tags'] ?? {} };
  }
}

let clock: VirtualClock;
let fakes: FakeInstance[];
let engine: RtpengineEngine;
let wallClock: number;

function start(count: number, weights: readonly number[] = [], limits = rtpengineLimits): void {
  clock = new VirtualClock();
  wallClock = 1_000_000;
  fakes = Array.from({ length: count }, () => new FakeInstance());
  let random = 0;
  engine = new RtpengineEngine({
    urls: fakes.map((_, i) => `udp://192.0.2.${i + 1}:2223?weight=${weights[i] ?? 1}`),
    limits,
    clock,
    wallClock: () => wallClock,
    primitives: { random: (length) => `${++random}`.padStart(length, 'r') },
    connect(url, listener) {
      const fake = fakes[Number(url.hostname.split('.')[3]) - 1]!;
      fake.listener = listener;
      return { send: (message) => fake.receive(message), close: () => {} };
    },
  });
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
/** Lets time pass in steps in which promises can do theirs. */
async function pass(milliseconds: number, step = 50): Promise<void> {
  for (let ms = 0; ms < milliseconds; ms += step) {
    clock.advance(step);
    await settle();
  }
}

const caller = { profile: 'webrtc', address: '198.51.100.1' } as const;
const callee = { profile: 'RTP/AVP', address: '198.51.100.2' } as const;
const open = (): MediaCall => engine.open({ callId: 'call 1@example.test', callerTag: 'caller-tag', caller });
const ignore = () => {};

describe('one instance', () => {
  beforeEach(() => start(1));
  const request = (n: number): BencodeDictionary => fakes[0]!.requests.at(n)!;
  const text = (n: number, key: string): Bencode | undefined => request(n).get(key);

  test('an offer says how the callee wants it, where it came from, and has a name that nobody else can guess', async () => {
    const branch = open().branch(callee, ignore);
    expect(await branch.offer('caller', sdp(4000))).toBe(sdp(PORT));
    expect(text(0, 'call-id')).toMatch(/^call_1@example\.test-[0-9a-f]{16}$/);
    expect(text(0, 'from-tag')).toBe('caller-tag');
    expect(text(0, 'transport-protocol')).toBe('RTP/AVP');
    expect(text(0, 'received-from')).toEqual(['IP4', '198.51.100.1']);
    expect(text(0, 'sdp')).toBe(sdp(4000));
    expect(text(0, 'rtcp-mux')).toEqual(['demux']);
  });

  test('two calls of the same Call-ID and tag are two', async () => {
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    expect(text(0, 'call-id')).not.toBe(text(1, 'call-id'));
  });

  test('offers and answers name who speaks first and to whom; a branch without a tag has its via-branch', async () => {
    const branch = open().branch(callee, ignore);
    await branch.offer('caller', sdp(4000));
    await branch.answer('callee', sdp(5000));
    await branch.offer('callee', sdp(5002));
    await branch.answer('caller', sdp(4002));
    await branch.offer('caller', sdp(4004));
    await branch.answer('callee', sdp(5004));
    const name = text(0, 'via-branch');
    expect(fakes[0]!.story).toEqual([
      `offer caller-tag - ${name}`,
      `answer caller-tag ${name} ${name}`,
      `offer ${name} caller-tag -`,
      `answer ${name} caller-tag -`,
      `offer caller-tag ${name} -`,
      `answer caller-tag ${name} ${name}`,
    ]);
  });

  test('an answer that comes again has the same translation, and rtpengine is not asked', async () => {
    const branch = open().branch(callee, ignore);
    await branch.offer('caller', sdp(4000));
    expect(await branch.answer('callee', sdp(5000))).toBe(await branch.answer('callee', sdp(5000)));
    expect(fakes[0]!.requests.length).toBe(2);
    await branch.answer('callee', sdp(5002));
    expect(fakes[0]!.requests.length).toBe(3);
  });

  test('both sides at once is 491, an answer to nothing is refused', async () => {
    const branch = open().branch(callee, ignore);
    await expect(branch.answer('callee', sdp(5000))).rejects.toMatchObject({ code: 'SDP_ANSWER' });
    await branch.offer('caller', sdp(4000));
    await expect(branch.offer('callee', sdp(5000))).rejects.toMatchObject({ answer: { status: 491 } });
    await expect(branch.answer('caller', sdp(5000))).rejects.toMatchObject({ code: 'SDP_ANSWER' });
    await branch.answer('callee', sdp(5000));
  });

  test('a refused offer: rtpengine is told again what was agreed', async () => {
    const branch = open().branch(callee, ignore);
    await branch.offer('caller', sdp(4000));
    await branch.answer('callee', sdp(5000));
    await branch.offer('callee', sdp(5002));
    branch.reject();
    await settle();
    expect(fakes[0]!.requests.slice(3).map((each) => [each.get('command'), each.get('sdp')])).toEqual([
      ['offer', sdp(4000)],
      ['answer', sdp(5000)],
    ]);
    await branch.offer('caller', sdp(4004)); // no glare: nothing is under way
  });

  test('who is confirmed after another has answered is connected again; the last branch takes the call with it', async () => {
    const call = open();
    const branches = [call.branch(callee, ignore), call.branch(callee, ignore)] as const;
    for (const branch of branches) await branch.offer('caller', sdp(4000));
    for (const branch of branches) await branch.answer('callee', sdp(5000));
    branches[0].confirm();
    await settle();
    const name = text(0, 'via-branch');
    expect(fakes[0]!.story.at(-1)).toBe(`answer caller-tag ${name} ${name}`);
    await branches[1].close();
    expect(fakes[0]!.story.at(-1)).toMatch(/^delete caller-tag \S{16} \S{16}$/);
    await branches[0].close();
    await branches[0].close();
    expect(fakes[0]!.story.at(-1)).toBe('delete caller-tag - -');
    expect([fakes[0]!.calls.size, engine.instances[0]!.calls.size, engine.metrics().calls]).toEqual([0, 0, 0]);
    expect(clock.pending).toBe(1); // the ping
  });

  test('a fork shares its leg: only with the last of them it is deleted', async () => {
    const call = open();
    const branch = call.branch(callee, ignore);
    const other = call.branch(callee, ignore);
    await branch.offer('caller', sdp(4000));
    await other.offer('caller', sdp(4000));
    const fork = branch.fork(ignore);
    await branch.answer('callee', sdp(5000));
    await fork.answer('callee', sdp(6000));
    await branch.close();
    expect(fakes[0]!.story.filter((line) => line.startsWith('delete'))).toEqual([]);
    await fork.close();
    expect(fakes[0]!.story.filter((line) => line.startsWith('delete')).length).toBe(1);
  });

  test("a reason of rtpengine's is 500, and an answer that is no description an error too", async () => {
    const branch = open().branch(callee, ignore);
    fakes[0]!.overrides = { offer: { result: 'error', 'error-reason': 'Failed to parse SDP' } };
    await expect(branch.offer('caller', sdp(4000))).rejects.toMatchObject({
      code: 'NG_REFUSED',
      answer: { status: 500 },
    });
    fakes[0]!.overrides = { offer: { result: 'ok', sdp: 'nonsense' } };
    await expect(branch.offer('caller', sdp(4000))).rejects.toMatchObject({ code: 'SDP_SYNTAX' });
    fakes[0]!.overrides = { offer: { result: 'ok' } };
    await expect(branch.offer('caller', sdp(4000))).rejects.toMatchObject({ code: 'SDP_SYNTAX' });
  });

  test('what it says of packets is counted once, however often it says it', async () => {
    const stream = (packets: number): Writable => ({
      flags: ['RTP'],
      stats: { packets, bytes: packets * 172, errors: 2 },
      SSRC: 7,
    });
    const media = (packets: number): Writable => ({
      medias: [{ type: 'audio', codec: 'PCMU/8000', protocol: 'RTP/AVP', streams: [stream(packets)] }],
    });
    const branch = open().branch(callee, ignore);
    await branch.offer('caller', sdp(4000));
    await branch.answer('callee', sdp(5000));
    const name = text(0, 'via-branch') as string;
    const reports = { 'cumulative loss': 3, 'average MOS': { jitter: 4, 'round-trip time leg': 25_000 } };
    fakes[0]!.overrides = {
      query: { result: 'ok', SSRC: { 7: reports }, tags: { 'caller-tag': media(10), [name]: media(20) } },
    };
    const [first, second] = await branch.statistics();
    await branch.statistics();
    expect(first).toEqual({
      side: 'caller',
      kind: 'audio',
      codec: 'PCMU',
      profile: 'RTP/AVP',
      received: { packets: 10, octets: 1720, lost: 3, jitter: 4 },
      sent: { packets: 20, octets: 3440, lost: 3, jitter: 4 },
      roundTrip: 25,
      dropped: { unauthentic: 2 },
    });
    expect(second?.received.packets).toBe(20);
    expect(engine.metrics()).toMatchObject({ packets: 30, octets: 5160, dropped: { unauthentic: 4 } });
  });

  test('a side that ought to send and is silent is reported once; one that holds is not', async () => {
    const events: MediaEvent[] = [];
    const branch = open().branch(callee, (event) => events.push(event));
    await branch.offer('caller', sdp(4000, 'a=sendrecv\r\n'));
    await branch.answer('callee', sdp(5000, 'a=recvonly\r\n'));
    branch.confirm();
    const silent: Writable = { medias: [{ type: 'audio', streams: [{ flags: ['RTP'], 'last packet': 1000 }] }] };
    const tags = { 'caller-tag': silent, [text(0, 'via-branch') as string]: silent };
    fakes[0]!.overrides = { query: { result: 'ok', tags } };
    wallClock = 1_000_000 + 59_000;
    await pass(15_000);
    expect(events).toEqual([]);
    wallClock += 2_000;
    await pass(45_000);
    expect(events).toEqual([{ type: 'silent', side: 'caller' }]);
    await branch.close();
  });

  test('a call that it has ended by itself has failed', async () => {
    const events: MediaEvent[] = [];
    const branch = open().branch(callee, (event) => events.push(event));
    await branch.offer('caller', sdp(4000));
    await branch.answer('callee', sdp(5000));
    branch.confirm();
    fakes[0]!.calls.clear();
    await pass(15_000);
    expect(events).toEqual([{ type: 'failed', reason: 'The media engine has ended the call' }]);
    await branch.close();
    expect(engine.metrics()).toMatchObject({ calls: 0, failed: 1 });
    expect(clock.pending).toBe(1);
  });

  test('more calls than the bound are 503', async () => {
    start(1, [], { ...rtpengineLimits, calls: 1 });
    const branch = open().branch(callee, ignore);
    await branch.offer('caller', sdp(4000));
    await expect(open().branch(callee, ignore).offer('caller', sdp(4000))).rejects.toMatchObject({
      code: 'MEDIA_NO_ENGINE',
    });
    await branch.close();
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    expect(engine.metrics().refused).toBe(1);
  });
});

describe('several instances', () => {
  const loads = (): number[] => engine.instances.map(({ calls }) => calls.size);

  test('a new call goes where the fewest are for the weight', async () => {
    start(2, [1, 3]);
    for (let i = 0; i < 8; i++) await open().branch(callee, ignore).offer('caller', sdp(4000));
    expect(loads()).toEqual([2, 6]);
  });

  test('all branches of a call are at the same one', async () => {
    start(2);
    const call = open();
    for (let i = 0; i < 3; i++) await call.branch(callee, ignore).offer('caller', sdp(4000));
    expect(fakes.map(({ requests }) => requests.length)).toEqual([3, 0]);
  });

  test('one that does not answer: the call goes to the next, what it may have done there is undone, and later calls go past it', async () => {
    start(2);
    fakes[0]!.deaf = true;
    const offer = open().branch(callee, ignore).offer('caller', sdp(4000));
    await pass(2_100);
    expect(await offer).toBe(sdp(PORT));
    expect(new Set(fakes[0]!.story.map((line) => line.split(' ')[0]))).toEqual(new Set(['offer', 'delete']));
    expect(engine.instances.map(({ available }) => available)).toEqual([false, true]);
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    expect(loads()).toEqual([0, 2]);
  });

  test('one that is full or has no ports left is passed over for this call', async () => {
    start(2);
    fakes[0]!.overrides = { offer: { result: 'load limit' } };
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    fakes[0]!.overrides = { offer: { result: 'error', 'error-reason': 'Ran out of ports' } };
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    expect([loads(), engine.instances[0]!.available]).toEqual([[0, 2], true]);
  });

  test('none that answers is 503 at once', async () => {
    start(2);
    for (const fake of fakes) fake.deaf = true;
    await pass(2_500);
    await expect(open().branch(callee, ignore).offer('caller', sdp(4000))).rejects.toMatchObject({
      code: 'MEDIA_NO_ENGINE',
      answer: { status: 503 },
    });
  });

  test('one that is gone for longer than the patience has lost its calls; back within it, it keeps them', async () => {
    start(1);
    const events: MediaEvent[] = [];
    const branch = open().branch(callee, (event) => events.push(event));
    await branch.offer('caller', sdp(4000));
    await branch.answer('callee', sdp(5000));
    fakes[0]!.deaf = true;
    await pass(9_000);
    fakes[0]!.deaf = false;
    await pass(3_000);
    expect([events, engine.instances[0]!.available]).toEqual([[], true]);
    fakes[0]!.deaf = true;
    await pass(14_000);
    expect(events).toEqual([{ type: 'failed', reason: 'The media engine is gone' }]);
    await expect(branch.offer('caller', sdp(4002))).rejects.toMatchObject({ answer: { status: 503 } });
    expect(await branch.close()).toEqual([]);
    expect(engine.metrics().calls).toBe(0);
  });

  test('one that is back without its calls was restarted: they are lost at once', async () => {
    start(1);
    const events: MediaEvent[] = [];
    await open()
      .branch(callee, (event) => events.push(event))
      .offer('caller', sdp(4000));
    fakes[0]!.listener?.onRefused();
    expect(engine.instances[0]!.available).toBe(false);
    fakes[0]!.calls.clear();
    await pass(1_100);
    expect(events).toEqual([{ type: 'failed', reason: 'The media engine was restarted' }]);
  });

  test('after close nothing is left', async () => {
    start(2);
    await open().branch(callee, ignore).offer('caller', sdp(4000));
    await engine.close();
    await settle();
    expect(clock.pending).toBe(0);
    await expect(open().branch(callee, ignore).offer('caller', sdp(4000))).rejects.toMatchObject({
      answer: { status: 503 },
    });
  });
});
