import { expect, test } from 'vitest';
import {
  Answer,
  channel,
  channelData,
  dataOf,
  evenPort,
  family,
  request,
  requestedTransport,
  seconds,
  sendIndication,
} from '../../../test/support/turn-messages.ts';
import { REALM, TurnWorld } from '../../../test/support/turn-world.ts';
import { primitives } from '../../transport/primitives.ts';
import { UNKNOWN_ATTRIBUTES, XOR_MAPPED_ADDRESS } from '../stun/attributes.ts';
import { appendFingerprint, checkFingerprint } from '../stun/fingerprint.ts';
import { appendIntegrity, checkIntegrity } from '../stun/message-integrity.ts';
import { octetsOf } from './attributes.ts';
import * as turn from './numbers.ts';

const PEER = { address: '192.0.2.9', port: 5000 };
const PEER6 = { address: '2001:db8::9', port: 5000 };

test('a client is challenged, allocates, and its allocation ends when it says so', () => {
  const world = new TurnWorld();
  const client = world.client();
  const challenge = client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer;
  expect(challenge.code).toBe(401);
  expect(challenge.text(turn.REALM)).toBe(REALM);
  client.challenged(challenge);
  const answer = client.allocate();
  expect(answer.isSuccess).toBe(true);
  expect(answer.relayed).toEqual({ address: '203.0.113.1', port: 50_002 });
  expect(answer.addresses(XOR_MAPPED_ADDRESS)).toEqual([{ address: client.address, port: client.port }]);
  expect(answer.lifetime).toBe(600);
  expect(world.machine.state.allocations.size).toBe(1);

  const deleted = client.ask(turn.REFRESH, [seconds(0)]);
  expect(deleted.isSuccess).toBe(true);
  expect(deleted.lifetime).toBe(0);
  expect(world.relays.size + world.timers + world.machine.state.taken).toBe(0);
  expect(client.ask(turn.REFRESH, [seconds(0)]).code).toBe(437);
});

test('answers are signed with the key and hash of the request, and have a fingerprint if it had one', () => {
  for (const integrity of ['sha1', 'sha256'] as const) {
    const world = new TurnWorld();
    const client = world.client({ transport: 'tcp' });
    client.user = { ...client.user, integrity, algorithm: 'SHA-256' };
    client.challenged(client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer);
    const asked = appendFingerprint(request(turn.ALLOCATE, [requestedTransport()], client.user));
    expect(client.give(asked)?.isSuccess, integrity).toBe(true);
    const octets = client.received.at(-1) as Uint8Array;
    const key = primitives.hash('sha256', `alice:${REALM}:secret1`);
    expect(checkIntegrity(primitives, octets, new Answer(octets).message, key, integrity)).toBe(true);
    expect(checkFingerprint(octets)).toBe('right');
  }
});

test('a retransmitted Allocate gets the same answer, another one 437', () => {
  const world = new TurnWorld();
  const client = world.client();
  client.challenged(client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer);
  const asked = request(turn.ALLOCATE, [requestedTransport()], client.user);
  client.give(asked);
  client.give(asked);
  const [, first, second] = client.take();
  expect(second).toEqual(first);
  expect(world.relays.size).toBe(1);
  expect(client.allocate().code).toBe(437);
});

test('while the port is being opened a retransmission is met with silence, and another Allocate with 437', () => {
  const world = new TurnWorld({ slow: true });
  const client = world.client();
  client.challenged(client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer);
  const asked = request(turn.ALLOCATE, [requestedTransport()], client.user);
  expect(client.give(asked)).toBeUndefined();
  expect(client.give(asked)).toBeUndefined();
  expect(client.give(request(turn.ALLOCATE, [requestedTransport()], client.user))?.code).toBe(437);
  client.take();
  world.openAll();
  expect(new Answer(client.take()[0] as Uint8Array).isSuccess).toBe(true);
});

