import { afterEach, expect, test } from 'vitest';
import { amplitudeOf, decibels, rootMeanSquare } from '../../../../test/support/audio.ts';
import {
  CN,
  EVENT_8,
  EVENT_48,
  G722,
  type Heard,
  heardPacket,
  listen,
  OPUS,
  PCMA,
  PCMU,
  rtpPacket,
  speak,
} from '../../../../test/support/rtp-audio.ts';
import type { Codec } from '../../../protocol/sdp/codec.ts';
import { sampleRate } from './audio-codec.ts';
import type { Conversion } from './conversion.ts';
import { Transcoder } from './transcoder.ts';

const open: Transcoder[] = [];

afterEach(() => {
  for (const transcoder of open.splice(0)) transcoder.close();
});

function transcoding(...conversions: Conversion[]): { transcoder: Transcoder; heard: Heard[] } {
  const heard: Heard[] = [];
  const send = (packet: Uint8Array, length: number): void => void heard.push(heardPacket(packet, length));
  const transcoder = new Transcoder({ conversions, send });
  open.push(transcoder);
  return { transcoder, heard };
}

function pushAll(transcoder: Transcoder, packets: readonly Uint8Array[], interval = 20): void {
  for (const [n, packet] of packets.entries()) transcoder.push(packet, packet.length, n * interval);
}

/** The packets follow each other without a gap. */
function expectOneStream(heard: readonly Heard[], units: number): void {
  for (const [n, packet] of heard.entries()) {
    if (n === 0) continue;
    expect((packet.sequence - (heard[n - 1] as Heard).sequence) & 0xffff).toBe(1);
    expect((packet.timestamp - (heard[n - 1] as Heard).timestamp) >>> 0).toBe(units);
    expect(packet.marker).toBe(false);
  }
}

const FORMATS: readonly Codec[] = [OPUS, PCMU, PCMA, G722];
const WAYS = FORMATS.flatMap((from) => FORMATS.filter((to) => to !== from).map((to) => [from.name, to.name, from, to]));

test.each(WAYS as [string, string, Codec, Codec][])(
  '%s becomes %s: pitch and level stay, one stream, 20 ms',
  (_, __, from, to) => {
    const { transcoder, heard } = transcoding({ from, to });
    const packets = speak(from, { hertz: 500, seconds: 2 });
    pushAll(transcoder, packets);
    expect(heard).toHaveLength(packets.length);
    expect(heard[0]).toMatchObject({ marker: true, sequence: 65_500, timestamp: 0xffff_f000, ssrc: 0x1234 });
    expectOneStream(heard, to.clockRate / 50);
    const rate = sampleRate(to) ?? 8000;
    const samples = listen(to, heard, rate).subarray(rate / 2);
    const level = amplitudeOf(500, samples, rate);
    expect(Math.abs(decibels(level, 8000))).toBeLessThan(2);
    expect(rootMeanSquare(samples)).toBeLessThan(level);
  },
);

test('from Opus to PCMU and back, a tone keeps its frequency and its level', () => {
  const there = transcoding({ from: OPUS, to: PCMU });
  pushAll(there.transcoder, speak(OPUS, { hertz: 1200, seconds: 2 }));
  const back = transcoding({ from: PCMU, to: OPUS });
  const bytes = there.heard.map(({ payloadType, sequence, timestamp, payload }) =>
    rtpPacket(payloadType, sequence, timestamp, payload),
  );
  pushAll(back.transcoder, bytes);
  const samples = listen(OPUS, back.heard).subarray(4000);
  const levels = [1100, 1200, 1300].map((hertz) => amplitudeOf(hertz, samples, 8000));
  expect(Math.abs(decibels(levels[1] as number, 8000))).toBeLessThan(2);
  expect(decibels(levels[1] as number, Math.max(levels[0] as number, levels[2] as number))).toBeGreaterThan(30);
});

