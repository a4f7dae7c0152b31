import { expect, test } from 'vitest';
import { established, pair, ringing, sdp, seeded } from '../../../test/support/user-agents.ts';

test('a call rings, is accepted, is acknowledged and is hung up', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, {}, time.now));
  time.advance(50);
  expect(alice.last('progress').status).toBe(180);
  bob.run(bob.agent.accept(call, sdp('answer-1'), time.now));
  time.advance(50);
  expect(alice.types()).toEqual(['progress', 'accepted', 'answer', 'confirmed']);
  expect(alice.last('answer')).toMatchObject({ body: sdp('answer-1'), final: true });
  expect(bob.types()).toEqual(['incomingCall', 'confirmed']);
  alice.run(alice.agent.hangUp('c', {}, time.now));
  time.advance(50);
  expect(bob.last('ended')).toMatchObject({ cause: 'hungUp', remote: true });
  expect(alice.last('ended')).toMatchObject({ cause: 'hungUp', remote: false });
  expect(alice.sent).toEqual(['INVITE', 'ACK', 'BYE']);
  expect(bob.sent).toEqual(['180 INVITE', '200 INVITE', '200 BYE']);
  time.advance(100_000);
  expect(time.running).toEqual([]);
  expect(alice.agent.call('c')).toBeUndefined();
});

test('a 2xx is sent again until its ACK comes, and each one is acknowledged', () => {
  let acks = 0;
  const both = pair({}, { lose: (text) => text.startsWith('ACK') && acks++ < 2 });
  const { time, alice, bob } = both;
  established(both);
  time.advance(5_000);
  expect(bob.sent.filter((line) => line === '200 INVITE')).toHaveLength(3);
  expect(alice.sent.filter((line) => line === 'ACK')).toHaveLength(3);
  expect(new Set(alice.texts.filter((text) => text.startsWith('ACK'))).size).toBe(1);
  expect(bob.types().filter((type) => type === 'confirmed')).toHaveLength(1);
});

test('a 2xx that is never acknowledged ends the call with BYE after 64*T1', () => {
  const both = pair({}, { lose: (text) => text.startsWith('ACK') });
  const { time, bob } = both;
  established(both);
  time.advance(33_000);
  expect(bob.last('ended')).toMatchObject({ cause: 'noAck', remote: false });
  expect(bob.sent.at(-1)).toBe('BYE');
});

test('who hangs up before the ACK came waits for it: BYE may not overtake', () => {
  const both = pair({}, { delay: () => 1_000 });
  const { time, bob } = both;
  const call = ringing(both, 1_500);
  bob.run(bob.agent.accept(call, sdp('answer'), time.now));
  bob.run(bob.agent.hangUp(call, {}, time.now));
  expect(bob.sent.at(-1)).toBe('200 INVITE');
  time.advance(2_100);
  expect(bob.sent.at(-1)).toBe('BYE');
  expect(bob.last('ended')).toMatchObject({ cause: 'hungUp', remote: false });
});

test('a call that rings is cancelled', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, {}, time.now));
  time.advance(50);
  alice.run(alice.agent.hangUp('c', {}, time.now));
  time.advance(100);
  expect(alice.last('ended')).toMatchObject({ cause: 'cancelled', remote: false, status: 487 });
  expect(bob.last('ended')).toMatchObject({ call, cause: 'cancelled', remote: true });
  expect(alice.sent).toEqual(['INVITE', 'CANCEL', 'ACK']);
  time.advance(100_000);
  expect(time.running).toEqual([]);
});

test('CANCEL waits for a provisional response', () => {
  const both = pair({}, { delay: () => 100 });
  const { time, alice } = both;
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', { offer: sdp('o') }, time.now));
  alice.run(alice.agent.hangUp('c', {}, time.now));
  expect(alice.sent).toEqual(['INVITE']);
  time.advance(1_000); // Bob's 100 within 200 ms
  expect(alice.sent).toEqual(['INVITE', 'CANCEL', 'ACK']);
  expect(alice.last('ended').cause).toBe('cancelled');
});

test('a 200 that crosses the CANCEL is acknowledged and ended by BYE', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, {}, time.now));
  time.advance(50);
  bob.run(bob.agent.accept(call, sdp('answer'), time.now));
  alice.run(alice.agent.hangUp('c', {}, time.now));
  time.advance(200);
  expect(alice.sent).toEqual(['INVITE', 'CANCEL', 'ACK', 'BYE']);
  expect(alice.last('ended')).toMatchObject({ cause: 'cancelled' });
  expect(bob.last('ended')).toMatchObject({ cause: 'hungUp', remote: true });
  expect(alice.types()).not.toContain('accepted');
});

