// One side of a call whose audio is transcoded: says a tone in some codec, packet by packet, and hears what comes.
import {
  headerLength,
  marker,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
  writeHeader,
} from '../../src/protocol/rtp/header.ts';
import type { Codec } from '../../src/protocol/sdp/codec.ts';
import { audioDecoder, audioEncoder, type SampleRate } from '../../src/server/media/transcode/audio-codec.ts';
import { tone } from './audio.ts';

export const OPUS: Codec = { payloadType: 111, name: 'opus', clockRate: 48_000, channels: 2 };
export const PCMU: Codec = { payloadType: 0, name: 'PCMU', clockRate: 8000, channels: 1 };
export const PCMA: Codec = { payloadType: 8, name: 'PCMA', clockRate: 8000, channels: 1 };
export const G722: Codec = { payloadType: 9, name: 'G722', clockRate: 8000, channels: 1 };
export const CN: Codec = { payloadType: 13, name: 'CN', clockRate: 8000, channels: 1 };
export const EVENT_48: Codec = { payloadType: 110, name: 'telephone-event', clockRate: 48_000, channels: 1 };
export const EVENT_8: Codec = { payloadType: 101, name: 'telephone-event', clockRate: 8000, channels: 1 };

export interface Heard {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Uint8Array;
}

export function heardPacket(packet: Uint8Array, length: number): Heard {
  return {
    payloadType: payloadType(packet),
    marker: marker(packet),
    sequence: sequenceNumber(packet),
    timestamp: timestamp(packet),
    ssrc: ssrc(packet),
    payload: packet.slice(headerLength(packet, length), length),
  };
}

export function rtpPacket(
  type: number,
  sequence: number,
  time: number,
  payload: ArrayLike<number>,
  { source = 0x1234, mark = false } = {},
): Uint8Array {
  const packet = new Uint8Array(12 + payload.length);
  writeHeader(packet, type, sequence & 0xffff, time >>> 0, source, mark);
  packet.set(payload, 12);
  return packet;
}

export interface Speech {
  hertz?: number;
  seconds?: number;
  /** Of a packet, in milliseconds. */
  ptime?: number;
  rate?: SampleRate;
  amplitude?: number;
  sequence?: number;
  time?: number;
}

export function speak(codec: Codec, speech: Speech = {}): Uint8Array[] {
  const { hertz = 500, seconds = 1, ptime = 20, amplitude = 8000, sequence = 65_500, time = 0xffff_f000 } = speech;
  const rate = speech.rate ?? (codec.name === 'G722' ? 16_000 : 8000);
  const encoder = audioEncoder(codec, rate);
  const count = (rate * ptime) / 1000;
  const samples = tone(hertz, rate, rate * seconds, amplitude);
  const packets: Uint8Array[] = [];
  const payload = new Uint8Array(1500);
  for (let n = 0; (n + 1) * count <= samples.length; n++) {
    const length = encoder.encode(samples.subarray(n * count), count, payload, 0);
    const when = time + n * ((codec.clockRate * ptime) / 1000);
    packets.push(rtpPacket(codec.payloadType, sequence + n, when, payload.subarray(0, length), { mark: n === 0 }));
  }
  encoder.close();
  return packets;
}

/** The samples of all packets of this codec, gaps left out. */
export function listen(codec: Codec, packets: readonly Heard[], rate: SampleRate = 8000): Int16Array {
  const decoder = audioDecoder(codec, rate);
  const frame = new Int16Array(1920);
  const samples: number[] = [];
  for (const { payloadType, payload } of packets)
    if (payloadType === codec.payloadType)
      for (const sample of frame.subarray(0, decoder.decode(payload, 0, payload.length, frame))) samples.push(sample);
  decoder.close();
  return Int16Array.from(samples);
}
