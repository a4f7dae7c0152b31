import { expect, test } from 'vitest';
import { type BridgedCall, browserCallsBrowser, browserCallsPhone } from '../../../../test/support/relay-calls.ts';
import { VIDEO } from '../../../../test/support/relay-descriptions.ts';
import { RelayPeer } from '../../../../test/support/relay-peer.ts';
import { RelayWorld } from '../../../../test/support/relay-world.ts';
import { compactNtp } from '../../../protocol/rtp/ntp.ts';

const BLOCK = { fractionLost: 0, lost: 0, highest: 0, jitter: 0, lastReport: 0, delay: 0 };
const VIDEO_ONLY = { sections: [VIDEO] };

function videoCall(feedback?: readonly string[]): BridgedCall {
  const callee = feedback ? { sections: [{ ...VIDEO, feedback }] } : VIDEO_ONLY;
  return browserCallsBrowser(new RelayWorld(), { caller: VIDEO_ONLY, callee });
}

/** A second of speech at either end, so that both are sources. */
function talk({ world, caller, callee }: BridgedCall, payloadType = 0, seconds = 1): void {
  for (let i = 0; i < 50 * seconds; i++) {
    caller.sendRtp({ payloadType, ssrc: 0xca });
    callee.sendRtp({ payloadType, ssrc: 0xce });
    world.clock.advance(20);
  }
}

test('each side has sender reports of our own, in the time of day of the true sender, with our own name', () => {
  const call = browserCallsPhone(new RelayWorld(), {
    phone: { more: ['a=rtcp-mux'] },
    callee: { leg: { mux: true } },
    caller: { sources: true },
  });
  talk(call);
  call.callee.sendRtcp(
    {
      type: 'SR',
      ssrc: 0xce,
      ntpSeconds: 1000,
      ntpFraction: 0,
      rtpTimestamp: 50_000,
      packets: 50,
      octets: 250,
      reports: [],
    },
    { type: 'SDES', chunks: [{ ssrc: 0xce, items: [{ type: 1, text: 'phone@192.0.2.70' }] }] },
  );
  talk(call, 0, 10);
  const [, report] = call.caller.rtcpOf('SR');
  const ssrc = call.branch.ssrc('caller', 0);
  expect(report?.ssrc).toBe(ssrc);
  expect(report?.packets).toBeGreaterThan(50);
  const passed = report!.ntpSeconds - 1000 + report!.ntpFraction / 2 ** 32;
  expect(passed).toBeGreaterThan(0);
  expect(passed).toBeLessThan(11);
  expect(report?.rtpTimestamp).toBe(50_000 + Math.round(passed * 8000));
  expect(report?.reports).toMatchObject([{ ssrc: 0xca, fractionLost: 0, lost: 0 }]);
  expect(call.caller.rtcpOf('SDES')[0]).toEqual({
    type: 'SDES',
    chunks: [{ ssrc, items: [{ type: 1, text: 'cname-caller' }] }],
  });
  // The phone hears of what it sent, and when it had said so.
  const back = call.callee.rtcpOf('SR').at(-1)?.reports[0];
  expect(back).toMatchObject({ ssrc: 0xce, lastReport: (1000 << 16) >>> 0 });
  expect(back?.delay).toBeGreaterThan(0);
});

test('what is lost on either leg is told to whoever sends, and each leg has its own figures', () => {
  const call = browserCallsPhone(new RelayWorld(), { phone: { more: ['a=rtcp-mux'] }, callee: { leg: { mux: true } } });
  talk(call);
  for (let i = 0; i < 10; i++) call.callee.packet({});
  talk(call, 0, 1);
  const sent = call.caller.rtp.at(-1)!;
  call.caller.sendRtcp({
    type: 'RR',
    ssrc: 0xca,
    reports: [{ ...BLOCK, ssrc: sent.ssrc, fractionLost: 128, lost: 17, jitter: 80 }],
  });
  talk(call, 0, 8);
  const told = call.callee.rtcpOf('SR').at(-1)?.reports[0];
  expect(told).toMatchObject({ fractionLost: 128, lost: 17 });
  const [caller, callee] = call.world.relay.statistics(call.branch.id);
  expect(caller).toMatchObject({ received: { lost: 0 }, sent: { lost: 17, jitter: 10 } });
  expect(callee).toMatchObject({ received: { lost: 10 }, sent: { lost: undefined } });
});

test('the round trip of a leg is measured by what its peer says of our reports', () => {
  const call = browserCallsPhone(new RelayWorld());
  talk(call, 0, 8);
  const report = call.caller.rtcpOf('SR').at(-1)!;
  const at = call.world.clock.now();
  call.caller.sendRtcp({
    type: 'RR',
    ssrc: 0xca,
    reports: [
      {
        ...BLOCK,
        ssrc: report.ssrc,
        lastReport: compactNtp({ seconds: report.ntpSeconds, fraction: report.ntpFraction }),
        delay: 0,
      },
    ],
  });
  const [caller] = call.world.relay.statistics(call.branch.id);
  expect(caller?.roundTrip).toBeGreaterThan(0);
  expect(caller?.roundTrip).toBeLessThan(at);
});

