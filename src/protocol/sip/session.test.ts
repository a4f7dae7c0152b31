import { expect, test } from 'vitest';
import { established, pair, ringing, sdp } from '../../../test/support/user-agents.ts';

test('early media: a reliable 183 carries the answer, PRACK acknowledges it, the 200 has none', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, { status: 183, body: sdp('early') }, time.now));
  time.advance(50);
  expect(alice.types()).toEqual(['progress', 'answer']);
  expect(alice.last('answer')).toMatchObject({ body: sdp('early'), final: true });
  bob.run(bob.agent.accept(call, undefined, time.now));
  time.advance(50);
  expect(alice.sent).toEqual(['INVITE', 'PRACK', 'ACK']);
  expect(bob.sent).toEqual(['183 INVITE', '200 PRACK', '200 INVITE']);
  expect(bob.text('200 INVITE')).not.toContain('application/sdp');
  expect(alice.types()).toEqual(['progress', 'answer', 'accepted', 'confirmed']);
});

test('a 200 waits for the PRACK of the session description before it', () => {
  const both = pair({}, { delay: () => 100 });
  const { time, bob } = both;
  const call = ringing(both, 150);
  bob.run(bob.agent.ring(call, { body: sdp('early') }, time.now));
  bob.run(bob.agent.accept(call, undefined, time.now));
  expect(bob.sent).toEqual(['180 INVITE']);
  time.advance(250);
  expect(bob.sent).toEqual(['180 INVITE', '200 PRACK', '200 INVITE']);
});

test('a second reliable response waits for the PRACK of the first', () => {
  const both = pair({}, { delay: () => 100 });
  const { time, alice, bob } = both;
  const call = ringing(both, 150);
  bob.run(bob.agent.ring(call, { body: sdp('early') }, time.now));
  bob.run(bob.agent.ring(call, { status: 182, reliable: true }, time.now));
  expect(bob.sent).toEqual(['180 INVITE']);
  time.advance(1_000);
  expect(bob.sent.filter((line) => line !== '200 PRACK')).toEqual(['180 INVITE', '182 INVITE']);
  expect(alice.sent.filter((line) => line === 'PRACK')).toHaveLength(2);
});

test('a reliable response without PRACK is sent again at doubling intervals, then the call gets 504', () => {
  const both = pair({}, { lose: (text) => text.startsWith('PRACK') });
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, { body: sdp('early') }, time.now));
  time.advance(33_000);
  expect(bob.sent.filter((line) => line === '180 INVITE')).toHaveLength(7);
  expect(alice.sent.filter((line) => line === 'PRACK')).toHaveLength(1);
  expect(alice.last('ended')).toMatchObject({ cause: 'rejected', status: 504 });
});

test('a PRACK that acknowledges nothing gets 481', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, { body: sdp('early') }, time.now));
  time.advance(50);
  const prack = alice.text('PRACK');
  bob.receive(prack.replace(/z9hG4bK/, 'z9hG4bKx').replace(/CSeq: \d+/, 'CSeq: 90'));
  expect(bob.sent.at(-1)).toBe('481 PRACK');
});

test('in a delayed offer a reliable 183 offers and the PRACK answers', () => {
  const { time, alice, bob } = pair();
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', {}, time.now));
  time.advance(50);
  const { call } = bob.last('incomingCall');
  bob.run(bob.agent.ring(call, { status: 183, body: sdp('offer') }, time.now));
  time.advance(50);
  expect(alice.last('offer')).toMatchObject({ body: sdp('offer') });
  alice.run(alice.agent.answer('c', sdp('answer'), time.now));
  time.advance(50);
  expect(bob.last('answer')).toMatchObject({ body: sdp('answer'), final: true });
  bob.run(bob.agent.accept(call, undefined, time.now));
  time.advance(50);
  expect(alice.types().at(-1)).toBe('confirmed');
  expect(bob.types().at(-1)).toBe('confirmed');
});