test('the loser of a fork hears that the call was answered elsewhere', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, {}, time.now));
  time.advance(50);
  const reason = 'SIP;cause=200;text="Call completed elsewhere"';
  alice.run(alice.agent.hangUp('c', { fields: [['Reason', reason]] }, time.now));
  time.advance(50);
  expect(bob.last('ended')).toMatchObject({ cause: 'answeredElsewhere', remote: true });
});

test('a busy callee rejects', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.reject(call, {}, time.now));
  time.advance(50);
  expect(alice.last('ended')).toMatchObject({ cause: 'rejected', remote: true, status: 486, reason: 'Busy Here' });
  expect(bob.last('ended')).toMatchObject({ cause: 'rejected', remote: false, status: 486 });
});

test('BYEs that cross are both answered', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  alice.run(alice.agent.hangUp('c', {}, time.now));
  bob.run(bob.agent.hangUp(call, {}, time.now));
  time.advance(50);
  expect(alice.sent.slice(-2)).toEqual(['BYE', '200 BYE']);
  expect(bob.sent.slice(-2)).toEqual(['BYE', '200 BYE']);
  expect(alice.events.filter((event) => event.type === 'ended')).toHaveLength(1);
  time.advance(100_000);
  expect(time.running).toEqual([]);
});

test('nobody answers: the caller gives up after its ringing time, the callee after its own', () => {
  const both = pair({ ringingTime: 30 });
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, {}, time.now));
  time.advance(31_000);
  expect(alice.last('ended').cause).toBe('timeout');
  expect(bob.last('ended').call).toBe(call);
});

test('an INVITE that expires while it rings gets 487', () => {
  const { time, alice, bob } = pair();
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', { offer: sdp('o'), fields: [['Expires', '5']] }, time.now));
  time.advance(5_100);
  expect(bob.sent.at(-1)).toBe('487 INVITE');
  expect(bob.last('ended')).toMatchObject({ cause: 'timeout', status: 487 });
});

test('a call of which nothing is heard times out after 64*T1', () => {
  const both = pair({}, { lose: () => true });
  both.alice.run(both.alice.agent.invite('c', 'sip:bob@example.test', { offer: sdp('o') }, 0));
  both.time.advance(32_000);
  expect(both.alice.last('ended')).toMatchObject({ cause: 'timeout', status: 408 });
});

test('in a delayed offer the 200 offers and the ACK answers', () => {
  const { time, alice, bob } = pair();
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', {}, time.now));
  time.advance(50);
  const { call, offer } = bob.last('incomingCall');
  expect(offer).toBeUndefined();
  bob.run(bob.agent.accept(call, sdp('offer'), time.now));
  time.advance(700);
  expect(alice.last('offer')).toMatchObject({ body: sdp('offer'), inResponse: true });
  expect(alice.sent).toEqual(['INVITE']); // the repeated 200 waits, too
  alice.run(alice.agent.answer('c', sdp('answer'), time.now));
  time.advance(50);
  expect(bob.last('answer')).toMatchObject({ body: sdp('answer'), final: true });
  expect(bob.types()).toContain('confirmed');
  expect(alice.types().at(-1)).toBe('confirmed');
});

test('a 200 without an answer ends the call', () => {
  const both = pair();
  const { time, alice, bob } = both;
  bob.transmit = (text) => {
    const [head = ''] = text.split('\r\n\r\n');
    const bare = text.startsWith('SIP/2.0 200')
      ? `${head.replace(/Content-(Type|Length):.*\r\n/g, '')}\r\nContent-Length: 0\r\n\r\n`
      : text;
    time.set(`tampered ${bare.length} ${time.now}`, 10, () => alice.receive(bare));
  };
  established(both);
  expect(alice.sent.slice(0, 3)).toEqual(['INVITE', 'ACK', 'BYE']);
  expect(alice.last('ended').cause).toBe('protocol');
});

