import { expect, test } from 'vitest';
import { sampleRequest } from '../../../test/support/rfc5769.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';
import { primitives } from '../../transport/primitives.ts';
import { parseErrorCode, parseXorAddress, XOR_MAPPED_ADDRESS } from '../stun/attributes.ts';
import { appendFingerprint, checkFingerprint } from '../stun/fingerprint.ts';
import { attribute, BINDING, parseStun, type StunAttribute, type StunClass, serializeStun } from '../stun/message.ts';
import { appendIntegrity, checkIntegrity, type IntegrityHash } from '../stun/message-integrity.ts';
import { ICE_CONTROLLED, ICE_CONTROLLING, PRIORITY, refuseCheck, USE_CANDIDATE } from './check.ts';
import { CheckRouter } from './check-router.ts';
import { createCredentials, type IceCredentials, isPassword, isUfrag } from './credentials.ts';
import { LiteAgent } from './lite-agent.ts';
import type { IceEvent, IceOutput, IcePath, LiteOptions } from './lite-options.ts';

const LOCAL = { ufrag: 'ours', password: 'p'.repeat(22) };
const NEXT = { ufrag: 'next', password: 'q'.repeat(22) };
const at = (port: number, address = '192.0.2.1'): IcePath => ({ local: 'udp4', address, port });

interface CheckOptions {
  to?: IceCredentials;
  from?: string;
  nominate?: boolean;
  extra?: StunAttribute[];
  behind?: StunAttribute[];
  class?: StunClass;
  hash?: IntegrityHash | 'none';
  username?: string;
}

const octetsOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
let transactions = 0;

/** A check as a controlling peer sends it. */
function check(options: CheckOptions = {}): Uint8Array {
  const { to = LOCAL, from = 'peer', hash = 'sha1', extra = [], behind = [] } = options;
  const username = options.username ?? `${to.ufrag}:${from}`;
  const transactionId = new Uint8Array(12).fill(transactions++);
  const attributes: StunAttribute[] = [
    { type: 0x0006, value: octetsOf(username) },
    { type: PRIORITY, value: Uint8Array.of(0x6e, 0, 1, 0xff) },
    ...extra,
  ];
  if (!extra.some(({ type }) => type === ICE_CONTROLLED)) {
    attributes.push({ type: ICE_CONTROLLING, value: new Uint8Array(8) });
  }
  if (options.nominate) attributes.push({ type: USE_CANDIDATE, value: new Uint8Array() });
  let octets = serializeStun({ class: options.class ?? 'request', method: BINDING, transactionId, attributes });
  if (hash !== 'none') octets = appendIntegrity(primitives, octets, to.password, hash);
  if (behind.length > 0) {
    const message = parseStun(octets);
    octets = serializeStun({ ...message, attributes: [...message.attributes, ...behind] });
  }
  return appendFingerprint(octets);
}

/** An agent whose outputs are carried out on virtual time. */
class World {
  readonly time = new VirtualTime();
  readonly events: IceEvent[] = [];
  readonly sent: { octets: Uint8Array; path: IcePath }[] = [];
  readonly agent: LiteAgent;

  constructor(options: Partial<LiteOptions> = {}) {
    this.agent = new LiteAgent({ primitives, local: LOCAL, remoteUfrag: 'peer', ...options });
  }

  receive(octets: Uint8Array, path: IcePath): this {
    return this.carryOut(this.agent.receive(octets, path, this.time.now));
  }

  carryOut(outputs: IceOutput[]): this {
    for (const output of outputs) {
      if (output.type === 'send') this.sent.push(output.message);
      else if (output.type === 'event') this.events.push(output.event);
      else if (output.type === 'setTimer') {
        this.time.set(output.name, output.delay, () => this.carryOut(this.agent.timer(output.name, this.time.now)));
      }
    }
    return this;
  }

  /** As `valid 1000`: the events since the last call. */
  story(): string[] {
    return this.events.splice(0).map((event) => ('path' in event ? `${event.type} ${event.path.port}` : event.type));
  }

  /** The error code of the last answer; 0: success. */
  get answer(): number {
    const message = parseStun(this.sent.at(-1)!.octets);
    const error = attribute(message, 0x0009);
    return error ? parseErrorCode(error).code : 0;
  }
}

