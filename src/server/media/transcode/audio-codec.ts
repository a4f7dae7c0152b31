// The codecs that are translated into each other, behind one face for each way. Samples are of 16 bits, one channel, 8 or
// 16 kHz; nothing is made for a frame.
import type { Codec } from '../../../protocol/sdp/codec.ts';
import { formatParameters } from '../../../protocol/sdp/format-parameters.ts';
import { decodeG711, encodeG711, type Law } from './g711.ts';
import { G722Decoder, G722Encoder } from './g722.ts';
import { Doubler, Halver } from './half-band.ts';
import { LossConcealment } from './loss-concealment.ts';
import { OpusDecoder, OpusEncoder, type OpusRate } from './opus.ts';

export type SampleRate = OpusRate;

/** The longest packet of audio that is understood: RFC 6716 section 3.2.5. */
export const MAX_DURATION = 0.12;
/** As many samples at 16 kHz. */
export const MAX_SAMPLES = 16_000 * MAX_DURATION;

export interface AudioDecoder {
  /** Samples of one packet's payload; -1: malformed. `samples` has room for MAX_SAMPLES. */
  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number;
  /** `count` samples in place of lost ones; the payload is of what came next, and is decoded after this. */
  conceal(count: number, samples: Int16Array, packet: Uint8Array, start: number, end: number): number;
  close(): void;
}

export interface AudioEncoder {
  readonly rate: SampleRate;
  /** A frame of 20 ms; octets of the payload at `start`, or -1. */
  encode(samples: Int16Array, count: number, packet: Uint8Array, start: number): number;
  close(): void;
}

type Name = 'opus' | 'PCMU' | 'PCMA' | 'G722';

/** Undefined: none that is known here. */
export function transcodedName({ name, clockRate, channels }: Codec): Name | undefined {
  const lower = name.toLowerCase();
  if (lower === 'opus') return clockRate === 48_000 && channels === 2 ? 'opus' : undefined;
  if (clockRate !== 8000 || channels !== 1) return undefined;
  return lower === 'pcmu' ? 'PCMU' : lower === 'pcma' ? 'PCMA' : lower === 'g722' ? 'G722' : undefined;
}

/** What a codec keeps of the sound; Opus as much as the other side has. */
export function sampleRate(codec: Codec): SampleRate | undefined {
  const name = transcodedName(codec);
  return name === 'G722' ? 16_000 : name === 'opus' || name === undefined ? undefined : 8000;
}

/** `rate` of what comes out. Throws for a codec that has no `transcodedName`. */
export function audioDecoder(codec: Codec, rate: SampleRate): AudioDecoder {
  const name = transcodedName(codec);
  if (name === 'opus') return new OpusDecoder(rate);
  if (name === 'G722') return rate === 16_000 ? new G722AudioDecoder() : new HalvingDecoder(new G722AudioDecoder());
  if (name === undefined) throw new Error(`No decoder for ${codec.name}`);
  return rate === 8000 ? new G711AudioDecoder(name) : new DoublingDecoder(new G711AudioDecoder(name));
}

/** `rate`: for Opus, whose choice it is. */
export function audioEncoder(codec: Codec, rate: SampleRate): AudioEncoder {
  const name = transcodedName(codec);
  if (name === 'opus') {
    const maxBitrate = Number(formatParameters(codec.format).get('maxaveragebitrate')) || undefined;
    return new OpusEncoder(maxBitrate === undefined ? { rate } : { rate, maxBitrate });
  }
  if (name === 'G722') return new G722AudioEncoder();
  if (name === undefined) throw new Error(`No encoder for ${codec.name}`);
  return new G711AudioEncoder(name);
}

class G711AudioDecoder implements AudioDecoder {
  private readonly law: Law;
  private readonly concealment = new LossConcealment(8000);

  constructor(law: Law) {
    this.law = law;
  }

  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const count = end - start;
    if (count <= 0 || count > 8000 * MAX_DURATION) return -1;
    decodeG711(this.law, packet, start, count, samples);
    this.concealment.heard(samples, count);
    return count;
  }

  conceal(count: number, samples: Int16Array): number {
    this.concealment.conceal(samples, count);
    return count;
  }

  close(): void {}
}

class G722AudioDecoder implements AudioDecoder {
  private readonly decoder = new G722Decoder();
  private readonly concealment = new LossConcealment(16_000);

  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const count = end - start;
    if (count <= 0 || count > 8000 * MAX_DURATION) return -1;
    this.decoder.decode(packet, start, count, samples);
    this.concealment.heard(samples, 2 * count);
    return 2 * count;
  }

  conceal(count: number, samples: Int16Array): number {
    this.concealment.conceal(samples, count);
    return count;
  }

  close(): void {}
}

/** 8 kHz that is wanted at 16. */
class DoublingDecoder implements AudioDecoder {
  private readonly inner: AudioDecoder;
  private readonly doubler = new Doubler();
  private readonly narrow = new Int16Array(MAX_SAMPLES / 2);

  constructor(inner: AudioDecoder) {
    this.inner = inner;
  }

  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number {
    return this.double(this.inner.decode(packet, start, end, this.narrow), samples);
  }

  conceal(count: number, samples: Int16Array, packet: Uint8Array, start: number, end: number): number {
    return this.double(this.inner.conceal(count >> 1, this.narrow, packet, start, end), samples);
  }

  close(): void {
    this.inner.close();
  }

  private double(count: number, samples: Int16Array): number {
    if (count < 0) return -1;
    this.doubler.push(this.narrow, count, samples);
    return 2 * count;
  }
}

/** 16 kHz that is wanted at 8. */
class HalvingDecoder implements AudioDecoder {
  private readonly inner: AudioDecoder;
  private readonly halver = new Halver();
  private readonly wide = new Int16Array(MAX_SAMPLES);

  constructor(inner: AudioDecoder) {
    this.inner = inner;
  }

  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number {
    return this.halve(this.inner.decode(packet, start, end, this.wide), samples);
  }

  conceal(count: number, samples: Int16Array, packet: Uint8Array, start: number, end: number): number {
    return this.halve(this.inner.conceal(2 * count, this.wide, packet, start, end), samples);
  }

  close(): void {
    this.inner.close();
  }

  private halve(count: number, samples: Int16Array): number {
    if (count < 0) return -1;
    this.halver.push(this.wide, count, samples);
    return count >> 1;
  }
}

class G711AudioEncoder implements AudioEncoder {
  readonly rate = 8000;
  private readonly law: Law;

  constructor(law: Law) {
    this.law = law;
  }

  encode(samples: Int16Array, count: number, packet: Uint8Array, start: number): number {
    encodeG711(this.law, samples, count, packet, start);
    return count;
  }

  close(): void {}
}

class G722AudioEncoder implements AudioEncoder {
  readonly rate = 16_000;
  private readonly encoder = new G722Encoder();

  encode(samples: Int16Array, count: number, packet: Uint8Array, start: number): number {
    this.encoder.encode(samples, count, packet, start);
    return count >> 1;
  }

  close(): void {}
}