test('a request for a picture reaches whoever sends it, in the form that it takes', () => {
  for (const [feedback, expected] of [
    [
      ['nack pli', 'ccm fir'],
      ['PLI', 'PLI'],
    ],
    [['ccm fir'], ['FIR', 'FIR']],
    [[], []],
  ] as const) {
    const call = videoCall(feedback);
    talk(call, 96);
    const sent = call.caller.rtp.at(-1)!.ssrc;
    call.caller.sendRtcp({ type: 'PLI', sender: 0xca, media: sent });
    call.world.clock.advance(500);
    call.caller.sendRtcp({ type: 'FIR', sender: 0xca, requests: [{ ssrc: sent, sequence: 1 }] });
    call.world.clock.advance(5);
    const asked = call.callee.rtcp.filter(({ type }) => type === 'PLI' || type === 'FIR');
    expect(asked.map(({ type }) => type)).toEqual(expected);
    for (const packet of asked) {
      if (packet.type === 'PLI') expect(packet.media).toBe(0xce);
      if (packet.type === 'FIR') expect(packet.requests[0]?.ssrc).toBe(0xce);
    }
  }
});

test('another picture in the place of one is asked for whole', () => {
  const call = videoCall();
  talk(call, 96);
  expect(call.callee.rtcpOf('PLI')).toEqual([]);
  call.world.clock.advance(2000);
  call.callee.sendRtp({ payloadType: 96, ssrc: 0xbeef });
  call.world.clock.advance(5);
  expect(call.callee.rtcpOf('PLI')).toMatchObject([{ media: 0xbeef }]);
});

test('a flood of requests for pictures is one a tenth of a second', () => {
  const call = videoCall();
  talk(call, 96);
  const sent = call.caller.rtp.at(-1)!.ssrc;
  for (let i = 0; i < 1000; i++) call.caller.sendRtcp({ type: 'PLI', sender: 0xca, media: sent });
  call.world.clock.advance(5);
  expect(call.callee.rtcpOf('PLI').length).toBe(1);
});

test('a request for lost packets is passed in the numbers of who sent them, if it takes such', () => {
  const call = videoCall();
  call.callee.sendRtp({ payloadType: 96, ssrc: 1, sequence: 10 });
  call.world.clock.advance(2000);
  for (const sequence of [500, 501]) call.callee.sendRtp({ payloadType: 96, ssrc: 2, sequence });
  call.world.clock.advance(5);
  const last = call.caller.rtp.at(-1)!;
  expect(last.sequence).toBe(12);
  call.caller.sendRtcp({ type: 'NACK', sender: 0xca, media: last.ssrc, lost: [11, 12] });
  call.world.clock.advance(5);
  expect(call.callee.rtcpOf('NACK')).toMatchObject([{ media: 2, lost: [500, 501] }]);
  const without = videoCall(['nack pli']);
  without.callee.sendRtp({ payloadType: 96 });
  without.world.clock.advance(5);
  without.caller.sendRtcp({ type: 'NACK', sender: 0xca, media: without.caller.rtp[0]!.ssrc, lost: [11] });
  without.world.clock.advance(5);
  expect(without.callee.rtcpOf('NACK')).toEqual([]);
});

test('what is of one transport alone ends here', () => {
  const call = videoCall();
  talk(call, 96);
  const media = call.caller.rtp.at(-1)!.ssrc;
  call.caller.sendRtcp(
    { type: 'REMB', sender: 0xca, bitrate: 100_000, sources: [media] },
    {
      type: 'TWCC',
      sender: 0xca,
      media,
      base: 0,
      count: 1,
      referenceTime: 0,
      feedbackCount: 0,
      received: [{ sequence: 0, delta: 4 }],
    },
    { type: 'other', packetType: 204, count: 0, body: new Uint8Array(8) },
  );
  call.world.clock.advance(5);
  expect(call.callee.rtcp.filter(({ type }) => !/^(SR|RR|SDES)$/.test(type))).toEqual([]);
});

test('a source that says goodbye is gone at the other side too, but for the one that others follow on', () => {
  const call = videoCall();
  for (const sequence of [1, 2]) for (const ssrc of [5, 6]) call.callee.sendRtp({ payloadType: 96, ssrc, sequence });
  call.world.clock.advance(5);
  const [first, second] = [...new Set(call.caller.rtp.map(({ ssrc }) => ssrc))];
  call.callee.sendRtcp({ type: 'BYE', sources: [5, 6, 77] });
  call.world.clock.advance(5);
  expect(call.caller.rtcpOf('BYE')).toEqual([{ type: 'BYE', sources: [second] }]);
  call.callee.sendRtp({ payloadType: 96, ssrc: 8, sequence: 1 });
  call.world.clock.advance(5);
  expect(call.caller.rtp.at(-1)?.ssrc).toBe(first);
});

test('a phone without rtcp-mux hears reports at its other port, and is heard from there', () => {
  const call = browserCallsPhone(new RelayWorld());
  const rtcp = new RelayPeer(call.world, '192.0.2.70', 5005, call.branch.socket('callee', 0, true));
  talk(call, 0, 8);
  rtcp.sendRtcp({ type: 'RR', ssrc: 0xce, reports: [{ ...BLOCK, ssrc: call.callee.rtp[0]!.ssrc, lost: 3 }] });
  expect(rtcp.rtcpOf('SR').length).toBeGreaterThan(0);
  expect(call.callee.rtcp).toEqual([]);
  expect(call.world.relay.statistics(call.branch.id)[1]).toMatchObject({ sent: { lost: 3 } });
});
