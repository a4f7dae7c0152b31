import { expect, test } from 'vitest';
import { sdp, summary, TestAgent } from '../../../test/support/user-agents.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';

/** Three people behind a proxy that reads only the Request-URI: an address of record or a Contact. */
function three() {
  const time = new VirtualTime();
  const names = ['alice', 'bob', 'carol'];
  const agents = names.map((name) => new TestAgent(time, name, { contactUser: name }));
  const pending = new Map<string, TestAgent>();
  for (const from of agents) {
    from.transmit = (text) => {
      const branch = /branch=([^;\r]*)/.exec(text)?.[1] as string;
      const user = /^[A-Z]+ sip:([a-z]+)[@;]/.exec(text)?.[1];
      const to = user === undefined ? pending.get(branch) : agents.find(({ name }) => name === user);
      if (user !== undefined) pending.set(branch, from);
      time.set(`${from.name} ${summary(text)} ${branch} ${time.now}`, 10, () => to?.receive(text));
    };
  }
  const [alice, bob, carol] = agents as [TestAgent, TestAgent, TestAgent];
  const call = (from: TestAgent, name: string, to: TestAgent): string => {
    from.run(from.agent.invite(name, `sip:${to.name}@example.test`, { offer: sdp(`${name}-offer`) }, time.now));
    time.advance(50);
    const incoming = to.last('incomingCall').call;
    to.run(to.agent.accept(incoming, sdp(`${name}-answer`), time.now));
    time.advance(50);
    return incoming;
  };
  return { time, alice, bob, carol, call };
}

test('blind transfer: Alice sends Bob to Carol and hears how it goes', () => {
  const { time, alice, bob, carol, call } = three();
  const atBob = call(alice, 'ab', bob);
  alice.run(alice.agent.refer('ab', 'r', 'sip:carol@example.test', time.now));
  time.advance(50);
  const refer = bob.last('refer');
  expect(refer).toMatchObject({
    call: atBob,
    target: 'sip:carol@example.test',
    referredBy: '<sip:alice@example.test>',
  });
  bob.run(bob.agent.acceptRefer(refer.refer, 'bc', { offer: sdp('bc-offer') }, time.now));
  time.advance(50);
  const incoming = carol.last('incomingCall');
  expect(incoming.referredBy).toBe('<sip:alice@example.test>');
  carol.run(carol.agent.ring(incoming.call, {}, time.now));
  time.advance(50);
  carol.run(carol.agent.accept(incoming.call, sdp('bc-answer'), time.now));
  time.advance(50);
  const progress = alice.events.filter((event) => event.type === 'referProgress');
  expect(progress.map(({ status, final }) => [status, final])).toEqual([
    [202, false],
    [100, false],
    [180, false],
    [200, true],
  ]);
  alice.run(alice.agent.hangUp('ab', {}, time.now));
  time.advance(50);
  expect(bob.last('ended')).toMatchObject({ call: atBob, cause: 'hungUp' });
  expect(bob.agent.call('bc')?.state).toBe('confirmed');
  bob.run(bob.agent.hangUp('bc', {}, time.now));
  time.advance(600_000);
  expect(time.running).toEqual([]);
});

test('notifications of a transfer still come after the first call was hung up', () => {
  const { time, alice, bob, carol, call } = three();
  call(alice, 'ab', bob);
  alice.run(alice.agent.refer('ab', 'r', 'sip:carol@example.test', time.now));
  time.advance(50);
  alice.run(alice.agent.hangUp('ab', {}, time.now));
  time.advance(50);
  bob.run(bob.agent.acceptRefer(bob.last('refer').refer, 'bc', { offer: sdp('o') }, time.now));
  time.advance(50);
  carol.run(carol.agent.reject(carol.last('incomingCall').call, {}, time.now));
  time.advance(50);
  expect(alice.last('referProgress')).toMatchObject({ status: 486, reason: 'Busy Here', final: true });
});