test('over a lossy, reordering datagram network a call is set up, renegotiated and ended all the same', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seeded(seed);
    const both = pair(
      { transport: 'udp', sentBy: '192.0.2.1:5060' },
      { delay: () => 5 + random() * 300, lose: () => random() < 0.25 },
    );
    const { time, alice, bob } = both;
    const call = ringing(both, 8_000);
    bob.run(bob.agent.ring(call, { body: sdp('answer') }, time.now));
    time.advance(12_000);
    expect(alice.last('answer'), `seed ${seed}`).toMatchObject({ final: true });
    bob.run(bob.agent.accept(call, undefined, time.now));
    time.advance(12_000);
    expect(bob.types(), `seed ${seed}`).toContain('confirmed');
    alice.run(alice.agent.renegotiate('c', sdp('offer-2'), time.now));
    time.advance(12_000);
    bob.run(bob.agent.answer(call, sdp('answer-2'), time.now));
    time.advance(12_000);
    expect(alice.last('answer').body, `seed ${seed}`).toEqual(sdp('answer-2'));
    bob.run(bob.agent.hangUp(call, {}, time.now));
    time.advance(60_000);
    expect(alice.last('ended').cause, `seed ${seed}`).toBe('hungUp');
    time.advance(100_000);
    expect(time.running, `seed ${seed}`).toEqual([]);
  }
});

test('over a new connection an established call goes on, and a BYE that the old one lost is sent again', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  alice.run(alice.agent.transportLost(time.now));
  alice.run(alice.agent.hangUp('c', {}, time.now));
  time.advance(1_000);
  expect(alice.sent).not.toContain('BYE');
  alice.run(alice.agent.transportConnected(time.now));
  time.advance(50);
  expect(alice.sent.filter((line) => line === 'BYE')).toHaveLength(1);
  expect(bob.last('ended')).toMatchObject({ call, cause: 'hungUp', remote: true });
});

test('a call that rings when the connection is lost ends', () => {
  const both = pair();
  ringing(both);
  both.alice.run(both.alice.agent.transportLost(both.time.now));
  expect(both.alice.last('ended')).toMatchObject({ cause: 'transport', status: 503 });
});

test('more calls than allowed get 486, and a call that comes twice gets 482', () => {
  const both = pair({ limits: { calls: 1 } });
  const { time, alice, bob } = both;
  const call = ringing(both);
  const invite = alice.text('INVITE');
  bob.receive(invite.replace(/z9hG4bK[^;\r]*/, 'z9hG4bKother'));
  expect(bob.sent.at(-1)).toBe('482 INVITE');
  bob.receive(invite.replace(/z9hG4bK[^;\r]*/, 'z9hG4bKmore').replace(/Call-ID: .*/, 'Call-ID: more'));
  expect(bob.sent.at(-1)).toBe('486 INVITE');
  expect(bob.agent.call(call)?.state).toBe('early');
  time.advance(1);
});

test('an extension that is required but unknown gets 420, an unknown method 501, a dialog that is not ours 481', () => {
  const both = pair();
  const { alice, bob } = both;
  ringing(both);
  const invite = alice.text('INVITE').replace(/Call-ID: .*/, 'Call-ID: other');
  bob.receive(invite.replace('Max-Forwards', 'Require: teleport\r\nMax-Forwards').replace(/z9hG4bK/, 'z9hG4bKa'));
  expect(bob.text('420 INVITE')).toContain('Unsupported: teleport');
  bob.receive(invite.replaceAll('INVITE', 'DANCE').replace(/z9hG4bK/, 'z9hG4bKb'));
  expect(bob.text('501 DANCE')).toContain('Allow: INVITE, ACK');
  const bye = invite.replaceAll('INVITE', 'BYE').replace(/z9hG4bK/, 'z9hG4bKc');
  bob.receive(bye.replace(/To: .*/, 'To: <sip:bob@example.test>;tag=x'));
  expect(bob.sent.at(-1)).toBe('481 BYE');
});

test('a malformed message is answered 400 or dropped, and told', () => {
  const { alice, bob } = pair();
  alice.run(alice.agent.request('r', 'OPTIONS', 'sip:bob@example.test', {}, 0));
  const options = alice.text('OPTIONS');
  bob.receive(options.replace(/CSeq: .*/, 'CSeq: x OPTIONS'));
  expect(bob.last('malformed').code).toMatch(/^SIP_/);
  expect(bob.texts.at(-1)).toMatch(/^SIP\/2.0 400 /);
  const sent = bob.sent.length;
  bob.receive('SIP/2.0 200 OK\r\n\r\n');
  bob.receive('\r\n\r\n');
  bob.receive('nonsense');
  bob.receive('x'.repeat(70_000));
  expect(bob.sent.slice(sent)).toEqual([]);
});
