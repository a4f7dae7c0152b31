import { expect, test } from 'vitest';
import { browserCallsPhone } from '../../../../test/support/relay-calls.ts';
import { browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { RelayPeer } from '../../../../test/support/relay-peer.ts';
import { RelayWorld } from '../../../../test/support/relay-world.ts';
import { canonicalAddress, HOST, Latch, PEER, STRANGE, UNKNOWN } from './latch.ts';

test('until something came, media goes where the description says', () => {
  const latch = new Latch();
  latch.describe('192.0.2.7', 5004, '203.0.113.7');
  expect([latch.address, latch.port]).toEqual(['192.0.2.7', 5004]);
  expect(latch.judge('192.0.2.7', 9)).toBe(HOST);
  expect(latch.judge('203.0.113.7', 9)).toBe(HOST);
  expect(latch.judge('198.51.100.9', 5004)).toBe(UNKNOWN);
});

test('the first packet that is believed decides, once', () => {
  const latch = new Latch();
  latch.describe('192.0.2.7', 5004, '203.0.113.7');
  latch.take('203.0.113.7', 61_000);
  expect(latch.judge('203.0.113.7', 61_000)).toBe(PEER);
  for (const [address, port] of [
    ['192.0.2.7', 5005],
    ['203.0.113.7', 61_001],
    ['198.51.100.9', 61_000],
  ] as const)
    expect(latch.judge(address, port)).toBe(STRANGE);
});

test('the address and port of the description are the phone, even after something else of its host was heard', () => {
  const latch = new Latch();
  latch.describe('192.0.2.7', 5004, '192.0.2.7');
  latch.take('192.0.2.7', 9000);
  expect(latch.judge('192.0.2.7', 5004)).toBe(HOST);
  latch.take('192.0.2.7', 5004);
  expect(latch.judge('192.0.2.7', 5004)).toBe(PEER);
  expect(latch.judge('192.0.2.7', 9000)).toBe(STRANGE);
});

test('the same description again changes nothing, another one begins anew', () => {
  const latch = new Latch();
  latch.describe('192.0.2.7', 5004, '203.0.113.7');
  latch.take('203.0.113.7', 61_000);
  latch.describe('192.0.2.7', 5004, '203.0.113.7');
  expect([latch.address, latch.port]).toEqual(['203.0.113.7', 61_000]);
  latch.describe('192.0.2.7', 5006, '203.0.113.7');
  expect([latch.address, latch.port]).toEqual(['192.0.2.7', 5006]);
  expect(latch.judge('203.0.113.7', 62_000)).toBe(HOST);
});

test.each([
  ['0.0.0.0', 5004],
  ['::', 5004],
  ['192.0.2.7', 0],
  ['phone.example', 5004],
  ['0.1.2.3', 5004],
  ['224.1.2.3', 5004],
  ['255.255.255.255', 5004],
  ['ff02::1', 5004],
  [undefined, 0],
] as const)('to %s port %s nothing is sent', (address, port) => {
  const latch = new Latch();
  latch.describe(address, port, '203.0.113.7');
  expect(latch.address).toBe('');
});

test('one address has one form, however a description writes it', () => {
  expect(canonicalAddress('2001:DB8:0:0::1')).toBe('2001:db8::1');
  expect(canonicalAddress('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(canonicalAddress('nonsense')).toBe('');
});

test('a phone behind a NAT is heard and answered where its packets come from', () => {
  const world = new RelayWorld();
  const { branch, caller } = browserCallsPhone(world, {
    phone: { address: '10.0.0.7' },
    callee: { address: '203.0.113.40' },
  });
  caller.sendRtp({ payload: 'lost' });
  expect(world.astray.map(({ address, port }) => `${address}:${port}`)).toContain('10.0.0.7:5004');
  const phone = new RelayPeer(world, '203.0.113.40', 33_333, branch.socket('callee'));
  phone.sendRtp({ payload: 'here I am' });
  caller.sendRtp({ payload: 'found' });
  world.clock.advance(5);
  expect(phone.heard).toEqual(['found']);
  expect(caller.heard).toEqual(['here I am']);
});

test('with plain RTP a stranger is neither heard nor answered, before and after the phone was found, and ends nothing', () => {
  const world = new RelayWorld();
  const { branch, caller, callee } = browserCallsPhone(world);
  const stranger = new RelayPeer(world, '198.51.100.66', 5004, branch.socket('callee'));
  for (let i = 0; i < 100; i++) stranger.sendRtp({ payload: 'inject' });
  callee.sendRtp({ payload: 'true' });
  for (let i = 0; i < 100; i++) stranger.sendRtp({ payload: 'inject' });
  // Of the phone's own host as well, once it is known.
  new RelayPeer(world, '192.0.2.70', 6666, branch.socket('callee')).sendRtp({ payload: 'inject' });
  callee.sendRtp({ payload: 'still true' });
  caller.sendRtp({ payload: 'for the phone' });
  world.clock.advance(10);
  expect(caller.heard).toEqual(['true', 'still true']);
  expect(callee.heard).toEqual(['for the phone']);
  expect(stranger.datagrams).toEqual([]);
  expect(world.relay.metrics.dropped).toEqual({ stranger: 201 });
  expect(world.relay.statistics(branch.id)[1]).toMatchObject({ side: 'callee', dropped: { stranger: 201 } });
});

test('with SRTP a packet that is authentic shows where the phone is, whatever its address', () => {
  const world = new RelayWorld();
  const { branch, caller, callee } = browserCallsPhone(world, { phone: { profile: 'RTP/SAVP' } });
  const stranger = new RelayPeer(world, '198.51.100.66', 5004, branch.socket('callee'));
  stranger.sendRtp({ payload: 'inject: longer than a tag' });
  const phone = new RelayPeer(world, '203.0.113.77', 1025, branch.socket('callee'));
  phone.sender = callee.sender;
  phone.receiver = callee.receiver;
  phone.sendRtp({ payload: 'roamed' });
  stranger.send(phone.packet({ payload: 'copied' }));
  caller.sendRtp({ payload: 'for the phone' });
  world.clock.advance(10);
  expect(caller.heard).toEqual(['roamed']);
  expect(phone.heard).toEqual(['for the phone']);
  expect(world.relay.metrics.dropped).toEqual({ stranger: 2 });
});

test('a new description that moves the phone is followed, one that does not is not', () => {
  const world = new RelayWorld();
  const { branch, caller, callee } = browserCallsPhone(world);
  callee.sendRtp({ payload: 'one' });
  branch.offer('callee', phoneDescription({ port: 5004 }));
  branch.answer('caller', browserDescription({ setup: 'passive' }));
  const moved = new RelayPeer(world, '192.0.2.70', 5010, branch.socket('callee'));
  moved.sendRtp({ payload: 'too early' });
  branch.offer('callee', phoneDescription({ port: 5010 }));
  callee.sendRtp({ payload: 'two' });
  branch.answer('caller', browserDescription({ setup: 'passive' }));
  caller.sendRtp({ payload: 'for the phone' });
  moved.sendRtp({ payload: 'three', sequence: 102 });
  callee.sendRtp({ payload: 'too late' });
  world.clock.advance(10);
  expect(caller.heard).toEqual(['one', 'two', 'three']);
  expect(moved.heard).toEqual(['for the phone']);
});

test('a phone that was heard from where its description says is the only one at its socket, until it describes another place', () => {
  const world = new RelayWorld();
  const { branch, callee } = browserCallsPhone(world);
  const socket = branch.socket('callee');
  expect(world.settled.get(socket)).toBeUndefined();
  callee.sendRtp({ payload: 'one' });
  expect(world.settled.get(socket)).toBe('192.0.2.70 5004');
  branch.offer('callee', phoneDescription({ port: 5010 }));
  branch.answer('caller', browserDescription({ setup: 'passive' }));
  expect(world.settled.get(socket)).toBeUndefined();
  new RelayPeer(world, '192.0.2.70', 5010, socket).sendRtp({ payload: 'two', sequence: 101 });
  expect(world.settled.get(socket)).toBe('192.0.2.70 5010');
  world.relay.close(branch.id);
  expect(world.settled.size).toBe(0);
});

test('one that was heard from elsewhere may still come from where its description says', () => {
  const world = new RelayWorld();
  const { branch } = browserCallsPhone(world, { phone: { address: '10.0.0.7' }, callee: { address: '203.0.113.40' } });
  new RelayPeer(world, '203.0.113.40', 33_333, branch.socket('callee')).sendRtp({ payload: 'one' });
  expect(world.settled.size).toBe(0);
});

test('RTCP that a phone sends to the port of RTP does not show where its RTP comes from', () => {
  const world = new RelayWorld();
  const { branch, caller } = browserCallsPhone(world, {
    phone: { address: '10.0.0.7' },
    callee: { address: '203.0.113.40' },
  });
  const rtcp = new RelayPeer(world, '203.0.113.40', 33_334, branch.socket('callee'));
  rtcp.sendRtcp({ type: 'RR', ssrc: 5, reports: [] });
  const phone = new RelayPeer(world, '203.0.113.40', 33_333, branch.socket('callee'));
  phone.sendRtp({ payload: 'here I am' });
  world.clock.advance(5);
  expect(caller.heard).toEqual(['here I am']);
});
