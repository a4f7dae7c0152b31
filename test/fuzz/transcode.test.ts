// Any octets as packets of any codec: nothing throws, and what goes out is bounded by what came.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerLength } from '../../src/protocol/rtp/header.ts';
import { Transcoder } from '../../src/server/media/transcode/transcoder.ts';
import { CN, EVENT_8, EVENT_48, G722, OPUS, PCMA, PCMU, rtpPacket } from '../support/rtp-audio.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);

const packet = fc
  .record({
    type: fc.constantFrom(111, 111, 111, 0, 8, 9, 13, 101, 110, 77),
    sequence: fc.oneof(fc.nat(20), fc.nat(0xffff)),
    time: fc.oneof(
      fc.nat(20).map((n) => n * 960),
      fc.nat(0xffffffff),
    ),
    source: fc.oneof(fc.constant(1), fc.nat(3)),
    payload: fc.uint8Array({ maxLength: 1400, size: '+1' }),
  })
  .map(({ type, sequence, time, source, payload }) => rtpPacket(type, sequence, time, payload, { source }));

const TARGETS = [
  [OPUS, EVENT_48],
  [PCMU, EVENT_8],
  [G722, EVENT_8],
] as const;

test('every sequence of packets is survived, and answered by at most ten frames a packet', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TARGETS),
      fc.array(fc.oneof(packet, fc.uint8Array({ maxLength: 40 })), { maxLength: 30 }),
      ([to, toEvent], packets) => {
        let sent = 0;
        const audio = [OPUS, PCMU, PCMA, G722].map((from) => ({ from, to }));
        const others = [
          { from: EVENT_8, to: toEvent },
          { from: EVENT_48, to: toEvent },
          { from: CN, to: CN },
        ];
        const transcoder = new Transcoder({
          conversions: [...audio, ...others],
          send: (octets, length) => {
            sent++;
            expect(headerLength(octets, length)).toBe(12);
            expect(length).toBeLessThanOrEqual(1500);
          },
        });
        for (const [n, octets] of packets.entries()) transcoder.push(octets, octets.length, n * 20);
        // 60 ms of concealment and 120 ms of sound, and the rest of the frame before.
        expect(sent).toBeLessThanOrEqual(10 * packets.length);
        transcoder.close();
      },
    ),
    { numRuns: RUNS },
  );
});