test('a connection that goes while its port is being opened leaves nothing behind', () => {
  const world = new TurnWorld({ slow: true });
  const client = world.client({ transport: 'tcp' });
  client.challenged(client.give(request(turn.ALLOCATE, [requestedTransport(), evenPort(true)])) as Answer);
  client.give(request(turn.ALLOCATE, [requestedTransport(), evenPort(true)], client.user));
  expect(world.machine.state.taken).toBe(2);
  world.carryOut(world.machine.closed(client));
  world.openAll();
  expect(world.relays.size + world.timers + world.machine.state.taken).toBe(0);
});

test('what is asked wrongly is refused with the code that RFC 8656 says', () => {
  const cases: Array<[Parameters<typeof request>[1], number]> = [
    [[], 400],
    [[requestedTransport(6)], 442],
    [[{ type: turn.REQUESTED_TRANSPORT, value: new Uint8Array(3) }], 400],
    [[requestedTransport(), family(3)], 440],
    [[requestedTransport(), family(1), family(2, turn.ADDITIONAL_ADDRESS_FAMILY)], 400],
    [[requestedTransport(), family(1, turn.ADDITIONAL_ADDRESS_FAMILY)], 400],
    [[requestedTransport(), evenPort(true), family(2, turn.ADDITIONAL_ADDRESS_FAMILY)], 400],
    [[requestedTransport(), evenPort(false), { type: turn.RESERVATION_TOKEN, value: new Uint8Array(8) }], 400],
    [[requestedTransport(), family(1), { type: turn.RESERVATION_TOKEN, value: new Uint8Array(8) }], 400],
    [[requestedTransport(), { type: turn.RESERVATION_TOKEN, value: new Uint8Array(8) }], 508],
    [[requestedTransport(), { type: turn.RESERVATION_TOKEN, value: new Uint8Array(7) }], 400],
    [[requestedTransport(), { type: turn.LIFETIME, value: new Uint8Array(5) }], 400],
    [[requestedTransport(), { type: turn.DONT_FRAGMENT, value: new Uint8Array(0) }], 420],
    [[requestedTransport(), { type: 0x7777, value: new Uint8Array(0) }], 420],
  ];
  const world = new TurnWorld();
  for (const [attributes, code] of cases)
    expect(world.client().ask(turn.ALLOCATE, attributes).code, JSON.stringify(attributes)).toBe(code);
  expect(world.relays.size + world.timers + world.machine.state.taken).toBe(0);
  const unknown = world.client().allocate([{ type: turn.DONT_FRAGMENT, value: new Uint8Array(0) }]);
  expect(unknown.octets(UNKNOWN_ATTRIBUTES)).toEqual(Uint8Array.of(0, turn.DONT_FRAGMENT));
  expect(
    new TurnWorld({ mtu: 1500 }).client().allocate([{ type: turn.DONT_FRAGMENT, value: new Uint8Array(0) }]).isSuccess,
  ).toBe(true);
});

test('lifetimes are bounded: ten minutes at least, an hour at most', () => {
  const world = new TurnWorld();
  for (const [asked, granted] of [
    [1, 600],
    [600, 600],
    [1800, 1800],
    [0xffffffff, 3600],
  ] as const) {
    const client = world.client();
    expect(client.allocate([seconds(asked)]).lifetime).toBe(granted);
    expect(client.ask(turn.REFRESH, [seconds(asked)]).lifetime).toBe(granted);
  }
});

test('an allocation that is not refreshed ends, one that is lives on', () => {
  const world = new TurnWorld();
  const [left, kept] = [world.client(), world.client()];
  left.allocate();
  kept.allocate();
  world.advance(400_000);
  kept.ask(turn.REFRESH);
  world.advance(199_999);
  expect(world.relays.size).toBe(2);
  world.advance(1);
  expect(world.relays.size).toBe(1);
  expect(world.events.at(-1)).toMatchObject({ type: 'ended', reason: 'expired' });
  expect(left.ask(turn.REFRESH).code).toBe(437);
  world.advance(399_999);
  expect(world.relays.size).toBe(1);
  world.advance(1);
  expect(world.relays.size + world.timers).toBe(0);
});