test.each([10, 20, 30, 40, 60])('packets of %i ms go out as packets of 20', (ptime) => {
  const { transcoder, heard } = transcoding({ from: PCMU, to: OPUS });
  pushAll(transcoder, speak(PCMU, { ptime, seconds: 1.2 }), ptime);
  expect(heard).toHaveLength(60);
  expectOneStream(heard, 960);
});

test.each([2.5, 5, 10, 40, 60])('Opus packets of %f ms as well', (ptime) => {
  const { transcoder, heard } = transcoding({ from: OPUS, to: PCMA });
  pushAll(transcoder, speak(OPUS, { ptime, seconds: 1.2 }), ptime);
  expect(heard).toHaveLength(60);
  expectOneStream(heard, 160);
});

test('packets that were swapped are put right, and those that come twice or late are dropped', () => {
  const packets = speak(PCMU, { seconds: 0.4 });
  const straight = transcoding({ from: PCMU, to: G722 });
  pushAll(straight.transcoder, packets);
  const { transcoder, heard } = transcoding({ from: PCMU, to: G722 });
  const swapped = [...packets];
  [swapped[5], swapped[6]] = [packets[6]!, packets[5]!];
  swapped.splice(10, 0, packets[9]!, packets[2]!);
  pushAll(transcoder, swapped);
  expect(heard).toEqual(straight.heard);
  expect(transcoder).toMatchObject({ late: 2, concealed: 0, malformed: 0 });
});

test.each([
  ['PCMU', PCMU, OPUS],
  ['G722', G722, PCMA],
  ['opus', OPUS, PCMU],
] as const)('a lost packet of %s is concealed: the stream has no hole and the tone goes on', (_, from, to) => {
  const { transcoder, heard } = transcoding({ from, to });
  const packets = speak(from, { seconds: 1 });
  packets.splice(30, 1);
  pushAll(transcoder, packets);
  expect(heard).toHaveLength(50);
  expect(transcoder.concealed).toBe(1);
  expectOneStream(heard, to.clockRate / 50);
  const samples = listen(to, heard, 8000);
  const level = (frame: number): number => rootMeanSquare(samples.subarray(frame * 160, (frame + 1) * 160));
  // Opus without FEC needs two frames more until its predictor has found the tone again.
  const found = from === OPUS ? [28, 29, 30, 34, 35] : [28, 29, 30, 31, 32, 33];
  for (const frame of found) expect(Math.abs(decibels(level(frame), 8000 / Math.SQRT2))).toBeLessThan(4);
});

test('a gap too long to be concealed is a gap behind here, in numbers and in time', () => {
  const { transcoder, heard } = transcoding({ from: PCMU, to: OPUS });
  const packets = speak(PCMU, { seconds: 1 });
  packets.splice(20, 10);
  pushAll(transcoder, packets);
  expect(heard).toHaveLength(40);
  const [before, after] = heard.slice(19, 21) as [Heard, Heard];
  expect((after.sequence - before.sequence) & 0xffff).toBe(11);
  expect((after.timestamp - before.timestamp) >>> 0).toBe(11 * 960);
  expect(after.marker).toBe(true);
});

test('silence that is not sent is a gap in time alone, and speech begins anew with the marker', () => {
  const { transcoder, heard } = transcoding({ from: OPUS, to: PCMU });
  const before = speak(OPUS, { seconds: 0.2, sequence: 1, time: 0 });
  const after = speak(OPUS, { seconds: 0.2, sequence: 11, time: 48_000 });
  pushAll(transcoder, [...before, ...after]);
  expect(heard.map(({ marker }) => marker)).toEqual(Array.from({ length: 20 }, (_, n) => n % 10 === 0));
  expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  expect(heard[10]?.timestamp).toBe(8000);
});

