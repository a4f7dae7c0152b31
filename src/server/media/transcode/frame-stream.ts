// The stream that goes out: samples become frames, frames become packets, all packets are numbered in one row.
import { writeHeader } from '../../../protocol/rtp/header.ts';
import type { Codec } from '../../../protocol/sdp/codec.ts';
import { type AudioEncoder, audioEncoder, type SampleRate } from './audio-codec.ts';
import { DATAGRAM } from './packet-order.ts';

/** Packets are as long as nearly all phones and browsers send them: seconds. */
export const FRAME = 0.02;
const HEADER = 12;
/** Behind a packet, for SRTP's tag and a header extension. */
const ROOM = 100;

/** An RTP packet: the first `length` octets of a buffer that is used again, with room behind. */
export type SendPacket = (packet: Uint8Array, length: number) => void;

export class FrameStream {
  ssrc = 0;
  /** The sequence number that comes next. */
  sequence = 0;
  /** The next frame begins speech: RFC 3551 section 4.1. */
  marked = true;
  /** Of the frame that is being filled. */
  timestamp = 0;
  private readonly codec: Codec;
  private readonly rate: SampleRate;
  private readonly sendPacket: SendPacket;
  private encoder: AudioEncoder | undefined;
  private readonly frame: Int16Array;
  private filled = 0;
  private readonly packet = new Uint8Array(DATAGRAM + ROOM);

  /** `rate` of the samples. */
  constructor(codec: Codec, rate: SampleRate, sendPacket: SendPacket) {
    this.codec = codec;
    this.rate = rate;
    this.sendPacket = sendPacket;
    this.frame = new Int16Array(FRAME * rate);
  }

  /** Timestamp of the sample that is filled in next. */
  get position(): number {
    return (this.timestamp + (this.filled * this.codec.clockRate) / this.rate) >>> 0;
  }

  fill(samples: Int16Array, count: number): void {
    const { frame } = this;
    for (let i = 0; i < count; i++) {
      frame[this.filled++] = samples[i]!;
      if (this.filled === frame.length) this.sendFrame();
    }
  }

  /** What there is of a frame, with silence behind it. */
  flush(): void {
    if (this.filled === 0) return;
    this.frame.fill(0, this.filled);
    this.sendFrame();
  }

  /** What there is of a frame is not sent. */
  discard(): void {
    this.filled = 0;
  }

  /** A payload as it is: the octets of `from` between `start` and `end`. */
  send(payloadType: number, time: number, mark: boolean, from: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) this.packet[HEADER + i - start] = from[i]!;
    this.write(payloadType, time, mark, end - start);
  }

  close(): void {
    this.encoder?.close();
    this.encoder = undefined;
  }

  private sendFrame(): void {
    this.encoder ??= audioEncoder(this.codec, this.rate);
    const length = this.encoder.encode(this.frame, this.frame.length, this.packet, HEADER);
    if (length > 0) this.write(this.codec.payloadType, this.timestamp, this.marked, length);
    this.timestamp = (this.timestamp + FRAME * this.codec.clockRate) >>> 0;
    this.filled = 0;
    this.marked = false;
  }

  private write(payloadType: number, time: number, mark: boolean, length: number): void {
    writeHeader(this.packet, payloadType, this.sequence, time, this.ssrc, mark);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.sendPacket(this.packet, HEADER + length);
  }
}
