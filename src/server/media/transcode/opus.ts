// Opus (RFC 6716), one channel, at the sample rate of the codec on the other side: its decoder gives and its encoder takes 8
// and 16 kHz as well as 48 (section 2), each with filters of its own, so that nothing has to be resampled. Its RTP clock is
// 48 kHz whatever the rate (RFC 7587 section 4.1).
import { MAX_PACKET, type OpusLibrary, opusLibrary } from './opus-library.ts';

export type OpusRate = 8000 | 16_000;

const APPLICATION_VOIP = 2048;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
/** Of 10: what Chromium takes on small machines; 9 costs 1.8 times as much and is not heard at these rates. */
const COMPLEXITY = 5;
/** Bits a second for what a phone's codec has kept of a voice (RFC 7587 section 3.1.1 recommends 8-12 and 16-20 thousand). */
const BITRATE: Readonly<Record<OpusRate, number>> = { 8000: 16_000, 16000: 24_000 };

export interface OpusEncoderOptions {
  rate: OpusRate;
  /** The peer's `maxaveragebitrate` (RFC 7587 section 6.1), bits a second. */
  maxBitrate?: number;
}

export class OpusEncoder {
  readonly rate: OpusRate;
  private readonly library: OpusLibrary = opusLibrary();
  private state: number;

  constructor({ rate, maxBitrate = Number.POSITIVE_INFINITY }: OpusEncoderOptions) {
    this.rate = rate;
    const { functions } = this.library;
    this.state = this.library.allocate(functions.opus_encoder_get_size(1));
    functions.opus_encoder_init(this.state, rate, 1, APPLICATION_VOIP);
    functions.opus_encoder_ctl_set(this.state, SET_COMPLEXITY, COMPLEXITY);
    functions.opus_encoder_ctl_set(this.state, SET_BITRATE, Math.max(6000, Math.min(maxBitrate, BITRATE[rate])));
  }

  /** `count` samples, 2.5 to 60 ms of them, as a packet at `start`; its length, or -1. */
  encode(samples: Int16Array, count: number, packet: Uint8Array, start: number): number {
    const { library } = this;
    const pcm = library.samples;
    if (this.state === 0 || count > pcm.length) return -1;
    for (let i = 0; i < count; i++) pcm[i] = samples[i]!;
    const most = Math.min(MAX_PACKET, packet.length - start);
    const length = library.encode(this.state, count, most);
    const octets = library.packet;
    for (let i = 0; i < length; i++) packet[start + i] = octets[i]!;
    return length;
  }

  /** Gives its memory back; it answers -1 from then on. */
  close(): void {
    if (this.state !== 0) this.library.functions.free(this.state);
    this.state = 0;
  }
}

export class OpusDecoder {
  readonly rate: OpusRate;
  private readonly library: OpusLibrary = opusLibrary();
  private state: number;

  constructor(rate: OpusRate) {
    this.rate = rate;
    const { functions } = this.library;
    this.state = this.library.allocate(functions.opus_decoder_get_size(1));
    functions.opus_decoder_init(this.state, rate, 1);
  }

  /** The samples of a packet, at most 120 ms; how many, or -1 when it is malformed. */
  decode(packet: Uint8Array, start: number, end: number, samples: Int16Array): number {
    const length = this.library.put(packet, start, end);
    return length < 0 ? -1 : this.take(length, (120 * this.rate) / 1000, 0, samples);
  }

  /**
   * `count` samples, a multiple of 2.5 ms, for what did not come before `packet`: from its in-band FEC if there is some
   * (RFC 6716 section 2.1.7), else guessed. `decode` of that packet comes next.
   */
  conceal(count: number, samples: Int16Array, packet: Uint8Array, start: number, end: number): number {
    const length = this.library.put(packet, start, end);
    const recovered = length < 0 ? -1 : this.take(length, count, 1, samples);
    return recovered < 0 ? this.take(0, count, 0, samples) : recovered;
  }

  /** Gives its memory back; it answers -1 from then on. */
  close(): void {
    if (this.state !== 0) this.library.functions.free(this.state);
    this.state = 0;
  }

  private take(length: number, size: number, fec: 0 | 1, samples: Int16Array): number {
    if (this.state === 0 || size > samples.length) return -1;
    const count = this.library.decode(this.state, length, size, fec);
    const pcm = this.library.samples;
    for (let i = 0; i < count; i++) samples[i] = pcm[i]!;
    return count < 0 ? -1 : count;
  }
}