test('attended transfer: Bob takes the place of Alice in her call with Carol', () => {
  const { time, alice, bob, carol, call } = three();
  const atBob = call(alice, 'ab', bob);
  const atCarol = call(alice, 'ac', carol);
  alice.run(alice.agent.refer('ab', 'r', { call: 'ac' }, time.now));
  time.advance(50);
  const refer = bob.last('refer');
  expect(refer.target).toBe('sip:carol@example.test');
  expect(refer.replaces).toContain(';to-tag=');
  bob.run(bob.agent.acceptRefer(refer.refer, 'bc', { offer: sdp('o') }, time.now));
  time.advance(50);
  const incoming = carol.last('incomingCall');
  expect(incoming.replaces).toBe(atCarol);
  carol.run(carol.agent.accept(incoming.call, sdp('a'), time.now));
  time.advance(50);
  expect(carol.last('ended')).toMatchObject({ call: atCarol, cause: 'replaced', remote: false });
  expect(alice.last('ended')).toMatchObject({ call: 'ac', cause: 'hungUp', remote: true });
  expect(alice.last('referProgress')).toMatchObject({ status: 200, final: true });
  alice.run(alice.agent.hangUp('ab', {}, time.now));
  time.advance(50);
  expect(bob.last('ended').call).toBe(atBob);
  expect(bob.agent.call('bc')?.state).toBe('confirmed');
  expect(carol.agent.call(incoming.call)?.state).toBe('confirmed');
});

test('who does not know Replaces is asked for an ordinary call', () => {
  const { time, alice, bob, carol, call } = three();
  const { transmit } = bob;
  bob.transmit = (text) => transmit(text.replace(', replaces', ''));
  call(alice, 'ab', bob);
  const atCarol = call(alice, 'ac', carol);
  expect(alice.agent.call('ab')?.remoteReplaces).toBe(false);
  expect(alice.agent.call('ac')?.remoteReplaces).toBe(true);
  alice.run(alice.agent.refer('ab', 'r', { call: 'ac' }, time.now));
  time.advance(50);
  const { refer, replaces } = bob.last('refer');
  expect(replaces).toBeUndefined();
  bob.run(bob.agent.acceptRefer(refer, 'bc', { offer: sdp('o') }, time.now));
  time.advance(50);
  expect(carol.last('incomingCall').replaces).toBeUndefined();
  expect(carol.agent.call(atCarol)?.state).toBe('confirmed');
});

test('a transfer that the peer declines ends with 603', () => {
  const { time, alice, bob, carol, call } = three();
  call(alice, 'ab', bob);
  alice.run(alice.agent.refer('ab', 'r', 'sip:carol@example.test', time.now));
  time.advance(50);
  bob.run(bob.agent.rejectRefer(bob.last('refer').refer, time.now));
  time.advance(50);
  expect(alice.last('referProgress')).toMatchObject({ status: 603, final: true });
  expect(carol.events).toEqual([]);
});

test('a transfer that nobody decides ends by itself', () => {
  const { time, alice, bob, call } = three();
  call(alice, 'ab', bob);
  alice.run(alice.agent.refer('ab', 'r', 'sip:carol@example.test', time.now));
  time.advance(301_000);
  expect(alice.last('referProgress')).toMatchObject({ final: true });
  expect(() => bob.agent.rejectRefer(bob.last('refer').refer, time.now)).toThrow('No such transfer');
});

test('Replaces of an unknown dialog gets 481', () => {
  const { time, alice, bob } = three();
  const fields: [string, string][] = [['Replaces', 'x@y;to-tag=1;from-tag=2']];
  alice.run(alice.agent.invite('ab', 'sip:bob@example.test', { offer: sdp('o'), fields }, time.now));
  time.advance(50);
  expect(alice.last('ended')).toMatchObject({ cause: 'rejected', status: 481 });
  expect(bob.events).toEqual([]);
});

test('more transfers than allowed get 603', () => {
  const { time, alice, bob, call } = three();
  call(alice, 'ab', bob);
  for (let i = 0; i < 20; i++) alice.run(alice.agent.refer('ab', `r${i}`, 'sip:carol@example.test', time.now));
  time.advance(50);
  expect(bob.sent.filter((line) => line === '603 REFER')).toHaveLength(4);
});