test('an unreliable 183 only previews the answer', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, { status: 183, body: sdp('early'), reliable: false }, time.now));
  time.advance(50);
  expect(alice.last('answer')).toMatchObject({ body: sdp('early'), final: false });
  bob.run(bob.agent.accept(call, sdp('answer'), time.now));
  time.advance(50);
  expect(alice.last('answer')).toMatchObject({ body: sdp('answer'), final: true });
});

test('either side renegotiates by re-INVITE', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  bob.run(bob.agent.renegotiate(call, sdp('hold'), time.now));
  time.advance(50);
  expect(alice.last('offer')).toMatchObject({ call: 'c', body: sdp('hold'), method: 'INVITE', inResponse: false });
  alice.run(alice.agent.answer('c', sdp('held'), time.now));
  time.advance(50);
  expect(bob.types().slice(-2)).toEqual(['answer', 'refreshed']);
  alice.run(alice.agent.renegotiate('c', sdp('resume'), time.now));
  time.advance(50);
  bob.run(bob.agent.answer(call, sdp('resumed'), time.now));
  time.advance(50);
  expect(alice.last('answer').body).toEqual(sdp('resumed'));
  expect(alice.agent.call('c')?.stable).toBe(true);
});

test('an early or established session is renegotiated by UPDATE', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, { body: sdp('early') }, time.now));
  time.advance(50);
  alice.run(alice.agent.renegotiate('c', sdp('offer-2'), time.now, { method: 'UPDATE' }));
  time.advance(50);
  expect(bob.last('offer')).toMatchObject({ body: sdp('offer-2'), method: 'UPDATE' });
  bob.run(bob.agent.answer(call, sdp('answer-2'), time.now));
  time.advance(50);
  expect(alice.last('answer').body).toEqual(sdp('answer-2'));
});

test('an UPDATE before the first answer gets 491 or 500', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = ringing(both);
  bob.run(bob.agent.ring(call, { reliable: true }, time.now));
  time.advance(50);
  const update = alice
    .text('PRACK')
    .replaceAll('PRACK', 'UPDATE')
    .replace(/RAck.*\r\n/, '')
    .replace(/z9hG4bK/, 'z9hG4bKu')
    .replace(/CSeq: \d+/, 'CSeq: 50')
    .replace('Content-Length: 0\r\n\r\n', 'Content-Type: application/sdp\r\nContent-Length: 1\r\n\r\nx');
  bob.receive(update);
  expect(bob.sent.at(-1)).toBe('500 UPDATE');
  expect(bob.texts.at(-1)).toMatch(/Retry-After: \d+/);
});

test('an offer that is refused leaves the session as it was', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  alice.run(alice.agent.renegotiate('c', sdp('video'), time.now));
  time.advance(50);
  bob.run(bob.agent.rejectOffer(call, time.now));
  time.advance(50);
  expect(alice.last('offerFailed')).toMatchObject({ status: 488, retry: false });
  expect(alice.agent.call('c')).toMatchObject({ state: 'confirmed', stable: true });
  expect(bob.agent.call(call)?.stable).toBe(true);
});

test('glare: re-INVITEs that cross get 491, and both sides try again, the owner of the Call-ID later', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  const start = time.now;
  const due: Record<string, number> = {};
  for (const agent of [alice, bob]) {
    agent.onEvent = (event) => {
      if (event.type === 'offerDue') due[agent.name] = time.now - start;
    };
  }
  alice.run(alice.agent.renegotiate('c', sdp('a2'), time.now));
  bob.run(bob.agent.renegotiate(call, sdp('b2'), time.now));
  time.advance(50);
  expect(alice.last('offerFailed')).toMatchObject({ status: 491, retry: true });
  expect(bob.last('offerFailed')).toMatchObject({ status: 491, retry: true });
  time.advance(5_000);
  expect(due['alice']).toBeGreaterThanOrEqual(2_100);
  expect(due['alice']).toBeLessThanOrEqual(4_100);
  expect(due['bob']).toBeLessThanOrEqual(2_100);
  bob.run(bob.agent.renegotiate(call, sdp('b3'), time.now));
  time.advance(50);
  alice.run(alice.agent.answer('c', sdp('a3'), time.now));
  time.advance(50);
  expect(bob.last('answer').body).toEqual(sdp('a3'));
});

