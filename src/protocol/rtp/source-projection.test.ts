import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sequenceDistance, sequenceNumber, ssrc, timestamp, writeHeader } from './header.ts';
import { SourceProjection } from './source-projection.ts';

const OUT = 0x1000;

/** What becomes of a packet: its new sequence number and timestamp; undefined: dropped. */
function project(projection: SourceProjection, source: number, sequence: number, time: number, now: number) {
  const packet = new Uint8Array(12);
  writeHeader(packet, 0, sequence & 0xffff, time >>> 0, source);
  if (!projection.project(packet, now)) return undefined;
  expect(ssrc(packet)).toBe(OUT);
  return [sequenceNumber(packet), timestamp(packet)];
}

test('the first source keeps its numbers, with loss, reordering and wraps', () => {
  const projection = new SourceProjection(OUT, 8000);
  for (const sequence of [65_533, 65_535, 65_534, 10, 2]) {
    expect(project(projection, 1, sequence, sequence * 160, 0)).toEqual([sequence, sequence * 160]);
  }
});

test('another source goes on where the first one stopped, at the time that has passed', () => {
  const projection = new SourceProjection(OUT, 8000);
  project(projection, 1, 65_535, 0xffffff60, 1000);
  expect(project(projection, 2, 300, 5000, 1100)).toEqual([0, 0xffffff60 + 800 - 2 ** 32]);
  expect(project(projection, 2, 301, 5160, 1120)).toEqual([1, 800]);
  expect(project(projection, 2, 299, 4840, 1121)).toEqual([65_535, 480]);
  expect(projection.projectTimestamp(5160)).toBe(800);
});

test('a source that begins anew is believed at its second packet', () => {
  const projection = new SourceProjection(OUT, 8000);
  project(projection, 1, 30_000, 160, 0);
  expect(project(projection, 1, 5, 77, 20)).toBe(undefined);
  expect(project(projection, 1, 6, 237, 40)).toEqual([30_001, 480]);
  expect(project(projection, 1, 7, 397, 60)).toEqual([30_002, 640]);
});

test('one packet from far away does not disturb the stream', () => {
  const projection = new SourceProjection(OUT, 8000);
  project(projection, 1, 100, 0, 0);
  expect(project(projection, 1, 20_000, 0, 0)).toBe(undefined);
  expect(project(projection, 1, 101, 160, 20)).toEqual([101, 160]);
  expect(project(projection, 1, 20_001, 0, 0)).toBe(undefined);
});

test('whatever comes, the numbers that go out never jump back further than a packet may be late, nor ahead beyond a dropout', () => {
  const packets = fc.array(fc.tuple(fc.nat(2), fc.oneof(fc.nat(0xffff), fc.nat(50)), fc.nat(0xffffffff), fc.nat(50)));
  fc.assert(
    fc.property(packets, (list) => {
      const projection = new SourceProjection(OUT, 48_000);
      let highest: number | undefined;
      let now = 0;
      for (const [source, sequence, time, pause] of list) {
        now += pause;
        const out = project(projection, source, sequence, time, now);
        if (out === undefined) continue;
        const distance = highest === undefined ? 1 : sequenceDistance(highest, out[0]!);
        expect(distance).toBeGreaterThan(-100);
        expect(distance).toBeLessThan(3000);
        if (distance > 0) [highest] = out;
      }
    }),
  );
});

test('another stream under the same source goes on where the first one stopped, once it is told of', () => {
  const projection = new SourceProjection(OUT, 8000);
  projection.leave();
  expect(project(projection, 0, 7, 160, 0)).toEqual([7, 160]);
  projection.leave();
  expect(project(projection, 0, 7, 160, 100)).toEqual([8, 960]);
  expect(project(projection, 0, 8, 320, 120)).toEqual([9, 1120]);
});

test('numbers are found in either direction', () => {
  const projection = new SourceProjection(OUT, 8000);
  project(projection, 1, 65_535, 0, 0);
  project(projection, 2, 300, 0, 20);
  expect(projection.projectSequence(301)).toBe(1);
  expect(projection.sourceSequence(1)).toBe(301);
  expect(projection.sourceSequence(65_535)).toBe(299);
});
