import { expect, test } from 'vitest';
import type { UserAgentCore } from '../../src/protocol/sip/user-agent-core.ts';
import type { UserAgentEvent } from '../../src/protocol/sip/user-agent-event.ts';
import { sdp, seeded, TestAgent } from '../support/user-agents.ts';
import { VirtualTime } from '../support/virtual-time.ts';

/** No test may take longer than this, whatever the machine. */
const WALL_CLOCK = 20_000;

const TOKENS = [
  '',
  ' ',
  ',',
  ';',
  '<',
  '>',
  '"',
  '\\',
  '\r\n',
  '\r\n ',
  '\0',
  '\xff',
  '%',
  '%00',
  '*',
  ':',
  '@',
  '0',
  '-1',
  '4294967296',
  '99999999999999999999',
  ';tag=x',
  ';lr',
  ';expires=0',
  'sip:',
  'tel:+1',
  'sip:a@[::1',
  '100rel',
  'INVITE',
  'ACK',
  'BYE',
  'UPDATE',
  'NOTIFY',
  'Require: 100rel\r\nRSeq: 1\r\n',
  'RAck: 1 1 INVITE\r\n',
  'Replaces: a;to-tag=b;from-tag=c\r\n',
  'Session-Expires: 1\r\n',
  'Record-Route: <tel:1>\r\n',
  'Contact: *\r\n',
  'Retry-After: 1\r\n',
];
const STATUSES = [
  '100',
  '180',
  '183',
  '200',
  '202',
  '302',
  '401',
  '408',
  '422',
  '423',
  '481',
  '487',
  '491',
  '500',
  '603',
];
const METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE', 'INFO', 'REFER', 'NOTIFY', 'MESSAGE', 'OPTIONS'];

function mutate(text: string, random: () => number): string {
  const below = (bound: number) => Math.floor(random() * bound);
  const pick = (from: readonly string[]) => from[below(from.length)] as string;
  let mutant = text;
  for (let i = 1 + below(3); i > 0; i--) {
    const at = below(mutant.length + 1);
    const lines = mutant.split('\r\n');
    switch (below(9)) {
      case 0:
        mutant = mutant.slice(0, at) + String.fromCharCode(below(256)) + mutant.slice(at + 1);
        break;
      case 1:
        mutant = mutant.slice(0, at) + pick(TOKENS) + mutant.slice(at);
        break;
      case 2:
        mutant = mutant.slice(0, at) + mutant.slice(at + below(20));
        break;
      case 3:
        lines.splice(below(lines.length), 1);
        mutant = lines.join('\r\n');
        break;
      case 4:
        lines.splice(1, 0, pick(lines), pick(TOKENS).trimEnd());
        mutant = lines.join('\r\n');
        break;
      case 5:
        mutant = mutant.replace(/\d+/g, (digits) => (random() < 0.2 ? String(Number(digits) + below(3) - 1) : digits));
        break;
      case 6:
        mutant = mutant.replace(/^SIP\/2.0 \d+/, `SIP/2.0 ${pick(STATUSES)}`);
        break;
      case 7: {
        const method = pick(METHODS);
        mutant = mutant.replace(/^[A-Z]+ /, `${method} `).replace(/(CSeq: \d+) [A-Z]+/, `$1 ${method}`);
        break;
      }
      case 8:
        // A transaction of its own, so that it reaches the user behind
        mutant = mutant
          .replace(/z9hG4bK[^;\r]*/, `z9hG4bKm${below(1e9)}`)
          .replace(/CSeq: \d+/, `CSeq: ${below(50)}`)
          .replace(/;tag=[^\r;]*/, (tag) => (random() < 0.3 ? '' : tag));
        break;
    }
  }
  return mutant;
}

/** What a person or a program might do at any time, sensible or not: misuse throws an Error and changes nothing. */
function act(agent: TestAgent, random: () => number): void {
  const below = (bound: number) => Math.floor(random() * bound);
  const now = agent.time.now;
  const body = sdp(`v=${below(1000)}`);
  const names = agent.events.flatMap((event: UserAgentEvent) => ('call' in event && event.call ? [event.call] : []));
  const call = random() < 0.3 ? 'mine' : (names.at(-1 - below(3)) ?? 'mine');
  const refer = agent.events.findLast((event) => event.type === 'refer')?.refer ?? 'none';
  const { agent: user } = agent;
  const commands = [
    () => user.invite('mine', 'sip:peer@example.test', random() < 0.7 ? { offer: body } : {}, now),
    () => user.ring(call, random() < 0.5 ? {} : { body }, now),
    () => user.accept(call, random() < 0.8 ? body : undefined, now),
    () => user.accept(call, body, now),
    () => (random() < 0.1 ? user.reject(call, {}, now) : user.accept(call, body, now)),
    () => (random() < 0.1 ? user.hangUp(call, {}, now) : user.ring(call, { body }, now)),
    () =>
      user.renegotiate(call, random() < 0.8 ? body : undefined, now, { method: random() < 0.5 ? 'INVITE' : 'UPDATE' }),
    () => user.answer(call, body, now),
    () => user.answer(call, body, now),
    () => user.rejectOffer(call, now),
    () => user.refer(call, `r${below(9)}`, 'sip:third@example.test', now),
    () => user.acceptRefer(refer, `t${below(9)}`, { offer: body }, now),
    () => user.rejectRefer(refer, now),
    () => user.sendDtmf('d', call, '5', 100, now),
    () => user.message('m', 'sip:peer@example.test', { type: 'text/plain', content: 'x' }, now),
    () => user.register(now),
    () => (random() < 0.2 ? user.transportConnected(now) : user.answer(call, body, now)),
  ];
  try {
    agent.run((commands[below(commands.length)] as (typeof commands)[0])());
  } catch (error) {
    // Only what the documentation promises: no TypeError or RangeError of a broken invariant
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
  }
}