test('an expired ephemeral credential neither refreshes nor installs anything, and the allocation runs out', () => {
  const world = new TurnWorld();
  const client = world.client();
  world.users.set('99:carol', { password: 'x', account: 'carol', expires: world.now + 60_000 });
  client.user = { username: '99:carol', password: 'x' };
  expect(client.allocate().isSuccess).toBe(true);
  world.advance(60_001);
  expect(client.ask(turn.REFRESH, [seconds(3600)]).code).toBe(401);
  expect(client.permit(PEER).code).toBe(401);
  expect(client.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer: PEER }]).code).toBe(401);
  world.advance(540_000);
  expect(world.relays.size).toBe(0);
});

test('a fresh credential of the same name goes on with the allocation, one of another name gets 441', () => {
  const world = new TurnWorld();
  const client = world.client();
  world.users.set('1:carol', { password: 'x', account: 'carol' });
  world.users.set('2:carol', { password: 'y', account: 'carol' });
  client.user = { username: '1:carol', password: 'x' };
  client.allocate();
  client.user = { ...client.user, username: '2:carol', password: 'y' };
  expect(client.ask(turn.REFRESH).isSuccess).toBe(true);
  client.user = { ...client.user, username: 'bob', password: 'secret2' };
  expect(client.ask(turn.REFRESH).code).toBe(441);
  expect(client.permit(PEER).code).toBe(441);
});

test('a nonce is stale after its time, for another client, or if it is invented: 438 with a good one', () => {
  const world = new TurnWorld({ limits: { maxLifetime: 7200 } });
  const client = world.client();
  client.allocate([seconds(7200)]);
  const old = client.user;
  world.advance(1_200_001);
  const stale = client.give(request(turn.REFRESH, [seconds(7200)], old)) as Answer;
  expect(stale.code).toBe(438);
  client.challenged(stale);
  expect(client.user.nonce).not.toBe(old.nonce);
  expect(client.give(request(turn.REFRESH, [], client.user))?.isSuccess).toBe(true);
  expect(world.client().give(request(turn.ALLOCATE, [requestedTransport()], client.user))?.code).toBe(438);
  for (const nonce of ['', 'x', 'obMatJos2gAAA', `${client.user.nonce}x`, 'a'.repeat(700)])
    expect(client.give(request(turn.REFRESH, [], { ...client.user, nonce }))?.code, nonce).toBe(438);
});

test('a wrong password, an unknown name and another realm are told apart by nobody', () => {
  const world = new TurnWorld();
  const client = world.client();
  client.challenged(client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer);
  const answers = [
    { ...client.user, password: 'wrong' },
    { ...client.user, username: 'nobody' },
    { ...client.user, realm: 'other.test' },
  ].map((user) => client.give(request(turn.ALLOCATE, [requestedTransport()], user, 'request', new Uint8Array(12))));
  expect(answers.map((answer) => answer?.code)).toEqual([401, 401, 401]);
  expect(new Set(answers.map((answer) => answer?.length)).size).toBe(1);
});

test('half a credential is a bad request', () => {
  const world = new TurnWorld();
  const client = world.client();
  const bare = request(turn.ALLOCATE, [requestedTransport()]);
  expect(client.give(appendIntegrity(primitives, bare, 'key', 'sha1'))?.code).toBe(400);
});

test('with the full nonce, tampering with the list of password algorithms is noticed', () => {
  const world = new TurnWorld();
  const client = world.client({ transport: 'tcp' });
  client.challenged(client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer);
  expect(client.user.nonce).toMatch(/^obMatJos2gAAA/);
  const onlyMd5 = { ...client.user, algorithm: 'MD5' as const, algorithms: Uint8Array.of(0, 1, 0, 0) };
  expect(client.give(request(turn.ALLOCATE, [requestedTransport()], onlyMd5))?.code).toBe(400);
  for (const name of ['constructor', '__proto__', 'toString', '']) {
    const chosen = { type: turn.PASSWORD_ALGORITHM, value: octetsOf(name) };
    const list = { type: turn.PASSWORD_ALGORITHMS, value: client.user.algorithms as Uint8Array };
    const asked = request(turn.ALLOCATE, [requestedTransport(), chosen, list], client.user);
    expect(client.give(asked)?.code, name).toBe(400);
  }
  const asOffered = { ...client.user, algorithm: 'MD5' as const };
  expect(client.give(request(turn.ALLOCATE, [requestedTransport()], asOffered))?.isSuccess).toBe(true);
});