test('a check is answered with where it came from, and makes its pair valid', () => {
  for (const path of [at(1000), at(1000, '2001:db8::1')]) {
    const world = new World();
    const octets = check();
    world.receive(octets, path);
    const answer = world.sent[0]!;
    expect(answer.path).toEqual(path);
    const message = parseStun(answer.octets);
    expect(message).toMatchObject({ class: 'success', method: BINDING, transactionId: octets.subarray(8, 20) });
    const mapped = attribute(message, XOR_MAPPED_ADDRESS)!;
    expect(parseXorAddress(mapped, message.transactionId)).toEqual({ address: path.address, port: path.port });
    expect(checkFingerprint(answer.octets)).toBe('right');
    expect(checkIntegrity(primitives, answer.octets, message, LOCAL.password, 'sha1')).toBe(true);
    expect(world.story()).toEqual(['valid 1000']);
    expect([world.agent.isValid(path), world.agent.selected]).toEqual([true, undefined]);
    expect(world.agent.isValid({ ...path, local: 'other' })).toBe(false);
  }
});

test('SHA-256 integrity is answered with the same', () => {
  const world = new World().receive(check({ hash: 'sha256' }), at(1));
  const { octets } = world.sent[0]!;
  expect(checkIntegrity(primitives, octets, parseStun(octets), LOCAL.password, 'sha256')).toBe(true);
});

test('the newest nomination is selected, so that a peer may roam', () => {
  const world = new World();
  world
    .receive(check(), at(1))
    .receive(check({ nominate: true }), at(1))
    .receive(check({ nominate: true }), at(1));
  expect(world.story()).toEqual(['valid 1', 'selected 1']);
  world.receive(check({ nominate: true }), at(2, '198.51.100.7'));
  expect(world.story()).toEqual(['valid 2', 'selected 2']);
  expect(world.agent.selected).toEqual(at(2, '198.51.100.7'));
  world.receive(check(), at(1));
  expect(world.agent.selected?.port).toBe(2);
  world.receive(check({ nominate: true }), at(1));
  expect(world.agent.selected?.port).toBe(1);
});

test('a check that our password does not authenticate adopts no address', () => {
  const refused: [Uint8Array, number][] = [
    [check({ hash: 'none', nominate: true }), 400],
    [check({ to: { ...LOCAL, password: 'x'.repeat(22) }, nominate: true }), 401],
    [check({ to: { ...LOCAL, ufrag: 'else' }, nominate: true }), 401],
    [check({ from: 'stranger', nominate: true }), 401],
    [check({ username: LOCAL.ufrag }), 401],
    [check({ username: `${LOCAL.ufrag}:${'a'.repeat(600)}` }), 401],
    [appendFingerprint(serializeStun({ ...parseStun(check()), attributes: [] })), 400],
  ];
  for (const [octets, code] of refused) {
    const world = new World().receive(octets, at(1));
    expect(world.answer).toBe(code);
    expect(world.sent[0]!.octets.length).toBeLessThanOrEqual(2 * octets.length);
    expect(world.story()).toEqual([]);
    expect(world.agent.validPaths).toEqual([]);
    expect(world.time.running).toEqual([]);
  }
});

test('a check with any bit of it changed adopts no address', () => {
  const octets = check({ nominate: true });
  const covered = new World();
  for (let bit = 0; bit < (octets.length - 8) * 8; bit++) {
    // Octets 2 and 3 are the length, which is made right with the fingerprint: anybody can.
    if (bit >> 4 === 1) continue;
    const forged = Uint8Array.from(octets);
    forged[bit >> 3]! ^= 1 << (bit & 7);
    covered.receive(appendFingerprint(forged.subarray(0, forged.length - 8)), at(1));
  }
  expect(covered.agent.validPaths).toEqual([]);
});

test('what comes behind the integrity does not count', () => {
  const world = new World();
  world.receive(check({ behind: [{ type: USE_CANDIDATE, value: new Uint8Array() }] }), at(1));
  expect([world.answer, world.agent.selected]).toEqual([0, undefined]);
});

test('attributes that must be understood and are not: 420, signed', () => {
  const world = new World().receive(check({ extra: [{ type: 0x7777, value: new Uint8Array() }] }), at(1));
  const { octets } = world.sent[0]!;
  expect(world.answer).toBe(420);
  expect(checkIntegrity(primitives, octets, parseStun(octets), LOCAL.password, 'sha1')).toBe(true);
  expect(world.story()).toEqual([]);
});

test('a peer that will not control is told so: 487', () => {
  const world = new World().receive(
    check({ nominate: true, extra: [{ type: ICE_CONTROLLED, value: new Uint8Array(8) }] }),
    at(1),
  );
  expect([world.answer, world.story()]).toEqual([487, []]);
});

test("RFC 5769's sample request is authentic, and of a controlled peer", () => {
  const local = { ufrag: 'evtj', password: 'VOkJxbRl1RmTxUk/WvJxBt' };
  const world = new World({ local, remoteUfrag: 'h6vY' }).receive(sampleRequest, at(1));
  expect(world.answer).toBe(487);
});

