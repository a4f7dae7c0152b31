// What strangers and broken peers send to a relay.
import { expect, test } from 'vitest';
import {
  BROWSER,
  type BridgedCall,
  browserCallsPhone,
  connectBrowser,
  PHONE,
} from '../../../../test/support/relay-calls.ts';
import { browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { RelayPeer } from '../../../../test/support/relay-peer.ts';
import { DescribedBranch, RELAY_ADDRESS, RelayWorld } from '../../../../test/support/relay-world.ts';
import { writeHeader } from '../../../protocol/rtp/header.ts';
import { serializeCompound } from '../../../protocol/rtp/rtcp/compound.ts';
import { errorCode } from '../../../protocol/stun/attributes.ts';

/** The call is as good as it was. */
function stillTalks({ world, caller, callee }: BridgedCall): void {
  const [before, after] = [caller.heard.length, callee.heard.length];
  caller.sendRtp({ payload: 'still here' });
  callee.sendRtp({ payload: 'so am I' });
  world.clock.advance(5);
  expect(callee.heard.slice(after)).toEqual(['still here']);
  expect(caller.heard.slice(before)).toEqual(['so am I']);
}

function secureCall(): BridgedCall {
  const call = browserCallsPhone(new RelayWorld(), { phone: { profile: 'RTP/SAVP' } });
  stillTalks(call);
  return call;
}

test('packets of 0 to 31 octets, of every kind, from the peer itself and from strangers', () => {
  const call = secureCall();
  const strangers = [
    new RelayPeer(call.world, '198.51.100.1', 1, 'mux'),
    new RelayPeer(call.world, '198.51.100.1', 2, call.branch.socket('callee')),
  ];
  for (const peer of [call.caller, call.callee, ...strangers]) {
    for (let length = 0; length < 32; length++) {
      for (const first of [0, 1, 2, 16, 20, 22, 63, 64, 128, 0x90, 0xbf, 255]) {
        for (const second of [0, 1, 200, 201, 255]) {
          const octets = new Uint8Array(length).fill(0xff);
          if (length > 0) octets[0] = first;
          if (length > 1) octets[1] = second;
          peer.send(octets);
        }
      }
    }
  }
  stillTalks(call);
  for (const stranger of strangers) expect(stranger.datagrams).toEqual([]);
});

test('replayed, altered and foreign SRTP and SRTCP are refused, each for its reason', () => {
  const call = secureCall();
  const { callee, caller, world } = call;
  const packet = callee.sendRtp({ payload: 'once' });
  callee.send(packet);
  const altered = callee.packet({ payload: 'altered' });
  altered[altered.length - 1]! ^= 1;
  callee.send(altered);
  callee.sendRtcp({ type: 'RR', ssrc: 5, reports: [] });
  const clear = new Uint8Array(32);
  clear.set(
    serializeCompound([
      { type: 'BYE', sources: [0x1234] },
      { type: 'RR', ssrc: 5, reports: [] },
    ]),
  );
  callee.send(clear);
  world.clock.advance(5);
  expect(caller.heard.filter((payload) => payload === 'once')).toEqual(['once']);
  expect(world.relay.statistics(call.branch.id)[1]?.dropped).toEqual({ replayed: 1, unauthentic: 1, unencrypted: 1 });
  stillTalks(call);
});

test('thousands of forged sources cost nothing and stop nothing, in SRTP and in the clear', () => {
  for (const profile of ['RTP/SAVP', 'RTP/AVP']) {
    const call = browserCallsPhone(new RelayWorld(), { phone: { profile } });
    stillTalks(call);
    const forged = new Uint8Array(200);
    for (let i = 0; i < 5000; i++) {
      writeHeader(forged, 0, (i * 7) & 0xffff, i, 0x5000_0000 + i);
      call.callee.send(forged);
      if (i % 1000 === 0) stillTalks(call);
    }
    stillTalks(call);
    expect(call.caller.rtp.map(({ sequence }) => sequence)).toEqual(
      call.caller.rtp.map((_, i) => (call.caller.rtp[0]!.sequence + i) & 0xffff),
    );
  }
});

test('checks with a wrong password, fragment or role never make a path', () => {
  const call = secureCall();
  const before = [...call.world.valid];
  const liar = new RelayPeer(call.world, '198.51.100.66', 6, 'mux');
  liar.check(call.toCaller, { password: 'x'.repeat(24) });
  expect(liar.check(call.toCaller, { ufrag: 'someone' })).toBe(false);
  liar.check(call.toCaller, { controlled: true });
  liar.send(call.callee.packet({ payload: 'through' }));
  call.world.clock.advance(5);
  expect(liar.stun.map((message) => message.class)).toEqual(['error', 'error']);
  const codes = liar.stun.map(({ attributes }) => attributes.find(({ type }) => type === errorCode(400).type)?.value);
  expect(codes.map((value) => value![2]! * 100 + value![3]!)).toEqual([401, 487]);
  expect([...call.world.valid]).toEqual(before);
  stillTalks(call);
});

test('hellos, alerts and garbage of strangers do not disturb a handshake', () => {
  const world = new RelayWorld();
  const branch = new DescribedBranch(world, BROWSER, PHONE);
  branch.offer('caller', browserDescription());
  const toCaller = branch.answer('callee', phoneDescription());
  const stranger = new RelayPeer(world, '198.51.100.66', 6, 'mux');
  stranger.startDtls('client');
  const browser = new RelayPeer(world, '203.0.113.5', 38_000, 'mux');
  browser.check(toCaller);
  const alert = Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40);
  browser.send(alert);
  browser.send(Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 1, 2, 3));
  browser.startDtls('server');
  for (let i = 0; i < 20; i++) {
    stranger.send(alert);
    browser.send(Uint8Array.of(23, 1, 2, 3));
    world.clock.advance(10);
  }
  expect(browser.dtlsEvents.map(({ type }) => type)).toEqual(['connected']);
  browser.send(alert);
  const hello = new RelayPeer(world, '203.0.113.5', 38_001, 'mux').startDtls('client');
  hello.dtls = undefined;
  world.clock.advance(100);
  expect(stranger.datagrams).toEqual([]);
  const phone = new RelayPeer(world, '192.0.2.70', 5004, branch.socket('callee'));
  stillTalks({ world, branch, caller: browser, callee: phone, toCaller, toCallee: '' });
  expect(world.events).toEqual([]);
});