/** What is still held, which nobody can see from outside. */
function held(agent: TestAgent): Record<string, number> {
  const { core } = agent.agent as unknown as { core: UserAgentCore };
  const { dialogs, refers, transactions } = core;
  return {
    dialogs: dialogs.size,
    refers: refers.size,
    clients: transactions.clientCount,
    servers: transactions.serverCount,
  };
}

const NOTHING = { dialogs: 0, refers: 0, clients: 0, servers: 0 };

function converse(seed: number, mutants: number, lossy: boolean) {
  const random = seeded(seed);
  const time = new VirtualTime();
  const transport = lossy ? { transport: 'udp' as const, sentBy: '192.0.2.1' } : {};
  const agents = ['alice', 'bob'].map(
    (name) => new TestAgent(time, name, { ...transport, sessionExpires: 90, ringingTime: 60 }),
  );
  const [alice, bob] = agents as [TestAgent, TestAgent];
  let sent = 0;
  let harmful = mutants > 0;
  const pipe = (to: TestAgent) => (text: string) => {
    sent += 1;
    if (!lossy || random() > 0.2) time.set(`pipe ${sent}`, random() * 100, () => to.receive(text));
    if (!harmful) return;
    for (let i = 0; i < mutants; i++) {
      const mutant = mutate(text, random);
      const victim = random() < 0.8 ? to : to === alice ? bob : alice;
      if (sent < 2_000) time.set(`mutant ${sent} ${i}`, random() * 1_000, () => victim.receive(mutant));
    }
  };
  alice.transmit = pipe(bob);
  bob.transmit = pipe(alice);
  for (let step = 0; step < 60; step++) {
    act(random() < 0.5 ? alice : bob, random);
    time.advance(random() < 0.1 ? 20_000 : random() * 400);
  }
  harmful = false;
  const calls = new Set(
    agents.flatMap(({ events }) => events.flatMap((event) => ('call' in event ? [event.call] : []))),
  );
  for (const agent of agents) {
    agent.run(agent.agent.unregister(time.now));
    for (const call of calls) {
      if (call !== undefined && agent.agent.call(call)) agent.run(agent.agent.hangUp(call, {}, time.now));
    }
  }
  time.advance(1_000_000);
  return { alice, bob, time, calls };
}

test('whatever is received, a user agent throws nothing, and everything it began comes to an end', () => {
  const until = Date.now() + WALL_CLOCK;
  let runs = 0;
  for (let seed = 1; seed <= 150 && Date.now() < until; seed++) {
    const { alice, bob, time, calls } = converse(seed, 2, seed % 3 === 0);
    for (const call of calls) {
      expect(alice.agent.call(call as string), `seed ${seed} ${call}`).toBeUndefined();
      expect(bob.agent.call(call as string), `seed ${seed} ${call}`).toBeUndefined();
    }
    expect(time.running, `seed ${seed}`).toEqual([]);
    expect([held(alice), held(bob)], `seed ${seed}`).toEqual([NOTHING, NOTHING]);
    runs += 1;
  }
  expect(runs).toBeGreaterThan(10);
});

test('whatever two people do, over whatever network, every call that began ends once on either side', () => {
  const until = Date.now() + WALL_CLOCK;
  for (let seed = 1001; seed <= 1300 && Date.now() < until; seed++) {
    const { alice, bob, time } = converse(seed, 0, seed % 2 === 0);
    expect(time.running, `seed ${seed}`).toEqual([]);
    expect([held(alice), held(bob)], `seed ${seed}`).toEqual([NOTHING, NOTHING]);
    for (const { events, name } of [alice, bob]) {
      const ended = events.filter((event) => event.type === 'ended').length;
      const begun = events.filter((event) => event.type === 'incomingCall').length;
      expect(ended, `seed ${seed} ${name}`).toBeGreaterThanOrEqual(begun);
      expect(
        events.filter((event) => event.type === 'malformed'),
        `seed ${seed} ${name}`,
      ).toEqual([]);
    }
  }
});
