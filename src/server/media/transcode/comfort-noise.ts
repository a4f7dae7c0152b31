// RFC 3389: comfort noise. White noise at the level that is told; the spectrum (section 3.2) is left out. Each packet is a
// frame of noise, and what lies between them is a gap in the stream, which its receiver fills in its own way.
import type { AudioDecoder, SampleRate } from './audio-codec.ts';

const FRAME = 0.02;

export class ComfortNoiseDecoder implements AudioDecoder {
  private readonly count: number;
  private seed = 1;

  constructor(rate: SampleRate) {
    this.count = FRAME * rate;
  }

  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number {
    return end > start ? this.conceal(this.count, samples, packet, start) : -1;
  }

  /** The first octet of a payload is its level, 0 to 127 below overload. */
  conceal(count: number, samples: Int16Array, packet: Uint8Array, start: number): number {
    // Of values that are equally likely up to a peak, the root mean square is that peak by the root of 3.
    const peak = 32767 * Math.min(1, Math.sqrt(3) * 10 ** (-(packet[start]! & 0x7f) / 20));
    for (let i = 0; i < count; i++) {
      this.seed = (Math.imul(this.seed, 1664525) + 1013904223) | 0;
      samples[i] = Math.round((this.seed / 0x80000000) * peak);
    }
    return count;
  }

  close(): void {}
}