test('a re-INVITE while another waits for its answer gets 500 with Retry-After', () => {
  const both = pair();
  const { time, alice, bob } = both;
  established(both);
  alice.run(alice.agent.renegotiate('c', sdp('a2'), time.now));
  time.advance(50);
  const again = alice
    .text('INVITE')
    .replace(/z9hG4bK/, 'z9hG4bKx')
    .replace(/CSeq: \d+/, 'CSeq: 60');
  bob.receive(again);
  expect(bob.sent.at(-1)).toBe('500 INVITE');
});

/** What the message would be with this body, or without one. */
function withBody(text: string, body: string): string {
  const head = text.slice(0, text.indexOf('\r\n\r\n')).replace(/\r\nContent-(Type|Length): [^\r]*/g, '');
  const type = body === '' ? '' : '\r\nContent-Type: application/sdp';
  return `${head}${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

test('a re-INVITE without an offer is asked for one, which its ACK answers', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  alice.transmit = (text) => bob.receive(withBody(text, text.startsWith('ACK') ? 'a-answer' : ''));
  alice.run(alice.agent.renegotiate('c', sdp('a2'), time.now));
  expect(bob.last('offerRequested').call).toBe(call);
  bob.run(bob.agent.answer(call, sdp('b-offer'), time.now));
  time.advance(50);
  expect(bob.last('answer')).toMatchObject({ body: sdp('a-answer'), final: true });
  expect(bob.agent.call(call)).toMatchObject({ state: 'confirmed', stable: true });
});

test('an ACK that lacks the answer it owes ends the call', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  alice.transmit = (text) => bob.receive(withBody(text, ''));
  alice.run(alice.agent.renegotiate('c', sdp('a2'), time.now));
  bob.run(bob.agent.answer(call, sdp('b-offer'), time.now));
  time.advance(50);
  expect(bob.last('ended').cause).toBe('protocol');
});

test('a request out of order gets 500, a Contact in a re-INVITE or its 200 changes the target', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  bob.receive(
    alice
      .text('INVITE')
      .replace(/z9hG4bK/, 'z9hG4bKx')
      .replace(/To: <[^>]*>/, `$&;tag=${bob.agent.call(call)?.localTag}`),
  );
  expect(bob.sent.at(-1)).toBe('500 INVITE');
  alice.transmit = (text) => bob.receive(text.replace(/Contact: <sip:[^>]*>/, 'Contact: <sip:moved@new.invalid>'));
  alice.run(alice.agent.renegotiate('c', sdp('a2'), time.now));
  bob.run(bob.agent.answer(call, sdp('b2'), time.now));
  time.advance(50);
  bob.run(bob.agent.hangUp(call, {}, time.now));
  expect(bob.text('BYE')).toMatch(/^BYE sip:moved@new.invalid SIP/);
});

test('a session timer is refreshed by UPDATE at half its time, for ever', () => {
  const both = pair({ sessionExpires: 90 });
  const { time, alice, bob } = both;
  established(both);
  expect(bob.text('200 INVITE')).toContain('Session-Expires: 90;refresher=uac');
  time.advance(450_000);
  expect(alice.sent.filter((line) => line === 'UPDATE')).toHaveLength(9);
  expect(alice.text('UPDATE')).toContain('Session-Expires: 90;refresher=uac');
  expect(bob.agent.call(bob.last('incomingCall').call)?.state).toBe('confirmed');
  expect(alice.types()).not.toContain('refreshed');
});

test('a session timer whose refresh fails ends the call on both sides', () => {
  const both = pair({ sessionExpires: 90 });
  const { time, alice, bob } = both;
  established(both);
  alice.transmit = () => {};
  bob.transmit = () => {};
  time.advance(90_000);
  expect(bob.last('ended')).toMatchObject({ cause: 'expired', remote: false });
  expect(alice.last('ended')).toMatchObject({ cause: 'expired' });
  expect(bob.sent.at(-1)).toBe('BYE');
});

test('without UPDATE the session is refreshed by a re-INVITE with the same session description', () => {
  const both = pair({ sessionExpires: 90 });
  const { time, alice, bob } = both;
  const forward = bob.transmit;
  bob.transmit = (text) => forward(text.replace(/Allow: .*\r\n/, 'Allow: INVITE, ACK, BYE\r\n'));
  const call = established(both);
  time.advance(45_100);
  expect(alice.sent.at(-1)).toBe('INVITE');
  expect(alice.text('INVITE')).toContain('offer-1');
  bob.run(bob.agent.answer(call, sdp('answer-1'), time.now));
  time.advance(50);
  expect(alice.types().filter((type) => type === 'answer')).toHaveLength(1);
  expect(alice.agent.call('c')?.stable).toBe(true);
});

test('too short a session interval gets 422, and the caller tries again with the least', () => {
  const { time, alice, bob } = pair({ sessionExpires: 120, minimumSessionExpires: 300 });
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', { offer: sdp('o') }, time.now));
  time.advance(100);
  expect(bob.text('422 INVITE')).toContain('Min-SE: 300');
  const again = alice.text('INVITE');
  for (const field of ['Session-Expires: 300', 'Min-SE: 300', 'CSeq: 2 INVITE']) expect(again).toContain(field);
  expect(bob.types()).toEqual(['incomingCall']);
});

test('DTMF goes by INFO', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const call = established(both);
  alice.run(alice.agent.sendDtmf('d', 'c', '#', 160, time.now));
  time.advance(50);
  expect(bob.last('dtmf')).toEqual({ type: 'dtmf', call, tone: '#', duration: 160 });
  expect(alice.last('response')).toMatchObject({ request: 'd', status: 200 });
});

test('a dialog that the peer has lost ends with 481', () => {
  const both = pair();
  const { time, alice, bob } = both;
  established(both);
  bob.receive = () => {};
  alice.transmit = (text) => {
    const head = text.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
    if (text.startsWith('INFO')) alice.receive(`SIP/2.0 481 Gone\r\n${head.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
  };
  alice.run(alice.agent.sendDtmf('d', 'c', '1', 160, time.now));
  expect(alice.last('ended')).toMatchObject({ cause: 'expired', status: 481 });
});

