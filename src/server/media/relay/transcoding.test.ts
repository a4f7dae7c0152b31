import { expect, test } from 'vitest';
import { amplitudeOf, decibels } from '../../../../test/support/audio.ts';
import { type BridgedCall, browserCallsPhone } from '../../../../test/support/relay-calls.ts';
import { browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { RelayPeer } from '../../../../test/support/relay-peer.ts';
import { RelayWorld } from '../../../../test/support/relay-world.ts';
import { EVENT_8, EVENT_48, G722, listen, OPUS, PCMA, PCMU, speak } from '../../../../test/support/rtp-audio.ts';
import type { Codec } from '../../../protocol/sdp/codec.ts';
import { parseDescription } from '../../../protocol/sdp/session-description.ts';
import { TRANSCODED_FOR_BROWSERS, TRANSCODED_FOR_PHONES } from '../../../protocol/sdp/transcoding.ts';
import { opusLibrary } from '../transcode/opus-library.ts';

const OPUS_ALONE = [{ kind: 'audio', codecs: ['111 opus/48000/2', '110 telephone-event/48000'] }];

/** A browser with Opus alone calls a phone with these codecs alone. */
function call(...codecs: string[]): BridgedCall {
  return browserCallsPhone(new RelayWorld(), {
    browser: { sections: OPUS_ALONE },
    phone: { codecs },
    caller: { leg: { transcode: () => TRANSCODED_FOR_BROWSERS } },
    callee: { leg: { transcode: () => TRANSCODED_FOR_PHONES } },
  });
}

/** A tone, packet by packet; it is heard at once. */
function say(
  net: RelayWorld,
  peer: RelayPeer,
  codec: Codec,
  { seconds = 1, sequence = 1, time = 0, ssrc = 7 } = {},
): void {
  for (const packet of speak(codec, { seconds, sequence, time })) {
    const view = new DataView(packet.buffer);
    const payload = String.fromCharCode(...packet.subarray(12));
    const at = { sequence: view.getUint16(2), timestamp: view.getUint32(4) };
    peer.sendRtp({ payloadType: codec.payloadType, ...at, ssrc, payload });
    net.clock.advance(20);
  }
}

function heardBy(
  peer: RelayPeer,
): { payloadType: number; payload: Uint8Array; sequence: number; timestamp: number; ssrc: number; marker: boolean }[] {
  return peer.rtp.map((packet) => ({ ...packet, payload: packet.octets.subarray(12) }));
}

test.each([
  [PCMU, '0 PCMU/8000'],
  [PCMA, '8 PCMA/8000'],
  [G722, '9 G722/8000'],
])('a browser with Opus alone and a phone with $name alone hear each other', (codec, rtpmap) => {
  const { world: net, caller, callee, branch } = call(rtpmap, '101 telephone-event/8000');
  say(net, caller, OPUS);
  say(net, callee, codec);
  for (const [peer, heard] of [
    [callee, codec],
    [caller, OPUS],
  ] as const) {
    const packets = heardBy(peer);
    expect(packets).toHaveLength(50);
    expect(new Set(packets.map(({ ssrc }) => ssrc)).size).toBe(1);
    for (const [n, packet] of packets.entries()) {
      if (n === 0) continue;
      expect((packet.sequence - packets[n - 1]!.sequence) & 0xffff).toBe(1);
      expect((packet.timestamp - packets[n - 1]!.timestamp) >>> 0).toBe(heard.clockRate / 50);
    }
    const samples = listen(heard, packets).subarray(2000);
    expect(Math.abs(decibels(amplitudeOf(500, samples, 8000), 8000))).toBeLessThan(2);
  }
  expect(net.relay.close(branch.id)).toMatchObject([
    { side: 'caller', codec: 'opus', received: { packets: 50, lost: 0 }, sent: { packets: 50 } },
    { side: 'callee', codec: codec.name, received: { packets: 50, lost: 0 }, sent: { packets: 50 } },
  ]);
  expect(net.relay.metrics.dropped).toEqual({});
});

test('a digit is heard by the clock of either side', () => {
  const { world: net, branch, caller, callee } = call('0 PCMU/8000', '101 telephone-event/8000');
  say(net, caller, OPUS, { seconds: 0.1 });
  caller.sendRtp({
    payloadType: EVENT_48.payloadType,
    sequence: 6,
    timestamp: 4800,
    ssrc: 7,
    payload: '\x05\x0a\x12\xc0',
  });
  net.clock.advance(10);
  expect(callee.rtp.at(-1)).toMatchObject({ payloadType: 101, payload: '\x05\x0a\x03\x20' });
  say(net, callee, PCMU, { seconds: 0.1 });
  callee.sendRtp({
    payloadType: EVENT_8.payloadType,
    sequence: 6,
    timestamp: 800,
    ssrc: 7,
    payload: '\x05\x8a\x03\x20',
  });
  net.clock.advance(10);
  expect(caller.rtp.at(-1)).toMatchObject({ payloadType: 110, payload: '\x05\x8a\x12\xc0' });
  // A digit is not what the call was spoken in.
  expect(net.relay.statistics(branch.id)).toMatchObject([{ codec: 'opus' }, { codec: 'PCMU' }]);
});

test('a phone that answers with a number of its own for digits may send them under that of the offer', () => {
  const { world: net, caller, callee, toCallee } = call('0 PCMU/8000', '97 telephone-event/8000');
  expect(toCallee).toContain('a=rtpmap:101 telephone-event/8000');
  say(net, callee, PCMU, { seconds: 0.1 });
  callee.sendRtp({ payloadType: 101, sequence: 6, timestamp: 800, ssrc: 7, marker: true, payload: '\x05\x0a\x00\xa0' });
  net.clock.advance(10);
  expect(caller.rtp.at(-1)).toMatchObject({ payloadType: 110, payload: '\x05\x0a\x03\xc0' });
});

test('sender reports tell the time by the clock that goes out', () => {
  const { world: net, caller, branch } = call('0 PCMU/8000');
  const rtcp = new RelayPeer(net, '192.0.2.70', 5005, branch.socket('callee', 0, true));
  const callee = net['addressees'].get('192.0.2.70 5004') as RelayPeer;
  say(net, caller, OPUS, { seconds: 0.2, time: 96_000 });
  caller.sendRtcp({
    type: 'SR',
    ssrc: 7,
    ntpSeconds: 4000,
    ntpFraction: 0,
    rtpTimestamp: 96_000,
    packets: 10,
    octets: 1,
    reports: [],
  });
  net.clock.advance(8000);
  const report = rtcp.rtcpOf('SR')[0]!;
  const passed = report.ntpSeconds + report.ntpFraction / 2 ** 32 - 4000;
  // At 4000 s the first packet was said.
  expect(Math.abs(((report.rtpTimestamp - callee.rtp[0]!.timestamp) | 0) / 8000 - passed)).toBeLessThan(0.002);
});

test('hold and resume by the phone, and then G.722 instead: one stream to either side', () => {
  const net = call('0 PCMU/8000');
  const { world, branch, caller, callee } = net;
  say(world, callee, PCMU, { seconds: 0.2 });
  for (const [direction, codec] of [
    ['sendonly', '0 PCMU/8000'],
    ['sendrecv', '9 G722/8000'],
  ] as const) {
    branch.offer('callee', phoneDescription({ codecs: [codec], direction }));
    const answer = browserDescription({ setup: 'active', sections: OPUS_ALONE });
    const told = branch.answer(
      'caller',
      answer.replace('a=sendrecv', direction === 'sendonly' ? 'a=recvonly' : 'a=sendrecv'),
    );
    expect(parseDescription(told).media[0]?.codecs.map(({ name }) => name)).toEqual([codec.split(/[ /]/)[1]]);
  }
  say(world, callee, G722, { seconds: 0.2, sequence: 11, time: 1600 });
  say(world, caller, OPUS, { seconds: 0.2 });
  const toCaller = heardBy(caller);
  expect(toCaller).toHaveLength(20);
  for (const [n, packet] of toCaller.entries())
    if (n > 0) expect((packet.sequence - toCaller[n - 1]!.sequence) & 0xffff).toBe(1);
  expect(new Set(callee.rtp.map(({ payloadType }) => payloadType))).toEqual(new Set([9]));
});

test('four hundred calls leave no codec behind', () => {
  const { memory } = opusLibrary().functions;
  const net = new RelayWorld();
  let size = 0;
  for (let n = 0; n < 400; n++) {
    const { branch, caller, callee } = browserCallsPhone(net, {
      browser: { sections: OPUS_ALONE },
      phone: { codecs: ['0 PCMU/8000'] },
      callee: { leg: { transcode: () => TRANSCODED_FOR_PHONES } },
    });
    say(net, caller, OPUS, { seconds: 0.04 });
    say(net, callee, PCMU, { seconds: 0.04 });
    expect(callee.rtp).toHaveLength(2);
    net.relay.close(branch.id);
    if (n === 100) size = memory.buffer.byteLength;
  }
  expect(memory.buffer.byteLength).toBe(size);
});
