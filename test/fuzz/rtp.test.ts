// Mutated RTP, RTCP and telephone events: nothing throws, nothing reads or writes beyond the packet, and costs stay small.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRtcp, packetClass } from '../../src/protocol/rtp/demultiplex.ts';
import { headerLength, payloadEnd, sequenceDistance } from '../../src/protocol/rtp/header.ts';
import {
  elementLength,
  elementOffset,
  findExtension,
  removeExtension,
  renumberExtensions,
} from '../../src/protocol/rtp/header-extension.ts';
import { ReceptionStatistics } from '../../src/protocol/rtp/reception-statistics.ts';
import { parseCompound, type RtcpPacket, serializeCompound } from '../../src/protocol/rtp/rtcp/compound.ts';
import { parseTelephoneEvent } from '../../src/protocol/rtp/telephone-event.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);
const uint8 = fc.nat(255);
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffffffff);

/** Octets that begin as RTP with an extension in one of its forms does. */
const nearlyRtp = fc
  .tuple(
    fc.constantFrom(0x80, 0x90, 0xb0, 0x92, 0xa0),
    uint8,
    fc.constantFrom([0xbe, 0xde], [0x10, 0x00], [0x10, 0x0f]),
    fc.nat(12),
    fc.uint8Array({ maxLength: 90 }),
  )
  .map(([first, second, profile, words, rest]) =>
    Uint8Array.of(first, second, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, ...profile, 0, words, ...rest),
  );

test('headers and their extensions stay inside the packet', () => {
  const mapping = fc.uint8Array({ minLength: 256, maxLength: 256 });
  fc.assert(
    fc.property(fc.oneof(nearlyRtp, fc.uint8Array({ maxLength: 64 })), uint8, mapping, (octets, id, ids) => {
      packetClass(octets);
      isRtcp(octets);
      parseTelephoneEvent(octets, 12);
      const header = headerLength(octets);
      if (header < 0) return;
      expect(header).toBeLessThanOrEqual(octets.length);
      const end = payloadEnd(octets, header);
      if (end >= 0) expect(end).toBeGreaterThanOrEqual(header);
      const found = findExtension(octets, id);
      if (found >= 0) expect(elementOffset(found) + elementLength(found)).toBeLessThanOrEqual(header);

      const renumbered = Uint8Array.from(octets);
      renumberExtensions(renumbered, ids);
      expect(headerLength(renumbered)).toBe(header);
      expect(renumbered.subarray(header)).toEqual(octets.subarray(header));
      for (let other = 1; other < 256; other++) {
        // What is there now was mapped to.
        if (findExtension(renumbered, other) >= 0) expect(ids.includes(other)).toBe(true);
      }
      const bare = removeExtension(renumbered);
      expect(headerLength(renumbered, bare)).toBe(12 + 4 * (octets[0]! & 15));
      expect(octets.length - header).toBe(bare - headerLength(renumbered, bare));
    }),
    { numRuns: RUNS * 5 },
  );
});

const report = fc.record({
  ssrc: uint32,
  fractionLost: uint8,
  lost: fc.integer({ min: -0x800000, max: 0x7fffff }),
  highest: uint32,
  jitter: uint32,
  lastReport: uint32,
  delay: uint32,
});
const reports = fc.array(report, { maxLength: 31 });
const byteString = fc.array(uint8, { maxLength: 255 }).map((octets) => String.fromCharCode(...octets));