test('a part of a frame before a gap is sent with silence behind it', () => {
  const { transcoder, heard } = transcoding({ from: PCMU, to: PCMA });
  const packets = [
    ...speak(PCMU, { ptime: 30, seconds: 0.03, sequence: 1, time: 0 }),
    ...speak(PCMU, { seconds: 0.02, sequence: 2, time: 8000 }),
  ];
  pushAll(transcoder, packets);
  expect(heard.map(({ timestamp }) => timestamp)).toEqual([0, 160, 8000]);
  expect(heard[1]?.payload.subarray(80).every((octet) => octet === 0xd5)).toBe(true);
});

test('a telephone-event keeps its digit and end, its times by the other clock, in the numbering of the audio', () => {
  for (const [from, to, fromEvent, toEvent, factor] of [
    [PCMU, OPUS, EVENT_8, EVENT_48, 6],
    [OPUS, PCMU, EVENT_48, EVENT_8, 1 / 6],
  ] as const) {
    const { transcoder, heard } = transcoding({ from, to }, { from: fromEvent, to: toEvent });
    const units = from.clockRate / 50;
    const audio = speak(from, { seconds: 0.4, sequence: 1, time: 600 });
    const event = [1, 2, 3, 3, 3].map((n, i) => {
      const payload = [5, i >= 2 ? 0x8a : 0x0a, (n * units) >> 8, (n * units) & 0xff];
      return rtpPacket(fromEvent.payloadType, 11 + i, 600 + 10 * units, payload, { mark: i === 0 });
    });
    // The audio goes on after the event, numbered behind it.
    const rest = speak(from, { seconds: 0.2, sequence: 16, time: 600 + 15 * units });
    pushAll(transcoder, [...audio.slice(0, 10), ...event, ...rest]);
    const events = heard.filter(({ payloadType }) => payloadType === toEvent.payloadType);
    expect(events.map(({ timestamp }) => timestamp)).toEqual(Array(5).fill(600 + 10 * units * factor));
    expect(events.map(({ payload }) => [...payload])).toEqual(
      [1, 2, 3, 3, 3].map((n, i) => {
        const duration = n * units * factor;
        return [5, i >= 2 ? 0x8a : 0x0a, duration >> 8, duration & 0xff];
      }),
    );
    expect(events.map(({ marker }) => marker)).toEqual([true, false, false, false, false]);
    expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
    expect(heard[15]).toMatchObject({ marker: true, timestamp: 600 + 15 * units * factor });
  }
});

test('a digit held for eight seconds stays at what a clock of 48 kHz can say', () => {
  const { transcoder, heard } = transcoding({ from: PCMU, to: OPUS }, { from: EVENT_8, to: EVENT_48 });
  pushAll(transcoder, [rtpPacket(101, 1, 0, [5, 10, 0xff, 0xff])]);
  expect([...(heard[0] as Heard).payload]).toEqual([5, 10, 0xff, 0xff]);
});

test('comfort noise is sound of its level where the other codec has none', () => {
  const { transcoder, heard } = transcoding({ from: PCMU, to: OPUS }, { from: CN, to: CN });
  const noise = Array.from({ length: 50 }, (_, n) => rtpPacket(13, n, n * 160, [40, 1, 2]));
  pushAll(transcoder, noise);
  expect(heard.map(({ payloadType }) => payloadType)).toEqual(Array(50).fill(111));
  const level = decibels(rootMeanSquare(listen(OPUS, heard).subarray(1600)), 32_768);
  // Opus at this bitrate leaves a part of white noise out.
  expect(Math.abs(level + 40)).toBeLessThan(6);
});

