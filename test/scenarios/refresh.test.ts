// A REGISTER that only refreshes goes a short way (src/server/sip/refresh.ts). Whatever is sent, and whatever happens in
// between, its client must not be able to tell.
import { expect, test } from 'vitest';
import type { FlowState } from '../../src/server/sip/flow-state.ts';
import { random } from '../support/mutation.ts';
import { type FakeFlow, World } from './world.ts';

const HOUR = 3_600_000;

interface Shape {
  order: number;
  compact: boolean;
  rport: boolean;
  display: string;
  contact: string;
  extra: string;
  body: string;
}

interface Register {
  shape: Shape;
  user: string;
  branch: string;
  fromTag: string;
  callId: string;
  cseq: string;
}

/** `unlike`: a field that makes it another text each time, and nothing else of it. */
function text({ shape, user, branch, fromTag, callId, cseq }: Register, unlike: string): string {
  const { compact, body } = shape;
  const address = `<sip:${user}@example.test>`;
  const via = `${compact ? 'v' : 'Via'}: SIP/2.0/WS ${user}.invalid${shape.rport ? ';rport' : ''};branch=${branch}`;
  const to = `${compact ? 't' : 'To'}: ${address}`;
  const from = `${compact ? 'f' : 'From'}: ${shape.display}${address};tag=${fromTag}`;
  const call = `${compact ? 'i' : 'Call-ID'}: ${callId}`;
  const sequence = `CSeq: ${cseq} REGISTER`;
  const orders = [
    [via, 'Max-Forwards: 70', to, from, call, sequence],
    [via, from, to, sequence, call, 'Max-Forwards: 70'],
    [via, 'Max-Forwards: 70', from, to, call, sequence],
    [from, sequence, to, 'Max-Forwards: 70', call, via],
  ];
  const fields = [
    ...orders[shape.order]!,
    `Contact: ${shape.contact}`,
    ...(shape.extra === '' ? [] : [shape.extra]),
    `User-Agent: test${unlike}`,
    `Content-Length: ${body.length}`,
  ];
  return `REGISTER sip:example.test SIP/2.0\r\n${fields.join('\r\n')}\r\n\r\n${body}`;
}

/** The same client of two servers, of which one never sees the same text twice. */
class Twins {
  readonly #short: World;
  readonly #long: World;
  readonly #flows: FakeFlow[][] = [];
  sent = 0;