/** Every kind that is written here. */
const packet: fc.Arbitrary<RtcpPacket> = fc.oneof(
  fc.record({
    type: fc.constant('SR' as const),
    ssrc: uint32,
    ntpSeconds: uint32,
    ntpFraction: uint32,
    rtpTimestamp: uint32,
    packets: uint32,
    octets: uint32,
    reports,
  }),
  fc.record({ type: fc.constant('RR' as const), ssrc: uint32, reports }),
  fc.record({
    type: fc.constant('SDES' as const),
    chunks: fc.array(
      fc.record({
        ssrc: uint32,
        items: fc.array(fc.record({ type: fc.integer({ min: 1, max: 255 }), text: byteString }), { maxLength: 4 }),
      }),
      { maxLength: 5 },
    ),
  }),
  fc.record({ type: fc.constant('BYE' as const), sources: fc.array(uint32, { maxLength: 31 }), reason: byteString }),
  fc.record({ type: fc.constant('PLI' as const), sender: uint32, media: uint32 }),
  fc.record({
    type: fc.constant('FIR' as const),
    sender: uint32,
    requests: fc.array(fc.record({ ssrc: uint32, sequence: uint8 }), { minLength: 1, maxLength: 20 }),
  }),
  fc.record({
    type: fc.constant('REMB' as const),
    sender: uint32,
    bitrate: fc.nat(0x3ffff),
    sources: fc.array(uint32, { maxLength: 255 }),
  }),
  fc
    .record({
      base: uint16,
      gaps: fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }),
      sender: uint32,
      media: uint32,
    })
    .chain(({ base, gaps, sender, media }) => {
      let last = -1;
      const places = gaps.map((gap) => (last += gap));
      return fc
        .tuple(
          fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { minLength: places.length, maxLength: places.length }),
          fc.nat(50),
        )
        .map(([deltas, more]) => ({
          type: 'TWCC' as const,
          sender,
          media,
          base,
          count: last + 1 + more,
          referenceTime: 0xabcdef,
          feedbackCount: 200,
          received: places.map((place, index) => ({ sequence: (base + place) & 0xffff, delta: deltas[index]! })),
        }));
    }),
  fc.uniqueArray(fc.nat(3000), { minLength: 1, maxLength: 60 }).map((lost) => ({
    type: 'NACK' as const,
    sender: 1,
    media: 2,
    lost: lost.sort((a, b) => a - b).map((sequence) => (sequence + 64_000) & 0xffff),
  })),
);

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 6 }), (packets) => {
      expect(parseCompound(serializeCompound(packets))).toEqual(packets);
    }),
    { numRuns: RUNS },
  );
});

test('mutated RTCP is read or refused; what was read can be written and read again', () => {
  const mutation = fc.array(fc.record({ at: uint16, value: uint8, cut: fc.boolean() }), { minLength: 1, maxLength: 5 });
  const mutated = fc.tuple(fc.array(packet, { minLength: 1, maxLength: 4 }), mutation).map(([packets, mutations]) => {
    let octets = serializeCompound(packets);
    for (const { at, value, cut } of mutations) {
      if (octets.length > 0) octets[at % octets.length] = value;
      if (cut && value < 40) octets = octets.slice(0, at % (octets.length + 1));
    }
    return octets;
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (octets) => {
      const packets = parseCompound(octets);
      if (packets === undefined || packets.length === 0) return;
      // Transport-wide counts can be of packets that never came: they are told apart by what came.
      if (packets.some(({ type }) => type === 'TWCC' || type === 'REMB')) return;
      expect(parseCompound(serializeCompound(packets))).toBeDefined();
    }),
    { numRuns: RUNS * 5 },
  );
});

test('statistics of any sequence numbers, timestamps and arrivals fit their report', () => {
  const arrivals = fc.array(
    fc.tuple(fc.oneof(uint16, fc.nat(20)), uint32, fc.double({ min: 0, max: 1e15, noNaN: true })),
    {
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(arrivals, (packets) => {
      const statistics = new ReceptionStatistics(1);
      for (const [sequence, timestamp, arrival] of packets) statistics.receive(sequence, timestamp, arrival);
      const block = statistics.report(1e9);
      expect(block.fractionLost >= 0 && block.fractionLost <= 255).toBe(true);
      expect(block.jitter >= 0 && block.jitter <= 0xffffffff).toBe(true);
      expect(parseCompound(serializeCompound([{ type: 'RR', ssrc: 1, reports: [block] }]))).toEqual([
        { type: 'RR', ssrc: 1, reports: [block] },
      ]);
    }),
    { numRuns: RUNS },
  );
});

test('sequence numbers are ahead of, or behind, each other, but never both', () => {
  fc.assert(
    fc.property(uint16, uint16, (a, b) => {
      const there = sequenceDistance(a, b);
      expect(there === -0x8000 ? -0x8000 : 0 - there).toBe(sequenceDistance(b, a) + 0);
    }),
    { numRuns: RUNS },
  );
});