test('an address that guesses passwords is not listened to for a minute, its allocations are', () => {
  const world = new TurnWorld({ limits: { failures: 5 } });
  const known = world.client();
  known.allocate();
  const guesser = world.client();
  guesser.challenged(guesser.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer);
  const wrong = { ...guesser.user, password: 'guess' };
  for (let i = 0; i < 5; i++) guesser.give(request(turn.ALLOCATE, [requestedTransport()], wrong));
  expect(guesser.give(request(turn.ALLOCATE, [requestedTransport()], guesser.user))?.code).toBe(401);
  expect(known.ask(turn.REFRESH).isSuccess).toBe(true);
  expect(world.client({ address: '198.51.100.8' }).allocate().isSuccess).toBe(true);
  world.advance(60_000);
  expect(guesser.allocate().isSuccess).toBe(true);
});

test('over UDP no challenge is more than twice what a stranger sent', () => {
  const world = new TurnWorld();
  const padding = (size: number) => (size === 0 ? [] : [{ type: 0x8022, value: new Uint8Array(size - 4) }]);
  for (let size = 0; size <= 200; size += 4) {
    const asked = request(turn.ALLOCATE, [requestedTransport(), ...padding(size)]);
    const answer = world.client().give(asked) as Answer;
    expect(answer.code).toBe(401);
    expect(answer.length).toBeLessThanOrEqual(2 * asked.length);
    const printed = appendFingerprint(asked);
    expect(world.client().give(printed)?.length).toBeLessThanOrEqual(2 * printed.length);
  }
  // A browser's first request has 28 octets: the short nonce works as well.
  const client = world.client();
  const challenge = client.give(request(turn.ALLOCATE, [requestedTransport()])) as Answer;
  expect(challenge.length).toBe(56);
  expect(challenge.text(turn.NONCE)).toHaveLength(8);
  expect(client.allocate().isSuccess).toBe(true);
});

test('quotas of an account, an address and the server, and what is given back', () => {
  const world = new TurnWorld({ limits: { allocationsPerAccount: 2, allocationsPerAddress: 3, allocations: 4 } });
  const clients = [world.client(), world.client()];
  for (const client of clients) expect(client.allocate().isSuccess).toBe(true);
  expect(world.client({ address: '198.51.100.99' }).allocate().code).toBe(486);

  const bob = (address?: string) => {
    const client = world.client(address === undefined ? {} : { address });
    client.user = { username: 'bob', password: 'secret2' };
    return client;
  };
  expect(bob().allocate().isSuccess).toBe(true);
  expect(bob().allocate().code).toBe(486); // the address
  expect(bob('198.51.100.50').allocate().isSuccess).toBe(true);
  world.users.set('carol', { password: 'x', account: 'carol' });
  const carol = world.client({ address: '198.51.100.51' });
  carol.user = { username: 'carol', password: 'x' };
  expect(carol.allocate().code).toBe(508); // the server
  clients[0]?.ask(turn.REFRESH, [seconds(0)]);
  expect(carol.allocate().isSuccess).toBe(true);
  expect(world.machine.state.taken).toBe(4);
});

test('when no port can be had: 508, and nothing is kept', () => {
  const world = new TurnWorld({ ports: 1 });
  expect(world.client().allocate().isSuccess).toBe(true);
  expect(world.client().allocate().code).toBe(508);
  expect(world.machine.state.taken).toBe(1);
});

test('3,000 short allocations leave nothing behind', () => {
  const world = new TurnWorld();
  for (let i = 0; i < 3_000; i++) {
    const client = world.client({ port: 1 + (i % 60_000) });
    client.allocate(i % 3 === 0 ? [evenPort(true)] : []);
    client.permit(PEER);
    client.ask(turn.REFRESH, [seconds(0)]);
    if (i % 30 === 0) world.advance(30_000); // reserved ports go
    world.events.length = 0;
  }
  world.advance(30_000);
  expect(world.relays.size + world.timers + world.machine.state.taken + world.machine.state.reservations.size).toBe(0);
});

