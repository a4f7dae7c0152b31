// SRTP on a bad network: what is protected comes out as it went in, once, whatever is lost, reordered, repeated or forged.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerLength, writeHeader } from '../../src/protocol/rtp/header.ts';
import { PROFILES, type SrtpProfile } from '../../src/protocol/srtp/profile.ts';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.ts';
import { REPLAYED } from '../../src/protocol/srtp/refusal.ts';
import { ReplayWindow } from '../../src/protocol/srtp/replay-window.ts';
import { SrtpSender } from '../../src/protocol/srtp/sender.ts';
import { nodeSrtpCrypto } from '../../src/server/media/srtp-crypto.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);
const profiles = fc.constantFrom(...(Object.keys(PROFILES) as SrtpProfile[]));

function pair(profile: SrtpProfile) {
  const { key, salt } = PROFILES[profile];
  const master = { key: new Uint8Array(key).fill(7), salt: new Uint8Array(salt).fill(9) };
  const options = { crypto: nodeSrtpCrypto, profile, master };
  return { sender: new SrtpSender(options), receiver: new SrtpReceiver(options) };
}

/** A stream of packets whose sequence numbers go on, jump ahead and wrap; its payload says which one it is. */
const stream = fc.record({
  start: fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xfff0, max: 0xffff })),
  steps: fc.array(
    fc.record({
      ahead: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 20_000 })),
      size: fc.oneof(fc.constant(160), fc.nat(1400)),
      source: fc.nat(2),
      /** How many packets later it arrives. */
      delay: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(8)),
      copies: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, fc.nat(3)),
    }),
    { maxLength: 60 },
  ),
});

test('protect and unprotect are inverse under loss, reordering, repetition and wraps', () => {
  fc.assert(
    fc.property(profiles, stream, (profile, { start, steps }) => {
      const { sender, receiver } = pair(profile);
      const index = [start, start, start];
      const first = new Set<number>();
      const arrivals: { due: number; plain: Uint8Array; sealed: Uint8Array; source: number; index: number }[] = [];
      steps.forEach(({ ahead, size, source, delay, copies }, order) => {
        index[source]! += ahead;
        const packet = new Uint8Array(12 + size + 20).fill(order);
        writeHeader(packet, 96, index[source]! & 0xffff, order, 0xfffffff0 + source, order % 2 === 0);
        const plain = packet.slice(0, 12 + size);
        const length = sender.protect(packet, 12 + size);
        expect(length).toBe(12 + size + PROFILES[profile].tag);
        // A receiver learns of a source by its first packet: that one neither is lost nor comes late.
        const known = first.has(source);
        first.add(source);
        const sealed = packet.slice(0, length);
        for (let copy = 0; copy < (known ? copies : 1); copy++) {
          arrivals.push({ due: order + (known ? delay : 0) + copy, plain, sealed, source, index: index[source]! });
        }
      });
      arrivals.sort((a, b) => a.due - b.due);
      const highest: number[] = [];
      const taken = new Set<string>();
      for (const { plain, sealed, source, index: sent } of arrivals) {
        const packet = Uint8Array.from(sealed);
        const length = receiver.unprotect(packet, packet.length);
        const lag = (highest[source] ?? sent) - sent;
        if (taken.has(`${source} ${sent}`)) expect(length).toBeLessThan(0);
        else if (lag < 1024 && lag > -0x8000) {
          expect(packet.subarray(0, length)).toEqual(plain);
          taken.add(`${source} ${sent}`);
          highest[source] = Math.max(highest[source] ?? 0, sent);
        } else expect(length).toBeLessThan(0);
      }
    }),
    { numRuns: RUNS },
  );
});

test('noise and mutations are refused, and do not harm the stream', () => {
  const mutation = fc.record({ at: fc.nat(2000), bits: fc.integer({ min: 1, max: 255 }), length: fc.nat(300) });
  const noise = fc.oneof(fc.uint8Array({ maxLength: 300 }), mutation);
  fc.assert(
    fc.property(profiles, fc.array(noise, { maxLength: 40 }), (profile, attacks) => {
      const { sender, receiver } = pair(profile);
      for (const [order, attack] of attacks.entries()) {
        const packet = new Uint8Array(200).fill(order);
        writeHeader(packet, 0, (65_520 + order) & 0xffff, 0, 5);
        const length = sender.protect(packet, 172);
        const report = new Uint8Array(60).fill(order);
        report.set([0x80, 201, 0, 6, 0, 0, 0, 5]);
        const reportLength = sender.protectRtcp(report, 28);

        for (const [octets, size] of [
          [packet, length],
          [report, reportLength],
        ] as const) {
          let forged: Uint8Array;
          if (attack instanceof Uint8Array) forged = Uint8Array.from(attack);
          else {
            forged = octets.slice(0, attack.length % 3 === 0 ? attack.length % size : size);
            if (forged.length > 0) forged[attack.at % forged.length]! ^= attack.bits;
          }
          const before = Uint8Array.from(forged);
          expect(receiver.unprotect(forged, forged.length)).toBeLessThan(0);
          expect(receiver.unprotectRtcp(forged, forged.length)).toBeLessThan(0);
          expect(forged).toEqual(before);
        }
        expect(receiver.unprotect(packet, length)).toBe(172);
        expect(receiver.unprotectRtcp(report, reportLength)).toBe(28);
      }
    }),
    { numRuns: RUNS },
  );
});

test('a header of any length, with CSRCs and an extension, stays in the clear', () => {
  fc.assert(
    fc.property(
      profiles,
      fc.nat(15),
      fc.nat(20),
      fc.uint8Array({ maxLength: 100 }),
      (profile, csrcs, words, payload) => {
        const { sender, receiver } = pair(profile);
        const header = 12 + 4 * csrcs + 4 + 4 * words;
        const packet = new Uint8Array(header + payload.length + 20).fill(0xee);
        writeHeader(packet, 96, 1, 2, 3);
        packet[0] = 0x90 | csrcs;
        packet.set([0xbe, 0xde, 0, words], 12 + 4 * csrcs);
        packet.set(payload, header);
        const plain = packet.slice(0, header + payload.length);
        expect(headerLength(plain)).toBe(header);
        const length = sender.protect(packet, plain.length);
        expect(packet.subarray(0, header)).toEqual(plain.subarray(0, header));
        expect(receiver.unprotect(packet, length)).toBe(plain.length);
        expect(packet.subarray(0, plain.length)).toEqual(plain);
        expect(sender.protect(packet, plain.length)).toBe(REPLAYED);
      },
    ),
    { numRuns: RUNS },
  );
});

test('the replay window agrees with a set that never forgets', () => {
  const indices = fc.array(fc.oneof(fc.nat(3000), fc.integer({ min: 2 ** 32 - 50, max: 2 ** 32 + 3000 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(indices, (sent) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      for (const index of sent) {
        expect(window.fresh(index)).toBe(!seen.has(index) && highest - index < 1024);
        if (!window.fresh(index)) continue;
        window.accept(index);
        seen.add(index);
        highest = Math.max(highest, index);
        expect(window.highest).toBe(highest);
      }
    }),
    { numRuns: RUNS },
  );
});
