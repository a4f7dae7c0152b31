import { expect, test } from 'vitest';
import {
  BROWSER,
  browserCallsBrowser,
  browserCallsPhone,
  connectBrowser,
  PHONE,
} from '../../../../test/support/relay-calls.ts';
import { browserDescription, PHONE_KEY, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { PEER_FINGERPRINT, RelayPeer } from '../../../../test/support/relay-peer.ts';
import { DescribedBranch, RelayWorld } from '../../../../test/support/relay-world.ts';
import type { RelayOptions } from './ports.ts';

function world(options: RelayOptions = {}): RelayWorld {
  return new RelayWorld(options);
}

/** Both say something, and both hear it. */
function converse(net: RelayWorld, caller: RelayPeer, callee: RelayPeer, payloadType = 0): void {
  caller.sendRtp({ payloadType, payload: 'hello' });
  callee.sendRtp({ payloadType, payload: 'good day' });
  net.clock.advance(10);
  expect(callee.heard.at(-1)).toBe('hello');
  expect(caller.heard.at(-1)).toBe('good day');
}

test.each(['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF'])(
  'a browser and a phone with %s hear each other',
  (profile) => {
    const { world: net, branch, caller, callee } = browserCallsPhone(world(), { phone: { profile } });
    converse(net, caller, callee);
    expect(net.relay.close(branch.id)).toMatchObject([
      { side: 'caller', codec: 'PCMU', profile: 'UDP/TLS/RTP/SAVPF', received: { packets: 1 }, sent: { packets: 1 } },
      { side: 'callee', codec: 'PCMU', profile, received: { packets: 1 }, sent: { packets: 1 } },
    ]);
    net.clock.advance(10);
    expect(caller.dtlsEvents.map(({ type }) => type)).toEqual(['connected', 'closed']);
    expect(net.relay.metrics.dropped).toEqual({});
    expect(net.relay.branches).toBe(0);
    expect(net.valid.size).toBe(0);
    expect(net.clock.pending).toBe(0);
  },
);

test('a browser is heard, and hears, from its first check on, and where it nominates afterwards', () => {
  const net = world();
  const branch = new DescribedBranch(net, BROWSER, PHONE);
  branch.offer('caller', browserDescription());
  const toCaller = branch.answer('callee', phoneDescription());
  branch.confirm();
  const callee = new RelayPeer(net, '192.0.2.70', 5004, branch.socket('callee'));
  const first = new RelayPeer(net, '203.0.113.5', 40_001, 'mux');
  first.check(toCaller, { nominate: false });
  first.startDtls('server');
  net.clock.advance(500);
  // The answer to the check is there before the hello.
  expect(first.datagrams.slice(0, 2).map((datagram) => datagram[0]! <= 3)).toEqual([true, false]);
  converse(net, first, callee);

  const second = new RelayPeer(net, '203.0.113.5', 40_002, 'mux');
  second.check(toCaller, { nominate: false });
  converse(net, first, callee);
  second.check(toCaller);
  callee.sendRtp({ payload: 'and now?' });
  net.clock.advance(10);
  expect([first.heard.at(-1), second.datagrams.length]).toEqual(['good day', 3]);
});

test('two browsers hear each other, each with an association of its own, whoever of them is active', () => {
  const net = world();
  const call = browserCallsBrowser(net);
  converse(net, call.caller, call.callee, 111);
  expect(call.callee.rtp[0]?.payloadType).toBe(111);
});

test('two phones hear each other, one with SDES and one in the clear', () => {
  const net = world();
  const branch = new DescribedBranch(net, PHONE, { ...PHONE, address: '192.0.2.80' });
  const own = phoneDescription({ profile: 'RTP/SAVP' });
  branch.offer('caller', own);
  const toCaller = branch.answer('callee', phoneDescription({ address: '192.0.2.80', port: 6000 }));
  branch.confirm();
  const caller = new RelayPeer(net, '192.0.2.70', 5004, branch.socket('caller')).keyBySdes(own, toCaller);
  const callee = new RelayPeer(net, '192.0.2.80', 6000, branch.socket('callee'));
  converse(net, caller, callee);
});

test.each(['active', 'passive'] as const)(
  'a phone with DTLS that is %s has an association for RTP and one for RTCP',
  (setup) => {
    const net = world();
    const profile = 'UDP/TLS/RTP/SAVPF';
    const branch = new DescribedBranch(net, BROWSER, { ...PHONE, leg: { profile } });
    branch.offer('caller', browserDescription());
    const more = [`a=fingerprint:sha-256 ${PEER_FINGERPRINT}`, `a=setup:${setup}`];
    const rtp = new RelayPeer(net, '192.0.2.70', 5004, branch.socket('callee'));
    const rtcp = new RelayPeer(net, '192.0.2.70', 5005, branch.socket('callee', 0, true));
    if (setup === 'passive') for (const socket of [rtp, rtcp]) socket.startDtls('server');
    const toCaller = branch.answer('callee', phoneDescription({ profile, more }));
    branch.confirm();
    if (setup === 'active') for (const socket of [rtp, rtcp]) socket.startDtls('client');
    net.clock.advance(500);
    for (const socket of [rtp, rtcp]) expect(socket.dtlsEvents.map(({ type }) => type)).toEqual(['connected']);
    const browser = connectBrowser(net, toCaller, 'server');
    converse(net, browser, rtp);
    net.clock.advance(10_000);
    expect(rtcp.rtcpOf('SR').length).toBeGreaterThan(0);
    expect(rtp.rtcp).toEqual([]);
  },
);

test('a phone that calls with DTLS and hears our hello before our answer hears the next one soon', () => {
  const net = world();
  const profile = 'UDP/TLS/RTP/SAVP';
  const branch = new DescribedBranch(net, { ...PHONE, leg: { setup: 'active' } }, { ...PHONE, address: '192.0.2.80' });
  branch.offer(
    'caller',
    phoneDescription({ profile, more: [`a=fingerprint:sha-256 ${PEER_FINGERPRINT}`, 'a=setup:actpass', 'a=rtcp-mux'] }),
  );
  const phone = new RelayPeer(net, '192.0.2.70', 5004, branch.socket('caller'));
  branch.answer('callee', phoneDescription({ address: '192.0.2.80', port: 6000 }));
  net.clock.advance(60);
  expect(phone.datagrams.length).toBe(1);
  phone.startDtls('server');
  net.clock.advance(60);
  expect(phone.dtlsEvents.map(({ type }) => type)).toEqual(['connected']);
});

test('a hello that comes before the answer of its peer is answered, and counts once the answer names its certificate', () => {
  const net = world();
  const branch = new DescribedBranch(net, { ...PHONE, address: '192.0.2.80' }, BROWSER);
  const toCallee = branch.offer('caller', phoneDescription({ address: '192.0.2.80', port: 6000 }));
  const browser = new RelayPeer(net, '203.0.113.5', 39_999, 'mux');
  expect(browser.check(toCallee, { ufrag: 'late' })).toBe(true);
  browser.startDtls('client');
  net.clock.advance(200);
  expect(browser.dtlsEvents.map(({ type }) => type)).toEqual(['connected']);
  browser.sendRtp({ payload: 'too early' });
  branch.answer('callee', browserDescription({ setup: 'active', ufrag: 'late' }));
  branch.confirm();
  const phone = new RelayPeer(net, '192.0.2.80', 6000, branch.socket('caller'));
  converse(net, phone, browser);
  expect(phone.heard).toEqual(['good day']);
});

test('a phone with ICE is heard on the pair that it has proved, and needs no consent checks', () => {
  const net = world();
  const branch = new DescribedBranch(net, BROWSER, { ...PHONE, leg: { ice: () => ({ ufrag: '', password: '' }) } });
  const toCallee = branch.offer('caller', browserDescription());
  const more = [
    'a=ice-ufrag:phone',
    'a=ice-pwd:phonepassword0123456789',
    'a=candidate:1 1 udp 2130706431 192.0.2.70 5004 typ host',
  ];
  const toCaller = branch.answer('callee', phoneDescription({ more }));
  branch.confirm();
  // Its NAT gives it another address than its description.
  const phone = new RelayPeer(net, '203.0.113.99', 7777, branch.socket('callee'));
  const browser = connectBrowser(net, toCaller, 'server');
  phone.sendRtp({ payload: 'not yet' });
  phone.check(toCallee, { ufrag: 'phone' });
  net.clock.advance(45_000);
  browser.check(toCaller);
  net.clock.advance(10);
  converse(net, browser, phone);
  expect(browser.heard).toEqual(['good day']);
  expect(net.relay.metrics.dropped).toMatchObject({ stranger: 1 });
});

test('a phone with ICE and DTLS, without rtcp-mux, may begin both components before its answer is here', () => {
  const net = world();
  const profile = 'UDP/TLS/RTP/SAVPF';
  const branch = new DescribedBranch(net, BROWSER, {
    ...PHONE,
    leg: { profile, ice: () => ({ ufrag: '', password: '' }) },
  });
  const toCallee = branch.offer('caller', browserDescription());
  const sockets = [false, true].map(
    (rtcp, i) => new RelayPeer(net, '203.0.113.99', 7000 + i, branch.socket('callee', 0, rtcp)),
  );
  const [rtp, rtcp] = sockets as [RelayPeer, RelayPeer];
  for (const socket of sockets) {
    socket.check(toCallee, { ufrag: 'phone' });
    socket.startDtls('client');
  }
  net.clock.advance(100);
  const more = [
    'a=ice-ufrag:phone',
    'a=ice-pwd:phonepassword0123456789',
    `a=fingerprint:sha-256 ${PEER_FINGERPRINT}`,
    'a=setup:active',
  ];
  const toCaller = branch.answer('callee', phoneDescription({ profile, more }));
  branch.confirm();
  for (const socket of sockets) expect(socket.dtlsEvents.map(({ type }) => type)).toEqual(['connected']);
  const browser = connectBrowser(net, toCaller, 'server');
  converse(net, browser, rtp);
  net.clock.advance(10_000);
  expect(rtcp.rtcpOf('SR').length).toBeGreaterThan(0);
  expect(net.events).toEqual([]);
});

test('a re-offer with another key is heard under either until it is agreed', () => {
  const net = world();
  const call = browserCallsPhone(net, { phone: { profile: 'RTP/SAVP' } });
  converse(net, call.caller, call.callee);
  const again = phoneDescription({ profile: 'RTP/SAVP' }).replace(PHONE_KEY, PHONE_KEY.toLowerCase());
  const late = call.callee.packet({ payload: 'on its way' });
  const toCaller = call.branch.offer('callee', again);
  converse(net, call.caller, call.callee);
  const toCallee = call.branch.answer('caller', browserDescription({ setup: 'passive' }));
  expect(toCaller).toContain('m=audio');
  call.callee.keyBySdes(again, toCallee);
  call.callee.send(late);
  converse(net, call.caller, call.callee);
  expect(call.caller.heard).toContain('on its way');
});

test('a phone that changes from plain RTP to DTLS is not heard in the clear any more, nor sent to', () => {
  const net = world();
  const call = browserCallsPhone(net);
  converse(net, call.caller, call.callee);
  const more = [`a=fingerprint:sha-256 ${PEER_FINGERPRINT}`, 'a=setup:actpass', 'a=rtcp-mux'];
  call.branch.offer('callee', phoneDescription({ profile: 'UDP/TLS/RTP/SAVP', more }));
  call.branch.answer('caller', browserDescription({ setup: 'passive' }));
  call.callee.sendRtp({ payload: 'in the clear' });
  call.caller.sendRtp({ payload: 'to nobody' });
  net.clock.advance(10);
  expect([call.caller.heard, call.callee.heard]).toEqual([['good day'], ['hello']]);
  call.callee.startDtls('client');
  net.clock.advance(200);
  converse(net, call.caller, call.callee);
  expect(call.callee.heard).toEqual(['hello', 'hello']);
});

test('a branch that is not known has no figures, and closing it again is nothing', () => {
  const net = world();
  expect(net.relay.statistics('nobody')).toEqual([]);
  expect(net.relay.close('nobody')).toEqual([]);
  expect(net.deliver('4711', new Uint8Array(40), '192.0.2.1', 5)).toBe(true);
  expect(net.deliver('mux', new Uint8Array(40).fill(0x80), '192.0.2.1', 5)).toBe(false);
  expect(net.relay.metrics.dropped).toEqual({ stranger: 1 });
});
