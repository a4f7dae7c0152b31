import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { BROWSER, browserCallsPhone, connectBrowser, PHONE } from '../../../../test/support/relay-calls.ts';
import { AUDIO, browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { PEER_CERTIFICATE, RelayPeer } from '../../../../test/support/relay-peer.ts';
import { DescribedBranch, RelayWorld } from '../../../../test/support/relay-world.ts';
import { serializeFingerprint } from '../../../protocol/dtls/fingerprint.ts';

/** A browser whose call rings at two phones that both send early media. */
function forked() {
  const world = new RelayWorld();
  const first = new DescribedBranch(world, BROWSER, PHONE);
  first.offer('caller', browserDescription());
  const second = first.fork({ ...PHONE, address: '192.0.2.80' });
  second.tell(first.sections);
  const toCaller = first.answer('callee', phoneDescription());
  const again = second.answer('callee', phoneDescription({ address: '192.0.2.80', port: 6000 }));
  const browser = connectBrowser(world, toCaller, 'server');
  const one = new RelayPeer(world, '192.0.2.70', 5004, first.socket('callee'));
  const other = new RelayPeer(world, '192.0.2.80', 6000, second.socket('callee'));
  return { world, first, second, browser, one, other, again };
}

test('before an answer the caller hears who began to send last, and one at a time', () => {
  const { world, browser, one, other } = forked();
  for (const [phone, payload] of [
    [one, 'a1'],
    [one, 'a2'],
    [other, 'b1'],
    [one, 'a3'],
    [other, 'b2'],
  ] as const) {
    phone.sendRtp({ payload });
    world.clock.advance(20);
  }
  expect(browser.heard).toEqual(['a1', 'a2', 'b1', 'b2']);
  // Who is silent loses the ear.
  world.clock.advance(600);
  one.sendRtp({ payload: 'a4' });
  world.clock.advance(5);
  expect(browser.heard.at(-1)).toBe('a4');
  expect(world.relay.metrics.dropped).toEqual({ unheard: 1 });
});

test('what the caller hears is one stream, whoever it comes from, though both chose the same numbers', () => {
  const { world, browser, one, other } = forked();
  one.sendRtp({ ssrc: 0, sequence: 7, timestamp: 160 });
  one.sendRtp({ ssrc: 0, sequence: 8, timestamp: 320 });
  world.clock.advance(100);
  other.sendRtp({ ssrc: 0, sequence: 7, timestamp: 160 });
  world.clock.advance(5);
  const [a, b, c] = browser.rtp.map(({ ssrc, sequence, timestamp }) => ({ ssrc, sequence, timestamp }));
  expect(b).toEqual({ ssrc: a?.ssrc, sequence: 8, timestamp: 320 });
  expect(c).toEqual({ ssrc: a?.ssrc, sequence: 9, timestamp: 320 + 800 });
});

test('what the caller says goes to each early branch that has answered, and to the confirmed one alone', () => {
  const { world, second, browser, one, other } = forked();
  browser.sendRtp({ payload: 'hello all' });
  world.clock.advance(5);
  expect([one.heard, other.heard]).toEqual([['hello all'], ['hello all']]);
  second.confirm();
  browser.sendRtp({ payload: 'hello you' });
  one.sendRtp({ payload: 'not any more' });
  other.sendRtp({ payload: 'answered' });
  world.clock.advance(5);
  expect([one.heard.length, other.heard.at(-1), browser.heard]).toEqual([1, 'hello you', ['answered']]);
});

test('a branch that ends leaves the others and the caller as they are; the last one takes the caller with it', () => {
  const { world, first, second, browser, one, other } = forked();
  one.sendRtp({ payload: 'one' });
  world.relay.close(first.id);
  other.sendRtp({ payload: 'other' });
  browser.sendRtp({ payload: 'hello' });
  one.sendRtp({ payload: 'gone' });
  world.clock.advance(5);
  expect(browser.heard).toEqual(['one', 'other']);
  expect([one.heard, other.heard]).toEqual([[], ['hello']]);
  expect(world.relay.branches).toBe(1);
  world.relay.close(second.id);
  world.clock.advance(5);
  expect(browser.dtlsEvents.map(({ type }) => type)).toEqual(['connected', 'closed']);
  expect(world.clock.pending).toBe(0);
});

test('hold is kept to: who may not send is not heard, and nothing is sent to who may not receive', () => {
  const world = new RelayWorld();
  const { branch, caller, callee } = browserCallsPhone(world);
  const say = (payload: string): void => {
    caller.sendRtp({ payload });
    callee.sendRtp({ payload });
    world.clock.advance(5);
  };
  say('1');
  // While the offer waits, what was agreed before holds (RFC 3264 section 8).
  branch.offer('callee', phoneDescription({ direction: 'sendonly' }));
  say('2');
  branch.answer(
    'caller',
    browserDescription({
      setup: 'passive',
      sections: [{ kind: 'audio', codecs: ['0 PCMU/8000'], direction: 'recvonly' }],
    }),
  );
  say('3');
  expect([callee.heard, caller.heard]).toEqual([
    ['1', '2'],
    ['1', '2', '3'],
  ]);
  branch.offer('callee', phoneDescription({ direction: 'inactive' }));
  branch.answer(
    'caller',
    browserDescription({
      setup: 'passive',
      sections: [{ kind: 'audio', codecs: ['0 PCMU/8000'], direction: 'inactive' }],
    }),
  );
  say('4');
  expect([callee.heard.length, caller.heard.length]).toEqual([2, 3]);
  branch.offer('callee', phoneDescription());
  branch.answer('caller', browserDescription({ setup: 'passive' }));
  say('5');
  expect([callee.heard.at(-1), caller.heard.at(-1)]).toEqual(['5', '5']);
  expect(world.relay.metrics.dropped).toEqual({ held: 3 });
});

test('an ICE restart keeps the association, and media goes on meanwhile', () => {
  const world = new RelayWorld();
  const { branch, caller, callee, toCaller } = browserCallsPhone(world);
  branch.offer('caller', browserDescription({ ufrag: 'restarted' }));
  expect(caller.check(toCaller)).toBe(true);
  caller.sendRtp({ payload: '1' });
  const answer = branch.answer('callee', phoneDescription());
  // It is somewhere else now: another network.
  const roamed = new RelayPeer(world, '203.0.113.200', 50_000, 'mux');
  roamed.sender = caller.sender;
  roamed.receiver = caller.receiver;
  roamed.sendRtp({ payload: 'not proved', sequence: 200 });
  expect(roamed.check(answer, { ufrag: 'peer' })).toBe(false);
  roamed.check(answer, { ufrag: 'restarted' });
  roamed.sendRtp({ payload: '2', sequence: 201 });
  callee.sendRtp({ payload: 'found' });
  world.clock.advance(5);
  expect(callee.heard).toEqual(['1', '2']);
  expect([caller.heard, roamed.heard]).toEqual([[], ['found']]);
  world.clock.advance(5000);
  expect([...world.valid].map(({ port }) => port)).toEqual([50_000]);
});

test('without ICE there is no call: media stops thirty seconds after the last consent, and comes back with the next', () => {
  const world = new RelayWorld();
  const { caller, callee, toCaller } = browserCallsPhone(world);
  world.clock.advance(29_000);
  callee.sendRtp({ payload: 'heard' });
  world.clock.advance(1500);
  callee.sendRtp({ payload: 'for nobody' });
  caller.sendRtp({ payload: 'of nobody' });
  world.clock.advance(5);
  expect([caller.heard, callee.heard]).toEqual([['heard'], []]);
  caller.check(toCaller);
  callee.sendRtp({ payload: 'heard again' });
  world.clock.advance(5);
  expect(caller.heard).toEqual(['heard', 'heard again']);
});

test('close_notify ends the media of the leg', () => {
  const world = new RelayWorld();
  const { caller, callee } = browserCallsPhone(world);
  const late = caller.packet({ payload: 'after the farewell' });
  caller.closeDtls();
  caller.send(late);
  callee.sendRtp({ payload: 'too late' });
  world.clock.advance(5);
  expect([caller.heard, callee.heard]).toEqual([[], []]);
  expect(world.relay.metrics.dropped).toEqual({ unexpected: 2 });
});

test('a handshake with another certificate than the announced one fails the call', () => {
  const world = new RelayWorld();
  const branch = new DescribedBranch(world, BROWSER, PHONE);
  branch.offer('caller', browserDescription({ fingerprint: Array(32).fill('AB').join(':') }));
  const answer = branch.answer('callee', phoneDescription());
  const browser = new RelayPeer(world, '203.0.113.5', 39_000, 'mux');
  browser.check(answer);
  browser.startDtls('server');
  world.clock.advance(10_000);
  expect(browser.sender).toBeUndefined();
  expect(world.events).toEqual([{ type: 'failed', branch: branch.id, reason: 'DTLS_FINGERPRINT' }]);
});

test.each([
  ['sha1', 'sha-1'],
  ['sha384', 'sha-384'],
  ['sha512', 'sha-512'],
])('a certificate that is announced by its %s alone is known by that', (algorithm, hash) => {
  const world = new RelayWorld();
  const digest = serializeFingerprint(createHash(algorithm).update(PEER_CERTIFICATE).digest());
  const branch = new DescribedBranch(world, BROWSER, PHONE);
  branch.offer('caller', browserDescription().replace(/sha-256 \S+/, `${hash} ${digest}`));
  const answer = branch.answer('callee', phoneDescription());
  expect(connectBrowser(world, answer, 'server').dtlsEvents).toMatchObject([{ type: 'connected' }]);
});

test('of several hashes of a certificate the strongest has to be right', () => {
  const world = new RelayWorld();
  const branch = new DescribedBranch(world, BROWSER, PHONE);
  const wrong = `sha-512 ${Array(64).fill('AB').join(':')}`;
  branch.offer('caller', browserDescription().replace(/a=fingerprint:/, `a=fingerprint:${wrong}\r\n$&`));
  const answer = branch.answer('callee', phoneDescription());
  expect(() => connectBrowser(world, answer, 'server')).toThrow();
});

test('another certificate in a new description makes a new association, and the old keys serve until it is there', () => {
  const world = new RelayWorld();
  const { branch, caller, callee } = browserCallsPhone(world);
  const other = Array(32).fill('AB').join(':');
  branch.offer('caller', browserDescription({ fingerprint: other }));
  branch.answer('callee', phoneDescription());
  caller.sendRtp({ payload: 'with the old keys' });
  world.clock.advance(5);
  expect(callee.heard).toEqual(['with the old keys']);
});

test('who says nothing for the configured time is told of, once, and holding is not saying nothing', () => {
  const world = new RelayWorld({ mediaTimeout: 20_000 });
  const { branch, caller, callee, toCaller } = browserCallsPhone(world);
  const live = (seconds: number, phone: boolean): void => {
    for (let i = 0; i < seconds; i++) {
      caller.check(toCaller);
      if (phone) callee.sendRtp();
      world.clock.advance(1000);
    }
  };
  live(30, true);
  expect(world.events).toEqual([]);
  branch.offer(
    'caller',
    browserDescription({ sections: [{ kind: 'audio', codecs: ['0 PCMU/8000'], direction: 'sendonly' }] }),
  );
  branch.answer('callee', phoneDescription({ direction: 'recvonly' }));
  live(60, false);
  expect(world.events).toEqual([]);
  branch.offer('caller', browserDescription());
  branch.answer('callee', phoneDescription());
  live(18, false);
  expect(world.events).toEqual([]);
  live(60, false);
  expect(world.events).toEqual([{ type: 'silent', branch: branch.id, side: 'callee' }]);
});

test('a section that takes the place of all others has its time to be heard', () => {
  const world = new RelayWorld({ mediaTimeout: 20_000 });
  const { branch, caller, callee, toCaller } = browserCallsPhone(world);
  for (let i = 0; i < 30; i++) {
    caller.check(toCaller);
    callee.sendRtp();
    world.clock.advance(1000);
  }
  const next = 'm=audio 5006 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';
  branch.offer('callee', phoneDescription().replace('m=audio 5004', 'm=audio 0') + next);
  const sections = [AUDIO, { kind: 'audio', codecs: ['0 PCMU/8000'] }];
  const answer = browserDescription({ setup: 'active', sections });
  branch.answer('caller', answer.replace('BUNDLE 0 1', 'BUNDLE 1').replace('m=audio 9', 'm=audio 0'));
  for (let i = 0; i < 18; i++) {
    caller.check(toCaller);
    world.clock.advance(1000);
  }
  expect(world.events).toEqual([]);
});

test('RTCP alone keeps a call', () => {
  const world = new RelayWorld({ mediaTimeout: 20_000 });
  const { branch, caller, toCaller } = browserCallsPhone(world);
  const rtcp = new RelayPeer(world, '192.0.2.70', 5005, branch.socket('callee', 0, true));
  for (let i = 0; i < 60; i++) {
    caller.check(toCaller);
    rtcp.sendRtcp({ type: 'RR', ssrc: 5, reports: [] });
    world.clock.advance(1000);
  }
  expect(world.events).toEqual([]);
});

test('a caller who is gone is told of by the confirmed branch', () => {
  const world = new RelayWorld({ mediaTimeout: 20_000 });
  const { branch, callee } = browserCallsPhone(world);
  for (let i = 0; i < 60; i++) {
    callee.sendRtp();
    world.clock.advance(1000);
  }
  expect(world.events).toEqual([{ type: 'silent', branch: branch.id, side: 'caller' }]);
});

test('two early branches may have agreed on different codecs: the caller is understood in either', () => {
  const world = new RelayWorld();
  const first = new DescribedBranch(world, BROWSER, PHONE);
  first.offer('caller', browserDescription({ sections: [{ kind: 'audio', codecs: ['0 PCMU/8000', '8 PCMA/8000'] }] }));
  const second = first.fork({ ...PHONE, address: '192.0.2.80' });
  second.tell(first.sections);
  const toCaller = first.answer('callee', phoneDescription({ codecs: ['0 PCMU/8000'] }));
  second.answer('callee', phoneDescription({ address: '192.0.2.80', port: 6000, codecs: ['8 PCMA/8000'] }));
  const browser = connectBrowser(world, toCaller, 'server');
  const one = new RelayPeer(world, '192.0.2.70', 5004, first.socket('callee'));
  const other = new RelayPeer(world, '192.0.2.80', 6000, second.socket('callee'));
  browser.sendRtp({ payloadType: 0, payload: 'u' });
  browser.sendRtp({ payloadType: 8, payload: 'a' });
  world.clock.advance(5);
  expect([one.heard, other.heard]).toEqual([['u'], ['a']]);
  second.confirm();
  browser.sendRtp({ payloadType: 0, payload: 'u' });
  browser.sendRtp({ payloadType: 8, payload: 'a' });
  world.clock.advance(5);
  expect([one.heard, other.heard]).toEqual([['u'], ['a', 'a']]);
});
