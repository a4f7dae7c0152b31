import { expect, test } from 'vitest';
import { browserCallsBrowser, browserCallsPhone } from '../../../../test/support/relay-calls.ts';
import { AUDIO, AUDIO_LEVEL, MID, VIDEO } from '../../../../test/support/relay-descriptions.ts';
import type { HeardPacket, RelayPeer } from '../../../../test/support/relay-peer.ts';
import { RelayWorld } from '../../../../test/support/relay-world.ts';
import { hasExtension } from '../../../protocol/rtp/header.ts';
import { elementLength, elementOffset, findExtension } from '../../../protocol/rtp/header-extension.ts';

const SECTIONS = [AUDIO, VIDEO];
const leg = { headerExtensions: [MID] };

/** The value of a header extension in a packet that was heard. */
function extension(packet: HeardPacket | undefined, id: number): string | undefined {
  const found = packet ? findExtension(packet.octets, id) : -1;
  if (!packet || found < 0) return undefined;
  const start = elementOffset(found);
  return String.fromCharCode(...packet.octets.subarray(start, start + elementLength(found)));
}

function videoCall(sources = false) {
  const world = new RelayWorld();
  const description = { sections: SECTIONS, extensions: { 3: MID, 5: AUDIO_LEVEL } };
  return browserCallsBrowser(world, {
    caller: description,
    callee: description,
    callerParty: { leg, sources },
    calleeParty: { leg, sources },
  });
}

/** The video packets that a peer heard. */
function video({ rtp }: RelayPeer): HeardPacket[] {
  return rtp.filter(({ payloadType }) => payloadType === 96 || payloadType === 97);
}

test('each side has its own payload types, and what nobody agreed on goes no further', () => {
  const world = new RelayWorld();
  const { caller, callee } = browserCallsPhone(world, {
    browser: { sections: [{ kind: 'audio', codecs: ['111 opus/48000/2', '126 telephone-event/8000', '8 PCMA/8000'] }] },
    phone: { codecs: ['8 PCMA/8000', '101 telephone-event/8000'] },
  });
  caller.sendRtp({ payloadType: 126, payload: 'digit', marker: true });
  caller.sendRtp({ payloadType: 111, payload: 'opus' });
  caller.sendRtp({ payloadType: 77, payload: 'unknown' });
  callee.sendRtp({ payloadType: 101, payload: 'digit' });
  world.clock.advance(5);
  expect(callee.rtp).toMatchObject([{ payloadType: 101, payload: 'digit', marker: true }]);
  expect(caller.rtp).toMatchObject([{ payloadType: 126, payload: 'digit', marker: false }]);
  expect(world.relay.metrics.dropped).toEqual({ unnegotiated: 2 });
});

test('who answers with numbers of its own may send those of the offer as well', () => {
  const world = new RelayWorld();
  const { caller, callee } = browserCallsPhone(world, {
    browser: { sections: [{ kind: 'audio', codecs: ['111 opus/48000/2', '126 telephone-event/8000'] }] },
    phone: { codecs: ['107 opus/48000/2', '101 telephone-event/8000'] },
  });
  caller.sendRtp({ payloadType: 111, payload: 'to the phone' });
  for (const payloadType of [107, 111, 101, 126]) callee.sendRtp({ payloadType, payload: 'from the phone' });
  world.clock.advance(5);
  expect(callee.rtp).toMatchObject([{ payloadType: 107, payload: 'to the phone' }]);
  expect(caller.rtp.map(({ payloadType }) => payloadType)).toEqual([111, 111, 126, 126]);
  expect(world.relay.metrics.dropped).toEqual({});
});

test('comfort noise passes where both have it', () => {
  const world = new RelayWorld();
  const { caller, callee } = browserCallsPhone(world, { phone: { codecs: ['0 PCMU/8000', '13 CN/8000'] } });
  caller.sendRtp({ payloadType: 13, payload: 'n' });
  world.clock.advance(5);
  expect(callee.rtp).toMatchObject([{ payloadType: 13, payload: 'n' }]);
});

test("the description's source is what is sent, gaps and order stay, a restarted source goes on where it was", () => {
  const world = new RelayWorld();
  const { branch, caller, callee } = browserCallsPhone(world, { caller: { sources: true } });
  for (const sequence of [65_534, 65_535, 1, 0]) callee.sendRtp({ ssrc: 7, sequence, timestamp: 160 * sequence });
  world.clock.advance(20);
  callee.sendRtp({ ssrc: 8, sequence: 30_000, timestamp: 5 });
  callee.sendRtp({ ssrc: 8, sequence: 30_001, timestamp: 165 });
  world.clock.advance(5);
  expect(caller.rtp.map(({ ssrc }) => ssrc)).toEqual(Array(5).fill(branch.ssrc('caller', 0)));
  expect(caller.rtp.map(({ sequence }) => sequence)).toEqual([65_534, 65_535, 1, 0, 2]);
});