test('messages and options go outside of a dialog, and a message inside belongs to its call', () => {
  const both = pair();
  const { time, alice, bob } = both;
  const text = { type: 'text/plain', content: 'hello' };
  alice.run(alice.agent.message('m', 'sip:bob@example.test', text, time.now));
  alice.run(alice.agent.request('o', 'OPTIONS', 'sip:bob@example.test', {}, time.now));
  time.advance(50);
  expect(bob.last('message')).toMatchObject({ body: text, from: { uri: 'sip:alice@example.test' } });
  expect(bob.text('200 OPTIONS')).toContain('Allow: INVITE');
  expect(alice.events.filter((event) => event.type === 'response')).toHaveLength(2);
  const call = established(both);
  alice.run(alice.agent.request('m2', 'MESSAGE', '', { call: 'c', body: text }, time.now));
  time.advance(50);
  expect(bob.last('message').call).toBe(call);
});

test('a message without a transport fails with 503', () => {
  const both = pair();
  both.alice.run(both.alice.agent.transportLost(0));
  both.alice.run(both.alice.agent.message('m', 'sip:bob@example.test', { type: 'text/plain', content: 'x' }, 0));
  both.time.advance(1);
  expect(both.alice.last('response')).toMatchObject({ request: 'm', status: 503 });
});