test('indications, answers, other methods, wrong fingerprints and noise get silence', () => {
  const world = new World();
  const allocate = check();
  allocate[1] = 3;
  const wrong = check();
  wrong[wrong.length - 1]! ^= 1;
  for (const octets of [
    check({ class: 'indication' }),
    check({ class: 'success' }),
    check({ class: 'error' }),
    appendFingerprint(allocate.subarray(0, allocate.length - 8)),
    wrong,
    new Uint8Array(),
    new Uint8Array(200).fill(0),
    check().subarray(0, 30),
  ]) {
    world.receive(octets, at(1));
  }
  expect([world.sent, world.events]).toEqual([[], []]);
});

test("checks may come before the answer with the peer's fragment", () => {
  const world = new World();
  const early = new LiteAgent({ primitives, local: LOCAL });
  world.carryOut(early.receive(check({ from: 'unknown', nominate: true }), at(1), 0));
  expect(world.story()).toEqual(['valid 1', 'selected 1']);
  early.expect('peer');
  world.carryOut(early.receive(check({ from: 'unknown' }), at(2), 0));
  expect(world.answer).toBe(401);
});

test('media stops 30 s after the last check, and goes on with the next nomination', () => {
  const world = new World().receive(check({ nominate: true }), at(1));
  world.story();
  for (let second = 0; second < 60; second += 5) {
    world.time.advance(5000);
    world.receive(check(), at(1));
  }
  expect(world.story()).toEqual([]);
  world.time.advance(29_999);
  expect(world.story()).toEqual([]);
  world.time.advance(1);
  expect(world.story()).toEqual(['discarded 1', 'consentLost']);
  expect([world.agent.selected, world.agent.isValid(at(1))]).toEqual([undefined, false]);
  expect(world.time.running).toEqual([]);
  world.receive(check({ nominate: true }), at(1));
  expect(world.story()).toEqual(['valid 1', 'selected 1']);
});

test('indications, and checks that are not authentic, do not keep a pair alive', () => {
  const world = new World().receive(check({ nominate: true }), at(1));
  for (let second = 0; second < 30; second++) {
    world.time.advance(1000);
    world.receive(check({ class: 'indication' }), at(1)).receive(check({ from: 'stranger' }), at(1));
  }
  expect(world.story().at(-1)).toBe('consentLost');
});

test('when the selected pair expires, another that was nominated takes its place', () => {
  const world = new World().receive(check({ nominate: true }), at(1)).receive(check({ nominate: true }), at(2));
  world.story();
  world.time.advance(20_000);
  world.receive(check(), at(1)).receive(check(), at(3));
  world.time.advance(10_000);
  expect(world.story()).toEqual(['valid 3', 'discarded 2', 'selected 1']);
});

test('without consent checks a pair lives for ever', () => {
  const world = new World({ consent: Number.POSITIVE_INFINITY }).receive(check({ nominate: true }), at(1));
  expect(world.time.running).toEqual([]);
});

test('after a restart the old credentials hold until a pair of the new ones is nominated', () => {
  const world = new World().receive(check({ nominate: true }), at(1)).receive(check(), at(2));
  world.agent.restart(NEXT, 'again');
  world.story();
  // Media goes on the old way, and its consent checks are answered.
  world.receive(check(), at(1));
  expect([world.answer, world.agent.selected?.port]).toEqual([0, 1]);
  world.receive(check({ to: NEXT, from: 'again' }), at(3));
  expect(world.agent.selected?.port).toBe(1);
  world.receive(check({ to: NEXT, from: 'again', nominate: true }), at(3));
  expect(world.story()).toEqual(['valid 3', 'selected 3']);
  // What is on its way on the old path is still the peer's (Firefox has new ports after a restart).
  world.time.advance(2999);
  expect(world.agent.isValid(at(1))).toBe(true);
  world.time.advance(1);
  expect(world.story()).toEqual(['discarded 1', 'discarded 2']);
  expect(world.agent.isValid(at(1))).toBe(false);
  world.receive(check(), at(1));
  expect(world.answer).toBe(401);
  world.receive(check({ to: NEXT, from: 'peer' }), at(1));
  expect(world.answer).toBe(401);
});

test('a restart on the same path keeps it', () => {
  const world = new World().receive(check({ nominate: true }), at(1));
  world.agent.restart(NEXT);
  world.story();
  world.receive(check({ to: NEXT, from: 'any', nominate: true }), at(1));
  expect(world.story()).toEqual([]);
  expect(world.agent.selected?.port).toBe(1);
});