test('hellos to a phone leg are heard from the phone alone, and not at all where there is no DTLS', () => {
  const world = new RelayWorld();
  const call = browserCallsPhone(world);
  const host = new RelayPeer(world, '192.0.2.70', 9999, call.branch.socket('callee')).startDtls('client');
  const stranger = new RelayPeer(world, '198.51.100.66', 9999, call.branch.socket('callee')).startDtls('client');
  world.clock.advance(3000);
  expect([host.datagrams, stranger.datagrams]).toEqual([[], []]);
  stillTalks(call);
});

test('a path that somebody with a call of his own claims as well stays with whom it was', () => {
  const world = new RelayWorld();
  const call = browserCallsPhone(world);
  const other = browserCallsPhone(world, { phone: { port: 5020 } });
  // With the other call's credentials, from the true caller's address.
  call.caller.check(other.toCaller);
  stillTalks(call);
  world.relay.close(call.branch.id);
  expect(world.valid.size).toBe(2);
  call.caller.check(other.toCaller);
  world.relay.close(other.branch.id);
  expect(world.valid.size).toBe(0);
});

test('one who nominates from hundreds of addresses keeps no more than a few', () => {
  const world = new RelayWorld();
  const call = browserCallsPhone(world);
  for (let i = 0; i < 300; i++) new RelayPeer(world, '203.0.113.9', 1000 + i, 'mux').check(call.toCaller);
  expect(world.valid.size).toBeLessThanOrEqual(16);
});

test('malformed RTCP is refused whole', () => {
  const call = browserCallsPhone(new RelayWorld(), { phone: { more: ['a=rtcp-mux'] }, callee: { leg: { mux: true } } });
  stillTalks(call);
  for (const length of [8, 12, 16, 20]) call.callee.send(new Uint8Array(length).fill(0xc8).fill(0x81, 0, 1));
  expect(call.world.relay.statistics(call.branch.id)[1]?.dropped).toEqual({ malformed: 4 });
  stillTalks(call);
});