test('what is the same on both sides passes in the same numbering', () => {
  const { transcoder, heard } = transcoding(
    { from: { ...OPUS, payloadType: 96 }, to: OPUS },
    { from: PCMU, to: OPUS },
    { from: EVENT_48, to: { ...EVENT_48, payloadType: 126 } },
  );
  const opus = [0, 1, 2].map((n) => rtpPacket(96, 5 + n, 960 * n, [n, 7, 7], { mark: n === 0 }));
  const pcmu = speak(PCMU, { seconds: 0.06, sequence: 8, time: 50_000 });
  pushAll(transcoder, [...opus, ...pcmu, rtpPacket(110, 11, 5, [1, 2, 0, 9])]);
  expect(heard.map(({ sequence, payloadType }) => [sequence, payloadType])).toEqual([
    [5, 111],
    [6, 111],
    [7, 111],
    [8, 111],
    [9, 111],
    [10, 111],
    [11, 126],
  ]);
  expect(heard.slice(0, 3).map(({ payload }) => [...payload])).toEqual([0, 1, 2].map((n) => [n, 7, 7]));
  const times = heard.slice(2, 6).map(({ timestamp }) => timestamp);
  expect(times.slice(1).map((time, n) => time - (times[n] as number))).toEqual([960, 960, 960]);
});

test('a side that changes its codec stays one stream', () => {
  const { transcoder, heard } = transcoding({ from: OPUS, to: PCMU }, { from: G722, to: PCMU });
  pushAll(transcoder, [
    ...speak(OPUS, { seconds: 0.2, sequence: 1, time: 0 }),
    ...speak(G722, { seconds: 0.2, sequence: 11, time: 1600 }),
  ]);
  expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  const samples = listen(PCMU, heard).subarray(2000);
  expect(Math.abs(decibels(amplitudeOf(500, samples, 8000), 8000))).toBeLessThan(2);
});

test('another source goes on where the last one ended, after the time that has passed', () => {
  const { transcoder, heard } = transcoding({ from: PCMU, to: OPUS });
  pushAll(transcoder, speak(PCMU, { seconds: 0.1, sequence: 1, time: 0 }));
  const other = rtpPacket(0, 40_000, 77_777, new Uint8Array(160), { source: 9 });
  transcoder.push(other, other.length, 80 + 1000);
  expect(heard.map(({ sequence, ssrc }) => [sequence, ssrc])).toEqual([
    ...[1, 2, 3, 4, 5].map((n) => [n, 0x1234]),
    [6, 9],
  ]);
  const gap = ((heard[5] as Heard).timestamp - (heard[4] as Heard).timestamp) / 48;
  expect(gap).toBeGreaterThanOrEqual(1000);
  expect(gap).toBeLessThanOrEqual(1060);
});

test('what cannot be understood is counted, and the next packet is heard', () => {
  const { transcoder, heard } = transcoding({ from: OPUS, to: PCMU }, { from: EVENT_48, to: EVENT_8 });
  const good = speak(OPUS, { seconds: 0.2, sequence: 1, time: 0 });
  const bad = [
    new Uint8Array(5),
    rtpPacket(99, 2, 960, [1, 2, 3]),
    rtpPacket(111, 2, 960, []),
    rtpPacket(110, 3, 960, [1, 2]),
    rtpPacket(111, 4, 1920, [0x0b]),
    rtpPacket(111, 5, 1920, new Uint8Array(1600)),
  ];
  pushAll(transcoder, [good[0]!, ...bad, ...good.slice(4)]);
  expect(transcoder.malformed).toBe(6);
  expect(heard.length).toBeGreaterThan(6);
});

test('a stream longer than its clock counts keeps its pace', () => {
  const { transcoder, heard } = transcoding({ from: OPUS, to: PCMU });
  const [packet] = speak(OPUS, { seconds: 0.02 });
  const payload = (packet as Uint8Array).subarray(12);
  // 30 hours at one packet each 5 minutes: 48,000 * 108,000 is more than 2^32.
  for (let n = 0; n < 360; n++) {
    const late = rtpPacket(111, n, n * 300 * 48_000, payload);
    transcoder.push(late, late.length, n * 300_000);
  }
  for (const [n, { timestamp }] of heard.entries()) expect(timestamp).toBe((n * 300 * 8000) % 2 ** 32);
  expect(transcoder.projectTimestamp(359 * 300 * 48_000 + 48_000)).toBe((359 * 300 * 8000 + 8000) % 2 ** 32);
});