test('an even port with the next one reserved, which its token then gives to the same account', () => {
  const world = new TurnWorld();
  const client = world.client();
  const first = client.allocate([evenPort(true)]);
  expect(first.relayed.port % 2).toBe(0);
  const token = { type: turn.RESERVATION_TOKEN, value: first.octets(turn.RESERVATION_TOKEN) as Uint8Array };
  const thief = world.client();
  thief.user = { username: 'bob', password: 'secret2' };
  expect(thief.allocate([token]).code).toBe(508);
  const second = world.client().allocate([token]);
  expect(second.relayed.port).toBe(first.relayed.port + 1);
  expect(world.client().allocate([token]).code).toBe(508);
  expect(world.relays.size).toBe(2);

  const other = world.client().allocate([evenPort(true)]);
  expect(world.relays.size).toBe(4);
  world.advance(30_000);
  expect(world.relays.size).toBe(3);
  const late = { type: turn.RESERVATION_TOKEN, value: other.octets(turn.RESERVATION_TOKEN) as Uint8Array };
  expect(world.client().allocate([late]).code).toBe(508);
});

test('a reserved port that its client has no room for is given back with its token', () => {
  const world = new TurnWorld({ limits: { allocationsPerAddress: 2 } });
  const first = world.client().allocate([evenPort(true)]);
  const token = { type: turn.RESERVATION_TOKEN, value: first.octets(turn.RESERVATION_TOKEN) as Uint8Array };
  const address = '198.51.100.8';
  for (let i = 0; i < 2; i++) expect(world.client({ address }).allocate().isSuccess).toBe(true);
  expect(world.client({ address }).allocate([token]).code).toBe(486);
  expect([world.relays.size, world.timers, world.machine.state.taken]).toEqual([3, 3, 3]);
  world.advance(30_000);
  expect([world.relays.size, world.machine.state.reservations.size]).toEqual([3, 0]);
});

test('IPv4, IPv6, both, and one of both when the other is not to be had', () => {
  const world = new TurnWorld();
  expect(world.client().allocate([family(1)]).relayed.address).toBe('203.0.113.1');
  expect(world.client().allocate([family(2)]).relayed.address).toBe('2001:db8::1');
  const coturns = world.client().allocate([family(2, turn.ADDITIONAL_ADDRESS_FAMILY_OF_COTURN)]);
  expect(coturns.addresses(turn.XOR_RELAYED_ADDRESS)).toHaveLength(2);
  const both = world.client();
  const answer = both.allocate([family(2, turn.ADDITIONAL_ADDRESS_FAMILY)]);
  expect(answer.addresses(turn.XOR_RELAYED_ADDRESS).map(({ address }) => address)).toEqual([
    '203.0.113.1',
    '2001:db8::1',
  ]);
  expect(both.permit(PEER, PEER6).isSuccess).toBe(true);
  expect(both.ask(turn.REFRESH, [seconds(0), family(2)]).isSuccess).toBe(true);
  expect(both.permit(PEER6).code).toBe(443);
  expect(both.ask(turn.REFRESH, [family(2)]).code).toBe(443);
  expect(both.ask(turn.REFRESH, [seconds(0), family(1)]).isSuccess).toBe(true);
  expect(both.ask(turn.REFRESH).code).toBe(437);

  const ipv4 = new TurnWorld({ families: [4] });
  expect(ipv4.client().allocate([family(2)]).code).toBe(440);
  const one = ipv4.client().allocate([family(2, turn.ADDITIONAL_ADDRESS_FAMILY)]);
  expect(one.isSuccess).toBe(true);
  expect(one.octets(turn.ADDRESS_ERROR_CODE)).toEqual(Uint8Array.of(2, 0, 4, 40));
  expect(new TurnWorld({ families: [6] }).client().allocate().code).toBe(440);
  expect(ipv4.client().permit(PEER6).code).toBe(437);
});