  constructor(worlds: [World, World]) {
    [this.#short, this.#long] = worlds;
  }

  static async start(): Promise<Twins> {
    const options = { limits: { natKeepAlive: 0, minExpires: 60, requestRate: 1, requestBurst: 8 } };
    const worlds: [World, World] = [new World(options), new World(options)];
    await Promise.all(worlds.map((world) => world.start()));
    return new Twins(worlds);
  }

  /** Each client's number. */
  connect(user: string, lifetime?: number): number {
    const expires = lifetime === undefined ? {} : { expires: Math.floor((this.#short.now() + lifetime) / 1000) };
    const identity = { name: user, account: true, admin: false, ...expires };
    const remote = { address: '198.51.100.7', port: 30_000 + this.#flows.length };
    this.#flows.push([this.#short, this.#long].map((world) => world.flow('ws', remote, identity)));
    return this.#flows.length - 1;
  }

  isOpen(client: number): boolean {
    return this.#flows[client]![0]!.open;
  }

  state(client: number): FlowState {
    return this.#flows[client]![0]!.data as FlowState;
  }

  /** What it is answered by both. */
  send(client: number, register: Register): string {
    const [one, other] = this.#flows[client]! as [FakeFlow, FakeFlow];
    this.sent += 1;
    this.#short.deliver(one, text(register, ''));
    this.#long.deliver(other, text(register, ` ${this.sent}`));
    expect(withoutIds(one.received)).toEqual(withoutIds(other.received));
    expect(one.closed).toEqual(other.closed);
    const answers = one.received.splice(0);
    other.received.length = 0;
    expect(this.#bindings(this.#short)).toEqual(this.#bindings(this.#long));
    expect({ ...this.#short.server.metrics() }).toEqual({ ...this.#long.server.metrics() });
    return answers.join('');
  }

  drop(client: number): void {
    const [one, other] = this.#flows[client]! as [FakeFlow, FakeFlow];
    this.#short.drop(one);
    this.#long.drop(other);
  }

  pass(milliseconds: number): void {
    this.#short.pass(milliseconds);
    this.#long.pass(milliseconds);
  }

  #bindings(world: World): object[] {
    const { location } = world.server;
    return [...location.names()].flatMap((name) =>
      location.all(name).map(({ flow, id: _, ...binding }) => ({ ...binding, port: flow.remote.port })),
    );
  }
}

/** What each server chose for itself. */
function withoutIds(messages: readonly string[]): string[] {
  return messages.map((message) => message.replace(/gr=[^"]*/g, 'gr='));
}

function shapes(next: () => number): Shape {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!;
  const instance = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-00000000000a>"';
  const parameters = pick(['', instance, `${instance};reg-id=1`, ';q=0.5', ';x="a,b\\""']);
  const expires = pick(['', ';expires=600', ';expires=59', ';expires=61', ';expires=0', ';expires=99999']);
  return {
    order: pick([0, 0, 1, 2, 3]),
    compact: pick([false, true]),
    rport: pick([false, true]),
    display: pick(['', '"A \\" B" ', 'Alice ']),
    contact: pick([
      `<sip:c@c.invalid;transport=ws>${parameters}${expires}`,
      `<sip:c@c.invalid;transport=ws>${parameters}${expires}, <sip:d@d.invalid;transport=ws>`,
      '*',
    ]),
    extra: pick([
      '',
      'Supported: path, outbound, gruu',
      'Expires: 120',
      'Supported: outbound\r\nPath: <sip:p.test;lr>, <sip:q.test;lr;ob>',
      'Require: outbound',
    ]),
    body: pick(['', '', 'body']),
  };
}

test('A refresh that goes the short way is answered as on the long way, whatever happens in between', async () => {
  const next = random(20_261_123);
  let short = 0;
  const answers: Record<string, number> = {};
  for (let run = 0; run < 100; run++) {
    const twins = await Twins.start();
    const clients = Array.from({ length: 3 }, (_, i) => {
      const client = twins.connect(i === 2 ? 'bob' : 'alice', next() < 0.5 ? HOUR / 4 : undefined);
      const usual = { ...shapes(next), contact: `<sip:c${next() < 0.5 ? 0 : i}@c.invalid;transport=ws>;expires=600` };
      return { client, usual, user: i === 2 ? 'bob' : 'alice', cseq: 0, callId: `call${i}@host` };
    });
    for (let n = 0; n < 40; n++) {
      const one = clients[Math.floor(next() * clients.length)]!;
      const event = next();
      if (event < 0.03) twins.drop(one.client);
      if (event > 0.8) twins.pass(Math.floor(next() * (event > 0.97 ? 1_000_000 : 50_000)));
      if (!twins.isOpen(one.client)) one.client = twins.connect(one.user);
      if (next() < 0.9) one.cseq += 1 + Math.floor(next() * 3);
      const before = twins.state(one.client);
      const refresh = before.refresh;
      const unlike = before.unlike;
      const answer = twins.send(one.client, {
        shape: next() < 0.85 ? one.usual : next() < 0.5 ? shapes(next) : { ...one.usual, extra: shapes(next).extra },
        user: next() < 0.98 ? one.user : 'carol',
        branch: `z9hG4bK${n}${next() < 0.1 ? '-x' : ''}`,
        fromTag: next() < 0.5 ? 'from-tag' : `t${n}`,
        callId: next() < 0.97 ? one.callId : `other${n}`,
        cseq: next() < 0.05 ? `00${one.cseq}` : String(one.cseq),
      });
      const status = answer.slice(8, 11);
      answers[status] = (answers[status] ?? 0) + 1;
      if (refresh !== undefined && unlike > 0 && twins.state(one.client).unlike === 0) short += 1;
      if (refresh !== undefined) before.unlike = 1; // so that the next that is taken shows
    }
  }
  for (const status of ['200', '400', '403', '423', '503']) expect(answers[status]).toBeGreaterThan(10);
  expect(short).toBeGreaterThan(150);
});

const USUAL: Register = {
  shape: {
    order: 0,
    compact: false,
    rport: false,
    display: '',
    contact: '<sip:c@c.invalid;transport=ws>;expires=600',
    extra: '',
    body: '',
  },
  user: 'alice',
  branch: 'z9hG4bK1',
  fromTag: 'from',
  callId: 'call',
  cseq: '1',
};

test('A connection that speaks for another account since refreshes nothing of the former', async () => {
  const world = new World();
  await world.start();
  const flow = world.flow('tcp', undefined, { name: 'alice', account: true, admin: false });
  for (const cseq of ['1', '2', '3']) world.deliver(flow, text({ ...USUAL, cseq }, ''));
  const state = flow.data as FlowState;
  expect(state.refresh).toBeDefined();
  state.identity = { name: 'bob', account: true, admin: false };
  world.deliver(flow, text({ ...USUAL, cseq: '4' }, ''));
  expect(flow.received.map((answer) => answer.slice(8, 11))).toEqual(['200', '200', '200', '401']);
});

test('Two contacts that take turns are not learned again and again', async () => {
  const world = new World();
  await world.start();
  const flow = world.flow('ws', undefined, { name: 'alice', account: true, admin: false });
  const other = { ...USUAL.shape, contact: '<sip:d@d.invalid;transport=ws>;expires=600' };
  for (let n = 1; n < 12; n++) {
    world.deliver(flow, text({ ...USUAL, cseq: String(n) }, ''));
    world.deliver(flow, text({ ...USUAL, shape: other, callId: 'other', cseq: String(n) }, ''));
  }
  expect(flow.received.filter((answer) => answer.startsWith('SIP/2.0 200'))).toHaveLength(22);
  expect((flow.data as FlowState).refresh).toBeUndefined();
});
