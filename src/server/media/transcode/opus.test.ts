import { expect, test } from 'vitest';
import { amplitudeOf, decibels, rootMeanSquare, tone } from '../../../../test/support/audio.ts';
import { OpusDecoder, OpusEncoder, type OpusRate } from './opus.ts';
import { opusLibrary } from './opus-library.ts';

function packetsOf(samples: Int16Array, rate: OpusRate, maxBitrate = 64_000): Uint8Array[] {
  const encoder = new OpusEncoder({ rate, maxBitrate });
  const count = rate / 50;
  const packets: Uint8Array[] = [];
  for (let at = 0; at + count <= samples.length; at += count) {
    const packet = new Uint8Array(1500);
    const length = encoder.encode(samples.subarray(at, at + count), count, packet, 3);
    packets.push(packet.subarray(3, 3 + length));
  }
  encoder.close();
  return packets;
}

function heard(packets: readonly Uint8Array[], rate: OpusRate): Int16Array {
  const decoder = new OpusDecoder(rate);
  const output = new Int16Array((packets.length * rate) / 50);
  const frame = new Int16Array(1920);
  let at = 0;
  for (const packet of packets) {
    const count = decoder.decode(packet, 0, packet.length, frame);
    output.set(frame.subarray(0, count), at);
    at += count;
  }
  decoder.close();
  return output.subarray(0, at);
}

test.each([
  [8000, 400],
  [8000, 1500],
  [16_000, 3000],
] as const)('at %i Hz a tone of %i Hz keeps its level', (rate, hertz) => {
  const samples = heard(packetsOf(tone(hertz, rate, rate), rate), rate).subarray(rate / 5);
  expect(Math.abs(decibels(amplitudeOf(hertz, samples, rate), 8000))).toBeLessThan(2);
});

test('what one rate has encoded the other decodes, without folding the upper half over', () => {
  const wide = packetsOf(tone(5500, 16_000, 16_000), 16_000);
  expect(rootMeanSquare(heard(wide, 16_000))).toBeGreaterThan(3000);
  expect(rootMeanSquare(heard(wide, 8000).subarray(1600))).toBeLessThan(100);
});

test('the bitrate is within what the peer allows', () => {
  const noise = Int16Array.from({ length: 16_000 }, (_, n) => ((n * 7919) % 20_011) - 10_000);
  const octets = (maxBitrate: number): number =>
    packetsOf(noise, 16_000, maxBitrate).reduce((sum, packet) => sum + packet.length, 0);
  expect(octets(8000)).toBeLessThan(1500);
  expect(octets(510_000)).toBeLessThan(4500);
});

test('a lost packet is made up: the tone goes on', () => {
  const packets = packetsOf(tone(500, 8000, 8000), 8000);
  const decoder = new OpusDecoder(8000);
  const frame = new Int16Array(960);
  for (const packet of packets.slice(0, 20)) decoder.decode(packet, 0, packet.length, frame);
  const next = packets[21] as Uint8Array;
  expect(decoder.conceal(160, frame, next, 0, next.length)).toBe(160);
  expect(rootMeanSquare(frame.subarray(0, 160))).toBeGreaterThan(2000);
  expect(decoder.decode(next, 0, next.length, frame)).toBe(160);
  decoder.close();
});

test('malformed packets are -1, and their decoder lives on', () => {
  const decoder = new OpusDecoder(8000);
  const frame = new Int16Array(960);
  const [packet] = packetsOf(tone(500, 8000, 160), 8000) as [Uint8Array];
  // Code 3 without a count (RFC 6716 section 3.2.5), no frame at all, more than fits.
  for (const bad of [Uint8Array.of(0x0b), new Uint8Array(0), new Uint8Array(1501), Uint8Array.of(0xff, 0xff, 0xff)])
    expect(decoder.decode(bad, 0, bad.length, frame)).toBe(-1);
  expect(decoder.decode(packet, 0, packet.length, frame)).toBe(160);
  decoder.close();
  expect(decoder.decode(packet, 0, packet.length, frame)).toBe(-1);
});

test('ten thousand codecs, closed again, leave the memory as it was', () => {
  const { memory } = opusLibrary().functions;
  for (let i = 0; i < 10_000; i++) {
    new OpusEncoder({ rate: 8000 }).close();
    new OpusDecoder(16_000).close();
  }
  const size = memory.buffer.byteLength;
  for (let i = 0; i < 1000; i++) new OpusEncoder({ rate: 8000 }).close();
  expect(memory.buffer.byteLength).toBe(size);
});

test('memory that grows takes the running codecs along', () => {
  const { memory } = opusLibrary().functions;
  const before = memory.buffer.byteLength;
  const decoder = new OpusDecoder(8000);
  const others: OpusEncoder[] = [];
  while (memory.buffer.byteLength === before) others.push(new OpusEncoder({ rate: 8000 }));
  const [packet] = packetsOf(tone(500, 8000, 160), 8000) as [Uint8Array];
  expect(decoder.decode(packet, 0, packet.length, new Int16Array(960))).toBe(160);
  decoder.close();
  for (const other of others) other.close();
});