test('permissions: a peer is heard and reached for five minutes, and no other peer ever', () => {
  const world = new TurnWorld();
  const client = world.client();
  const { relayed } = client.allocate();
  const { path } = world;
  const send = (text: string) => path.sendIndication(client.allocation!, sendIndication(PEER, text));
  send('too early');
  world.peerSends(relayed, PEER.address, PEER.port, 'too early');
  expect(client.permit(PEER).isSuccess).toBe(true);
  client.take();
  send('hello');
  world.peerSends(relayed, PEER.address, 1, 'from another port'); // RFC 8656 section 9: permissions are for addresses
  world.peerSends(relayed, '192.0.2.10', PEER.port, 'a stranger');
  expect(world.toPeers).toEqual([{ from: `${relayed.address} ${relayed.port}`, to: '192.0.2.9 5000', data: 'hello' }]);
  const [data, ...more] = client.take();
  expect(more).toEqual([]);
  const indication = new Answer(data as Uint8Array);
  expect(indication.message).toMatchObject({ class: 'indication', method: turn.DATA_METHOD });
  expect(indication.addresses(turn.XOR_PEER_ADDRESS)).toEqual([{ address: PEER.address, port: 1 }]);
  expect(indication.text(turn.DATA)).toBe('from another port');

  world.advance(299_999);
  send('still');
  world.advance(1);
  send('too late');
  world.peerSends(relayed, PEER.address, PEER.port, 'too late');
  expect(world.toPeers.map(({ data }) => data)).toEqual(['hello', 'still']);
  expect(client.take()).toEqual([]);
  expect(path.dropped).toBe(5);
});

test('a permission for some peers is none if one of them is malformed, of another family, or forbidden', () => {
  const world = new TurnWorld({ families: [4] });
  const client = world.client();
  client.allocate();
  expect(client.ask(turn.CREATE_PERMISSION).code).toBe(400);
  expect(
    client.ask(turn.CREATE_PERMISSION, [{ peer: PEER }, { type: turn.XOR_PEER_ADDRESS, value: new Uint8Array(7) }])
      .code,
  ).toBe(400);
  expect(client.permit(PEER, PEER6).code).toBe(443);
  expect(client.permit(PEER, { address: '10.0.0.1', port: 1 }).code).toBe(403);
  expect(client.allocation?.permissions.size).toBe(0);
});

test('permissions and channels of one allocation are bounded', () => {
  const world = new TurnWorld({ limits: { permissions: 3, channels: 2 } });
  const client = world.client();
  client.allocate();
  const peer = (last: number) => ({ address: `192.0.2.${last}`, port: 9 });
  expect(client.permit(peer(1), peer(2), peer(3), peer(4)).code).toBe(508);
  expect(client.permit(peer(1), peer(2), peer(2)).isSuccess).toBe(true);
  const bind = (number: number, last: number) =>
    client.ask(turn.CHANNEL_BIND, [channel(number), { peer: peer(last) }]).code;
  expect([bind(0x4001, 1), bind(0x4002, 3), bind(0x4003, 2), bind(0x4001, 1)]).toEqual([0, 0, 508, 0]);
  expect(client.permit(peer(4)).code).toBe(508);
});

test('channels carry data both ways for ten minutes, while there is a permission', () => {
  const world = new TurnWorld();
  const client = world.client();
  const { relayed } = client.allocate([seconds(3600)]);
  expect(client.ask(turn.CHANNEL_BIND, [channel(0x4005), { peer: PEER }]).isSuccess).toBe(true);
  client.take();
  const { path } = world;
  const say = (text: string) => path.channelData(client.allocation!, channelData(0x4005, text));
  say('one');
  world.peerSends(relayed, PEER.address, PEER.port, 'two');
  expect(world.toPeers.at(-1)).toMatchObject({ to: '192.0.2.9 5000', data: 'one' });
  expect(client.take()).toEqual([new Uint8Array(channelData(0x4005, 'two'))]);

  world.advance(300_000); // the permission is gone, the channel is not
  say('lost');
  world.peerSends(relayed, PEER.address, PEER.port, 'lost');
  expect(client.take()).toEqual([]);
  client.permit(PEER);
  client.take();
  say('three');
  world.peerSends(relayed, PEER.address, PEER.port, 'four');
  expect(client.take()).toEqual([new Uint8Array(channelData(0x4005, 'four'))]);
  expect(world.toPeers.map(({ data }) => data)).toEqual(['one', 'three']);

  world.advance(299_999);
  expect(client.allocation?.channels.size).toBe(1);
  world.advance(1);
  expect(client.allocation?.channels.size).toBe(0);
  expect(client.allocation?.permissions.size).toBe(0);
});