test('sections of a bundle are told apart by what packets say, then by their sources, then by their payload types', () => {
  const { world, caller, callee } = videoCall();
  caller.sendRtp({ ssrc: 1, payloadType: 111, payload: 'by number' });
  caller.sendRtp({ ssrc: 2, payloadType: 96, payload: 'by name', extensions: { 3: '1' } });
  caller.sendRtp({ ssrc: 2, payloadType: 96, payload: 'by source' });
  world.clock.advance(5);
  expect(callee.rtp.map(({ payload }) => payload)).toEqual(['by number', 'by name', 'by source']);
  expect(world.relay.statistics(world.events.length === 0 ? 'none' : '')).toEqual([]);
});

test('a packet to a bundle says whose it is, unless the description has named its source', () => {
  const unnamed = videoCall();
  unnamed.caller.sendRtp({ payloadType: 96, payload: 'picture', extensions: { 3: '1' } });
  unnamed.world.clock.advance(5);
  expect(video(unnamed.callee).map((packet) => [extension(packet, 3), packet.payload])).toEqual([['1', 'picture']]);
  const named = videoCall(true);
  named.caller.sendRtp({ payloadType: 96, payload: 'picture', extensions: { 3: '1' } });
  named.world.clock.advance(5);
  expect(video(named.callee).map((packet) => [extension(packet, 3), packet.payload])).toEqual([[undefined, 'picture']]);
});

test('header extensions that both sides have pass under their numbers, others do not', () => {
  const world = new RelayWorld();
  const call = browserCallsBrowser(world, {
    caller: { extensions: { 5: AUDIO_LEVEL } },
    callee: { extensions: { 5: AUDIO_LEVEL } },
  });
  call.caller.sendRtp({ payloadType: 111, extensions: { 5: 'L', 9: 'secret' } });
  world.clock.advance(5);
  expect(extension(call.callee.rtp[0], 5)).toBe('L');
  expect(String.fromCharCode(...(call.callee.rtp[0]?.octets ?? []))).not.toContain('secret');
  const phone = browserCallsPhone(world, { browser: { extensions: { 5: AUDIO_LEVEL } } });
  phone.caller.sendRtp({ payload: 'bare', extensions: { 5: 'L' } });
  world.clock.advance(5);
  expect(hasExtension(phone.callee.rtp[0]!.octets)).toBe(false);
  expect(phone.callee.heard).toEqual(['bare']);
});

test('several sources of video stay several, up to a bound, and a repair stream stays beside its picture', () => {
  const { world, caller, callee } = videoCall();
  const send = (ssrc: number, payloadType: number, sequence: number, payload: string): void => {
    caller.sendRtp({ ssrc, payloadType, sequence, payload, extensions: { 3: '1' } });
  };
  for (let round = 0; round < 3; round++) for (let ssrc = 1; ssrc <= 20; ssrc++) send(ssrc, 96, round, `v${ssrc}`);
  send(99, 97, 0, '\x00\x02repair');
  send(99, 97, 1, '\x00\x02repair');
  world.clock.advance(5);
  expect(new Set(video(callee).map(({ ssrc }) => ssrc)).size).toBe(8);
  expect(Object.keys(world.relay.metrics.dropped)).toEqual(['excess']);
});

test('a retransmission names its packet by the number under which it was sent', () => {
  const { world, caller, callee } = videoCall();
  const send = (ssrc: number, payloadType: number, sequence: number, payload: string): void => {
    caller.sendRtp({ ssrc, payloadType, sequence, payload, extensions: { 3: '1' } });
  };
  send(1, 96, 100, 'first');
  // Another camera takes its place: its numbers are shifted.
  world.clock.advance(3000);
  send(2, 96, 500, 'second');
  send(3, 97, 7, '\x01\xf4again');
  world.clock.advance(5);
  const [first, second, repair] = video(callee);
  expect(second).toMatchObject({ ssrc: first?.ssrc, sequence: 101, payload: 'second' });
  expect(repair?.ssrc).not.toBe(first?.ssrc);
  expect(repair?.payload).toBe('\x00\x65again');
});

test('a retransmission comes under the source that the description has named for it', () => {
  const { world, branch, caller, callee } = videoCall(true);
  caller.sendRtp({ ssrc: 3, payloadType: 97, payload: '\x00\x01again', extensions: { 3: '1' } });
  caller.sendRtp({ ssrc: 1, payloadType: 96, extensions: { 3: '1' } });
  world.clock.advance(5);
  const named = branch.ssrc('callee', 1);
  expect(video(callee).map(({ ssrc }) => ssrc)).toEqual([named + 0x80, named]);
});