test('a pair that a restart left behind is not sent to again, but a check with the new credentials revives it', () => {
  for (const consent of [30_000, Number.POSITIVE_INFINITY]) {
    const world = new World({ consent }).receive(check({ nominate: true }), at(1)).receive(check(), at(2));
    world.agent.restart(NEXT, 'again');
    world.receive(check({ to: NEXT, from: 'again', nominate: true }), at(3));
    world.receive(check({ to: NEXT, from: 'again' }), at(2));
    world.story();
    world.time.advance(29_999);
    expect(world.story()).toEqual(['discarded 1']);
    world.time.advance(1);
    expect(world.story()).toEqual(consent === 30_000 ? ['discarded 2', 'discarded 3', 'consentLost'] : []);
  }
});

test('restarts that come to nothing do not lose the pair in use', () => {
  const world = new World().receive(check({ nominate: true }), at(1));
  for (const ufrag of ['aaaa', 'bbbb', 'cccc']) world.agent.restart({ ...NEXT, ufrag });
  world.receive(check(), at(1));
  expect(world.answer).toBe(0);
  expect(world.agent.answersTo('aaaa')).toBe(false);
});

test('a peer that checks from thousands of ports has 16 pairs, and keeps the selected one', () => {
  const world = new World().receive(check({ nominate: true }), at(1)).receive(check({ nominate: true }), at(2));
  for (let port = 100; port < 3000; port++) {
    world.time.advance(1);
    world.receive(check(), at(port));
    expect(world.agent.validPaths.length).toBeLessThanOrEqual(16);
  }
  expect(world.agent.selected?.port).toBe(2);
  expect(world.agent.isValid(at(1))).toBe(true);
  expect(world.agent.isValid(at(2999))).toBe(true);
});

test('a link-local address with its zone is answered', () => {
  const world = new World().receive(check(), at(1, 'fe80::1%eth0'));
  const message = parseStun(world.sent[0]!.octets);
  expect(parseXorAddress(attribute(message, XOR_MAPPED_ADDRESS)!, message.transactionId).address).toBe('fe80::1');
});

test("checks find their agent by fragment, those of a forked offer by the peer's too", () => {
  const router = new CheckRouter();
  const one = new LiteAgent({ primitives, local: LOCAL, remoteUfrag: 'one' });
  const two = new LiteAgent({ primitives, local: LOCAL, remoteUfrag: 'two' });
  const open = new LiteAgent({ primitives, local: LOCAL });
  for (const agent of [open, one, two]) router.add(agent);
  expect(router.route(check({ from: 'two' }))).toBe(two);
  expect(router.route(check({ from: 'one' }))).toBe(one);
  expect(router.route(check({ from: 'three' }))).toBe(open);
  router.remove(open);
  expect(router.route(check({ from: 'three' }))).toBe(undefined);
  expect(router.route(check({ to: NEXT }))).toBe(undefined);
  expect(router.route(check({ username: 'ours' }))).toBe(undefined);
  expect(router.route(check({ class: 'indication' }))).toBe(undefined);
  expect(router.route(Uint8Array.of(0, 1, 0, 0))).toBe(undefined);
});

test('a restart adds a fragment, and its end takes the old one away', () => {
  const router = new CheckRouter();
  const world = new World().receive(check({ nominate: true }), at(1));
  router.add(world.agent);
  world.agent.restart(NEXT, 'peer');
  router.add(world.agent);
  expect(router.route(check())).toBe(world.agent);
  expect(router.route(check({ to: NEXT }))).toBe(world.agent);
  world.receive(check({ to: NEXT, nominate: true }), at(1));
  expect(router.route(check())).toBe(undefined);
  router.remove(world.agent);
  expect(router.route(check({ to: NEXT }))).toBe(undefined);
});

test("a check that is nobody's is refused in fewer octets than it has", () => {
  const octets = check();
  const answer = refuseCheck(octets, 401);
  expect(answer.length).toBeLessThan(octets.length);
  expect(parseErrorCode(attribute(parseStun(answer), 0x0009)!).code).toBe(401);
});

test('credentials have enough randomness, in the characters of ICE', () => {
  const made = Array.from({ length: 50 }, () => createCredentials(primitives));
  expect(made.every(({ ufrag, password }) => isUfrag(ufrag) && isPassword(password))).toBe(true);
  expect(new Set(made.map(({ ufrag }) => ufrag)).size).toBe(50);
  expect([isUfrag('abc'), isUfrag('ab:d'), isPassword('p'.repeat(21)), isPassword('p'.repeat(257))]).toEqual(
    Array(4).fill(false),
  );
});