test('over a stream ChannelData is padded', () => {
  const world = new TurnWorld();
  const client = world.client({ transport: 'tcp' });
  const { relayed } = client.allocate();
  client.ask(turn.CHANNEL_BIND, [channel(0x4005), { peer: PEER }]);
  client.take();
  world.peerSends(relayed, PEER.address, PEER.port, 'abcde');
  expect(client.take()).toEqual([new Uint8Array(channelData(0x4005, 'abcde', true))]);
});

test('a channel is bound to one peer, and a peer to one channel', () => {
  const world = new TurnWorld();
  const client = world.client();
  client.allocate();
  const bind = (...attributes: Parameters<typeof request>[1] & object) =>
    client.ask(turn.CHANNEL_BIND, attributes).code;
  const other = { address: PEER.address, port: 5001 };
  expect(bind(channel(0x4001), { peer: PEER })).toBe(0);
  expect(bind(channel(0x4001), { peer: other })).toBe(400);
  expect(bind(channel(0x4002), { peer: PEER })).toBe(400);
  expect(bind(channel(0x4002), { peer: other })).toBe(0);
  expect(bind(channel(0x3fff), { peer: PEER6 })).toBe(400);
  expect(bind(channel(0x7fff), { peer: PEER6 })).toBe(400);
  expect(bind(channel(0x4003))).toBe(400);
  expect(bind({ peer: PEER })).toBe(400);
  expect(bind(channel(0x4003), { peer: PEER6 })).toBe(443);
  expect(bind(channel(0x4003), { peer: { address: '127.0.0.1', port: 22 } })).toBe(403);
  expect(bind(channel(0x7ffe), { peer: { address: '192.0.2.77', port: 1 } })).toBe(0); // RFC 5766 clients
});

test('two clients of one server reach each other without a socket between them, and nothing else of this host', () => {
  const world = new TurnWorld({ policy: { isOwn: (octets) => octets.join('.') === '203.0.113.1' } });
  const [alice, bob] = [world.client(), world.client()];
  const a = alice.allocate().relayed;
  const b = bob.allocate().relayed;
  expect(alice.permit({ ...b, port: 22 }).code).toBe(403);
  expect(alice.permit({ ...b, port: 0 }).code).toBe(403);
  expect(alice.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer: { ...b, port: 22 } }]).code).toBe(403);
  expect(alice.permit(b).isSuccess).toBe(true);
  alice.take();
  bob.take();
  world.path.sendIndication(alice.allocation!, sendIndication(b, 'hello'));
  expect(bob.take()).toEqual([]); // bob has not permitted alice
  bob.permit(a);
  bob.take();
  world.path.sendIndication(alice.allocation!, sendIndication(b, 'hello'));
  world.path.sendIndication(alice.allocation!, sendIndication({ ...b, port: 22 }, 'hello sshd'));
  const [heard, ...more] = bob.take();
  expect(more).toEqual([]);
  expect(new Answer(heard as Uint8Array).addresses(turn.XOR_PEER_ADDRESS)).toEqual([a]);
  expect(world.toPeers).toEqual([]);
});

test("this host's media is reached at its own address, by the ports that it has, and no other", () => {
  const isOwn = (octets: Uint8Array) => octets.join('.') === '203.0.113.1';
  const world = new TurnWorld({ policy: { isOwn }, mediaPort: 3478 });
  const client = world.client();
  client.allocate();
  const media = { address: '203.0.113.1', port: 3478 };
  expect(client.permit({ ...media, port: 22 }).code).toBe(403);
  expect(client.permit(media).isSuccess).toBe(true);
  world.path.sendIndication(client.allocation!, sendIndication(media, 'media'));
  world.path.sendIndication(client.allocation!, sendIndication({ ...media, port: 22 }, 'hello sshd'));
  expect(world.toPeers.map(({ to, data }) => `${to} ${data}`)).toEqual(['203.0.113.1 3478 media']);
});

