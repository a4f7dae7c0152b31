import { expect, test } from 'vitest';
import { sdp, TestAgent } from '../../../test/support/user-agents.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';

/** Alice calls; a proxy that only copies brings her INVITE to Bob and Carol, and each request to whom it is for. */
function fork() {
  const time = new VirtualTime();
  const alice = new TestAgent(time, 'alice');
  const callees = [
    new TestAgent(time, 'bob', { contactUser: 'bob' }),
    new TestAgent(time, 'carol', { contactUser: 'carol' }),
  ];
  const [bob, carol] = callees as [TestAgent, TestAgent];
  alice.transmit = (text) => {
    const own = callees.filter((callee) => text.includes(` sip:${callee.name}@`) && !text.startsWith('INVITE'));
    for (const callee of own.length > 0 ? own : callees) callee.receive(text);
  };
  for (const callee of callees) callee.transmit = (text) => alice.receive(text);
  alice.run(alice.agent.invite('c', 'sip:team@example.test', { offer: sdp('offer') }, 0));
  return { time, alice, bob, carol };
}

function ring(agent: TestAgent, body?: string) {
  const { call } = agent.last('incomingCall');
  agent.run(agent.agent.ring(call, body === undefined ? {} : { body: sdp(body) }, agent.now));
  return call;
}

test('each fork is a leg with its own early answer', () => {
  const { alice, bob, carol } = fork();
  ring(bob, 'bob-early');
  ring(carol, 'carol-early');
  const answers = alice.events.filter((event) => event.type === 'answer');
  expect(answers.map(({ body }) => body.content)).toEqual(['bob-early', 'carol-early']);
  expect(new Set(answers.map(({ leg }) => leg)).size).toBe(2);
  expect(alice.sent).toEqual(['INVITE', 'PRACK', 'PRACK']);
});

test('when both accept, both are acknowledged and the second is ended by BYE', () => {
  const { time, alice, bob, carol } = fork();
  const calls = { bob: ring(bob), carol: ring(carol) };
  bob.run(bob.agent.accept(calls.bob, sdp('bob'), time.now));
  carol.run(carol.agent.accept(calls.carol, sdp('carol'), time.now));
  expect(alice.sent).toEqual(['INVITE', 'ACK', 'ACK', 'BYE']);
  expect(carol.last('ended')).toMatchObject({ cause: 'hungUp', remote: true });
  expect(bob.types().at(-1)).toBe('confirmed');
  expect(alice.types().filter((type) => type === 'accepted')).toHaveLength(1);
  time.advance(10_000);
  alice.run(alice.agent.hangUp('c', {}, time.now));
  expect(bob.last('ended').cause).toBe('hungUp');
  time.advance(200_000);
  expect(time.running).toEqual([]);
});

test('a 200 that comes after the call was given up is acknowledged and ended, from each fork', () => {
  const { time, alice, bob, carol } = fork();
  const calls = { bob: ring(bob), carol: ring(carol) };
  const forward = alice.transmit;
  alice.transmit = (text) => {
    if (!text.startsWith('CANCEL')) forward(text);
  };
  alice.run(alice.agent.hangUp('c', {}, time.now));
  bob.run(bob.agent.accept(calls.bob, sdp('bob'), time.now));
  carol.run(carol.agent.accept(calls.carol, sdp('carol'), time.now));
  expect(alice.sent).toEqual(['INVITE', 'CANCEL', 'ACK', 'BYE', 'ACK', 'BYE']);
  expect(bob.last('ended').cause).toBe('hungUp');
  expect(carol.last('ended').cause).toBe('hungUp');
  expect(alice.events.filter((event) => event.type === 'ended')).toHaveLength(1);
});

test('a fork that never ends makes no more legs than the bound', () => {
  const time = new VirtualTime();
  const alice = new TestAgent(time, 'alice', { limits: { forks: 4 } });
  const bob = new TestAgent(time, 'bob');
  alice.transmit = (text) => bob.receive(text);
  bob.transmit = (text) => {
    for (let i = 0; i < 100; i++) alice.receive(text.replace(/(To: .*;tag=)[^\r]*/, `$1leg${i}`));
  };
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', { offer: sdp('offer') }, 0));
  ring(bob, 'early');
  expect(alice.sent.filter((line) => line === 'PRACK')).toHaveLength(4);
});