test('ten thousand short calls leave nothing behind', () => {
  const world = new RelayWorld();
  const plan = { sections: [] as never };
  for (let i = 0; i < 10_000; i++) {
    const side = { type: 'phone' as const, address: '192.0.2.1', transports: [{ index: 0, socket: 'p' }], sources: [] };
    world.relay.update({ call: `c${i}`, branch: `b${i}`, caller: side, callee: side, confirmed: true, ...plan });
    world.relay.close(`b${i}`);
  }
  for (let i = 0; i < 20; i++) {
    const call = browserCallsPhone(world, { phone: { port: 10_000 + 2 * i } });
    world.relay.close(call.branch.id);
    world.clock.advance(10);
  }
  expect(world.clock.pending).toBe(0);
  expect(world.relay.branches).toBe(0);
  expect(world.valid.size).toBe(0);
  const { shared } = world.relay as unknown as { shared: { sockets: { size: number }; agents: { size: number } } };
  expect([shared.sockets.size, shared.agents.size]).toEqual([0, 0]);
});

test('what is protected with the keys of one call is refused on the path of another', () => {
  const world = new RelayWorld();
  const call = browserCallsPhone(world);
  const other = browserCallsPhone(world, { phone: { port: 5020 } });
  other.caller.send(call.caller.packet({ payload: 'not mine' }));
  world.clock.advance(5);
  expect([call.callee.heard, other.callee.heard]).toEqual([[], []]);
  expect(world.relay.metrics.dropped).toEqual({ unauthentic: 1 });
});

test('a host that only a description names gets so many packets; one that is heard, or by which signalling comes, all', () => {
  const victim = { address: '198.18.0.1', port: 5004, direction: 'recvonly' };
  const speak = (phone: typeof victim, heard?: (call: BridgedCall) => void): number => {
    const world = new RelayWorld();
    const call = browserCallsPhone(world, { phone });
    const received: Uint8Array[] = [];
    world.settle(phone.address, phone.port, { receive: (octets) => received.push(octets) });
    heard?.(call);
    for (let i = 0; i < 4_000; i++) {
      if (i % 500 === 0) call.caller.check(call.toCaller);
      call.caller.sendRtp();
      world.clock.advance(20);
    }
    return received.filter((octets) => octets[1] === 0).length;
  };
  expect(speak(victim)).toBe(1_500);
  expect(speak({ ...victim, address: PHONE.address })).toBe(4_000);
  const report = serializeCompound([{ type: 'RR', ssrc: 7, reports: [] }]);
  const reports = ({ world, branch }: BridgedCall) =>
    world.deliver(branch.socket('callee', 0, true), report, '198.18.0.1', 5005);
  expect(speak(victim, reports)).toBe(4_000);
});

test('of many early branches the latest hear the caller: what he says does not become hundreds of packets', () => {
  const world = new RelayWorld();
  const branch = new DescribedBranch(world, BROWSER, PHONE);
  branch.offer('caller', browserDescription());
  const toCaller = branch.answer('callee', phoneDescription({ address: '198.18.0.1' }));
  for (let i = 0; i < 50; i++) branch.fork(PHONE).answer('callee', phoneDescription({ address: '198.18.0.1' }));
  const browser = connectBrowser(world, toCaller, 'server');
  world.astray.length = 0;
  browser.sendRtp();
  expect(world.astray.length).toBe(8);
});

test('two sides that lead into each other do not send one packet round for ever', () => {
  const world = new RelayWorld();
  const branch = new DescribedBranch(world, PHONE, { ...PHONE, leg: { profile: 'RTP/AVP' } });
  const sockets = [branch.socket('caller'), branch.socket('callee')] as const;
  branch.offer('caller', phoneDescription({ address: RELAY_ADDRESS, port: Number(sockets[1]) }));
  branch.answer('callee', phoneDescription({ address: RELAY_ADDRESS, port: Number(sockets[0]) }));
  branch.confirm();
  for (const socket of sockets)
    world.settle(RELAY_ADDRESS, Number(socket), {
      receive: (octets, from) => void world.deliver(socket, octets, RELAY_ADDRESS, Number(from)),
    });
  const seed = new RelayPeer(world, PHONE.address, 5004, sockets[0]);
  for (let i = 0; i < 5; i++) seed.sendRtp();
  world.clock.advance(1_000);
  expect(world.relay.metrics.packets).toBeLessThan(20);
  expect(world.relay.metrics.dropped['looped']).toBeGreaterThan(0);
});

test('nobody sends more than a rate, and others are as they were', () => {
  const world = new RelayWorld({ packetRate: 100 });
  const call = browserCallsPhone(world);
  for (let i = 0; i < 300; i++) call.callee.sendRtp();
  world.clock.advance(5);
  expect(call.caller.heard.length).toBe(100);
  expect(world.relay.metrics.dropped).toEqual({ excess: 200 });
  world.clock.advance(100);
  stillTalks(call);
});