test('an account that uses up its bandwidth loses packets until there is some again', () => {
  const world = new TurnWorld({ limits: { bandwidth: 1000 } });
  const client = world.client();
  client.allocate();
  client.permit(PEER);
  const burst = (count: number) => {
    const before = world.toPeers.length;
    for (let i = 0; i < count; i++)
      world.path.sendIndication(client.allocation!, sendIndication(PEER, 'x'.repeat(100)));
    return world.toPeers.length - before;
  };
  burst(100);
  world.advance(1000);
  expect(burst(100)).toBe(10);
  world.advance(500);
  expect(burst(100)).toBe(5);
  world.advance(60_000);
  expect(burst(100)).toBe(10); // what was not used for a minute is not saved up
});

test('Send indications: what is malformed, unknown or too large to go in one piece is dropped', () => {
  const world = new TurnWorld({ mtu: 576 });
  const client = world.client();
  client.allocate();
  client.permit(PEER);
  const allocation = client.allocation!;
  const give = (octets: Uint8Array) => {
    const before = world.toPeers.length;
    world.path.sendIndication(allocation, octets);
    return world.toPeers.length - before;
  };
  const whole = { type: turn.DONT_FRAGMENT, value: new Uint8Array(0) };
  expect(give(sendIndication(PEER, ''))).toBe(1); // an empty datagram is one
  expect(give(sendIndication(PEER, 'x'.repeat(548), [whole]))).toBe(1);
  expect(give(sendIndication(PEER, 'x'.repeat(549), [whole]))).toBe(0);
  expect(give(sendIndication(PEER, 'x'.repeat(549)))).toBe(1);
  expect(give(sendIndication({ ...PEER, port: 0 }, 'x'))).toBe(0);
  expect(give(sendIndication(PEER, 'x', [{ type: 0x0042, value: new Uint8Array(1) }]))).toBe(0);
  expect(give(sendIndication(PEER, 'x', [{ type: 0x8042, value: new Uint8Array(1) }]))).toBe(1);
  expect(give(request(turn.SEND, [{ peer: PEER }], undefined, 'indication'))).toBe(0);
  expect(give(request(turn.SEND, [dataOf('x')], undefined, 'indication'))).toBe(0);
  const message = sendIndication(PEER, 'hello');
  for (let length = 0; length < message.length; length++)
    expect(give(message.subarray(0, length)), `${length}`).toBe(0);
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 20_000; round++) {
    const mutated = message.slice();
    for (let change = random(3); change >= 0; change--) mutated[random(mutated.length)] = random(256);
    world.path.sendIndication(allocation, mutated);
    world.path.channelData(allocation, mutated.subarray(random(mutated.length)));
  }
  expect(world.toPeers.every(({ to }) => to.startsWith('192.0.2.9 '))).toBe(true);
});

test('a mutated or foreign request is answered or met with silence, never worse', () => {
  const world = new TurnWorld({ limits: { failures: 1e9 } });
  const client = world.client();
  client.allocate();
  const messages = [
    request(turn.REFRESH, [seconds(600)], client.user),
    request(turn.CREATE_PERMISSION, [{ peer: PEER }], client.user),
    request(turn.CHANNEL_BIND, [channel(0x4000), { peer: PEER }], client.user),
    request(turn.ALLOCATE, [requestedTransport(), evenPort(true)], client.user),
  ];
  let seed = 3;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 5_000; round++) {
    const mutated = messages[random(messages.length)]!.slice();
    for (let change = random(4); change >= 0; change--) mutated[random(mutated.length)] = random(256);
    client.give(mutated.subarray(0, random(5) === 0 ? random(mutated.length) : mutated.length));
  }
  expect(client.give(request(turn.REFRESH, [], client.user, 'indication'))).toBeUndefined();
  expect(client.give(request(0x0ff, [], client.user))).toBeUndefined();
  expect(client.give(new Uint8Array(0))).toBeUndefined();
  expect(client.allocation?.permissions.size).toBeLessThanOrEqual(1);
});
