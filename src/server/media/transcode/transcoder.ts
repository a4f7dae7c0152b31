// Audio of one direction of a call, from the codecs of the one side to a codec of the other. Each packet is answered by what
// can be said by then: order is kept, gaps are concealed or passed on as gaps, telephone-event goes through with its clock
// changed (RFC 4733), comfort noise becomes sound. Nothing is made for a packet, and nothing that comes makes it throw.
import {
  headerLength,
  marker,
  payloadEnd,
  payloadType,
  sequenceDistance,
  sequenceNumber,
  ssrc,
  timestamp,
  writeHeader,
} from '../../../protocol/rtp/header.ts';
import { readUint16, writeUint16 } from '../../../protocol/rtp/octets.ts';
import type { Codec } from '../../../protocol/sdp/codec.ts';
import {
  type AudioDecoder,
  type AudioEncoder,
  audioDecoder,
  audioEncoder,
  MAX_SAMPLES,
  type SampleRate,
  sampleRate,
  transcodedName,
} from './audio-codec.ts';
import { ComfortNoiseDecoder } from './comfort-noise.ts';
import { type Conversion, isTranscoding } from './conversion.ts';
import { RtpTimeline } from './rtp-timeline.ts';

/** Packets that go out are as long as nearly all phones and browsers send them: seconds. */
const FRAME = 0.02;
/** A gap up to this length is concealed: it is silence by then (G.711 appendix I). */
const CONCEALED = 0.06;
/** RFC 3550 A.1: how far a source may jump ahead, or lag, and be the same stream. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const DATAGRAM = 1500;
/** Behind a packet that goes out, for SRTP's tag. */
const ROOM = 100;
const HEADER = 12;
/** Payload of a telephone-event (RFC 4733 section 2.3). */
const EVENT = 4;

export interface TranscoderOptions {
  /**
   * What may come, one for each payload type (`conversionsOf`): audio that is transcoded, all of it to one codec; audio that is
   * the same on both sides and passes, in the same numbering; telephone-event; comfort noise.
   */
  conversions: readonly Conversion[];
  /**
   * An RTP packet: the first `length` octets of a buffer that is used again, with room behind for an SRTP tag. Its SSRC is that
   * of what came, sequence numbers and timestamps go on from there.
   */
  send(packet: Uint8Array, length: number): void;
}

type Format = Conversion &
  ({ kind: 'audio'; decoder: AudioDecoder | undefined } | { kind: 'pass' } | { kind: 'event' });

export class Transcoder {
  /** Packets that could not be understood. */
  malformed = 0;
  /** That came too late, or twice. */
  late = 0;
  /** Frames that were made up for lost ones. */
  concealed = 0;
  private readonly send: TranscoderOptions['send'];
  private readonly formats = new Map<number, Format>();
  private readonly to: Codec;
  private readonly rate: SampleRate;
  private encoder: AudioEncoder | undefined;
  private readonly packet = new Uint8Array(DATAGRAM + ROOM);
  private readonly samples = new Int16Array(MAX_SAMPLES);

  /** The frame that is being filled, and what its packet will say. */
  private readonly frame: Int16Array;
  private filled = 0;
  private frameTimestamp = 0;
  private marked = true;
  private outgoing = 0;
  private readonly timeline: RtpTimeline;

  private source = -1;
  /** Of what comes. */
  private incomingRate = 0;
  /** The sequence number that comes next. */
  private expected = 0;
  /** Timestamp of the audio that comes next if nothing is missing; -1: whatever comes begins anew. */
  private nextTimestamp = -1;
  private lastArrival = 0;
  /** The last event that came, and the timestamp that it went out with: all packets of one event share it. */
  private eventTimestamp = -1;
  private eventOut = 0;
  /**
   * One packet that came before its turn, until the next shows whether two were swapped or one is lost. So a loss costs the
   * receiver's jitter buffer one packet's time, and a swap costs nothing; holding more would delay every loss by more.
   */
  private readonly held = new Uint8Array(DATAGRAM);
  private heldLength = 0;

  /** Throws when nothing of it is to be transcoded. */
  constructor({ conversions, send }: TranscoderOptions) {
    const transcoded = conversions.filter(isTranscoding);
    const [first] = transcoded;
    if (!first) throw new Error('Nothing is to be transcoded');
    this.send = send;
    this.to = first.to;
    const wideband = transcoded.some(({ from }) => sampleRate(from) === 16_000);
    this.rate = sampleRate(this.to) ?? (wideband ? 16_000 : 8000);
    this.incomingRate = first.from.clockRate;
    this.timeline = new RtpTimeline(this.to.clockRate);
    this.frame = new Int16Array(FRAME * this.rate);
    for (const { from, to } of conversions) {
      if (/^telephone-event$/i.test(from.name)) this.formats.set(from.payloadType, { from, to, kind: 'event' });
      else if (isTranscoding({ from, to }) || (/^cn$/i.test(from.name) && from.clockRate !== this.to.clockRate))
        this.formats.set(from.payloadType, { from, to, kind: 'audio', decoder: undefined });
      else this.formats.set(from.payloadType, { from, to, kind: 'pass' });
    }
  }

  /** Of what goes out, in Hz. */
  get clockRate(): number {
    return this.to.clockRate;
  }

  /** A timestamp of what comes as it is in what goes out: for sender reports. */
  projectTimestamp(time: number): number {
    return this.timeline.map(time);
  }

  /** The first `length` octets of `packet`, which is not kept; `now` in milliseconds. */
  push(packet: Uint8Array, length: number, now: number): void {
    const format = headerLength(packet, length) < 0 ? undefined : this.formats.get(payloadType(packet));
    if (!format || length > DATAGRAM) {
      this.malformed++;
      return;
    }
    const sequence = sequenceNumber(packet);
    let ahead = sequenceDistance(this.expected, sequence);
    if (ssrc(packet) !== this.source || ahead >= MAX_DROPOUT || ahead <= -MAX_MISORDER) {
      this.begin(packet, format, now);
      ahead = 0;
    }
    this.lastArrival = now;
    const heldAhead = this.heldLength === 0 ? -1 : sequenceDistance(this.expected, sequenceNumber(this.held));
    if (ahead < 0 || ahead === heldAhead) this.late++;
    else if (ahead > 0 && heldAhead < 0) this.hold(packet, length);
    else if (ahead > 0 && heldAhead < ahead) {
      this.takeHeld();
      if (sequence === this.expected) this.take(packet, length);
      else this.hold(packet, length);
    } else {
      this.take(packet, length);
      if (heldAhead >= 0 && sequenceNumber(this.held) === this.expected) this.takeHeld();
    }
  }

  /** Gives back what the codecs hold. */
  close(): void {
    this.closeDecoders();
    this.encoder?.close();
    this.encoder = undefined;
    this.formats.clear();
  }

  /** Another source, or the same one anew: it goes on behind the last packet, after the time that has passed. */
  private begin(packet: Uint8Array, format: Format, now: number): void {
    const time = timestamp(packet);
    if (format.kind !== 'event') this.incomingRate = format.from.clockRate;
    if (this.source < 0) {
      this.outgoing = sequenceNumber(packet);
      this.timeline.anchor(time, this.incomingRate, time);
    } else {
      const passed = Math.max(0, (now - this.lastArrival) / 1000);
      const next = this.frameTimestamp + Math.round((passed + FRAME) * this.to.clockRate);
      this.timeline.anchor(time, this.incomingRate, next);
    }
    if (ssrc(packet) !== this.source) this.closeDecoders();
    this.source = ssrc(packet);
    this.expected = sequenceNumber(packet);
    this.nextTimestamp = -1;
    this.eventTimestamp = -1;
    this.filled = 0;
    this.heldLength = 0;
  }

  private closeDecoders(): void {
    for (const format of this.formats.values()) {
      if (format.kind !== 'audio') continue;
      format.decoder?.close();
      format.decoder = undefined;
    }
  }

  private hold(packet: Uint8Array, length: number): void {
    for (let i = 0; i < length; i++) this.held[i] = packet[i]!;
    this.heldLength = length;
  }

  private takeHeld(): void {
    const length = this.heldLength;
    this.heldLength = 0;
    this.take(this.held, length);
  }

  /** The packet whose turn it is. */
  private take(packet: Uint8Array, length: number): void {
    const lost = sequenceDistance(this.expected, sequenceNumber(packet));
    this.expected = (sequenceNumber(packet) + 1) & 0xffff;
    const format = this.formats.get(payloadType(packet))!;
    const start = headerLength(packet, length);
    const end = payloadEnd(packet, start, length);
    if (end < 0) this.malformed++;
    else if (format.kind === 'event') this.takeEvent(format, packet, start, end);
    else if (format.kind === 'pass') this.pass(format, packet, start, end, lost);
    else this.takeAudio(format, packet, start, end, lost);
  }

  private takeAudio(
    format: Format & { kind: 'audio' },
    packet: Uint8Array,
    start: number,
    end: number,
    lost: number,
  ): void {
    format.decoder ??= this.decoderOf(format.from);
    const { decoder, from } = format;
    const { clockRate } = from;
    const time = timestamp(packet);
    this.seek(time, clockRate, lost);
    const missing = (time - this.nextTimestamp) | 0;
    if (missing > 0) {
      // Opus conceals by 2.5 ms; what is less than that is left out of the stream that goes out.
      const unit = this.rate / 400;
      const count = Math.floor((missing * this.rate) / clockRate / unit) * unit;
      const made = count === 0 ? 0 : decoder.conceal(count, this.samples, packet, start, end);
      this.concealed += Math.ceil(Math.max(0, made) / this.frame.length);
      this.fill(made);
      const position = this.frameTimestamp + (this.filled * this.to.clockRate) / this.rate;
      if (position >>> 0 !== this.timeline.map(time)) this.timeline.anchor(time, clockRate, position);
      this.nextTimestamp = time;
    }
    const count = decoder.decode(packet, start, end, this.samples);
    if (count < 0) {
      this.malformed++;
      return;
    }
    this.fill(count);
    this.nextTimestamp = (time + (count * clockRate) / this.rate) >>> 0;
    this.timeline.advance(time);
  }

  private decoderOf(codec: Codec): AudioDecoder {
    return transcodedName(codec) ? audioDecoder(codec, this.rate) : new ComfortNoiseDecoder(this.rate);
  }

  /** Where audio does not go on from what came before: the stream that goes out has the same gap. */
  private seek(time: number, clockRate: number, lost: number): void {
    const position = this.frameTimestamp + FRAME * this.to.clockRate;
    if (clockRate !== this.incomingRate) {
      this.flush();
      this.timeline.anchor(time, clockRate, position);
      this.incomingRate = clockRate;
    } else if (this.nextTimestamp >= 0) {
      const step = (time - this.nextTimestamp) | 0;
      if (step >= 0 && step <= CONCEALED * clockRate) return;
      this.flush();
      // A clock that went back: time does not.
      if (step < 0) this.timeline.anchor(time, clockRate, this.frameTimestamp);
      // What nobody conceals is to be seen as lost behind here too.
      this.outgoing = (this.outgoing + lost) & 0xffff;
    }
    this.frameTimestamp = this.timeline.map(time);
    this.nextTimestamp = time;
    this.marked = true;
  }

  private fill(count: number): void {
    const { frame, samples } = this;
    for (let i = 0; i < count; i++) {
      frame[this.filled++] = samples[i]!;
      if (this.filled === frame.length) this.sendFrame();
    }
  }

  /** What is left of a frame before a gap, with silence behind it. */
  private flush(): void {
    if (this.filled === 0) return;
    this.frame.fill(0, this.filled);
    this.sendFrame();
  }

  private sendFrame(): void {
    const { packet, frame } = this;
    this.encoder ??= audioEncoder(this.to, this.rate);
    const length = this.encoder.encode(frame, frame.length, packet, HEADER);
    if (length > 0) this.sendPacket(this.to.payloadType, this.frameTimestamp, this.marked, length);
    this.frameTimestamp = (this.frameTimestamp + FRAME * this.to.clockRate) >>> 0;
    this.filled = 0;
    this.marked = false;
  }

  private sendPacket(type: number, time: number, mark: boolean, length: number): void {
    writeHeader(this.packet, type, this.outgoing, time, this.source, mark);
    this.outgoing = (this.outgoing + 1) & 0xffff;
    this.send(this.packet, HEADER + length);
  }

  /** RFC 4733 section 2.5: the timestamp is that of the event's start, the duration counts by the event's own clock. */
  private takeEvent(format: Format, packet: Uint8Array, start: number, end: number): void {
    if (end - start < EVENT) {
      this.malformed++;
      return;
    }
    const time = timestamp(packet);
    if (time !== this.eventTimestamp) {
      this.eventTimestamp = time;
      this.eventOut = this.timeline.map(time);
    }
    const duration = Math.round((readUint16(packet, start + 2) * format.to.clockRate) / format.from.clockRate);
    this.packet[HEADER] = packet[start]!;
    this.packet[HEADER + 1] = packet[start + 1]!;
    // Section 2.5.1.3: what is longer than 16 bits can say stays at the most that they can.
    writeUint16(this.packet, HEADER + 2, Math.min(0xffff, duration));
    this.sendPacket(format.to.payloadType, this.eventOut, marker(packet), EVENT);
  }

  private pass(format: Format, packet: Uint8Array, start: number, end: number, lost: number): void {
    this.flush();
    const time = timestamp(packet);
    // Its clock is the same on both sides.
    if (this.incomingRate !== this.to.clockRate) {
      this.incomingRate = this.to.clockRate;
      this.timeline.anchor(time, this.incomingRate, this.frameTimestamp);
    }
    this.nextTimestamp = -1;
    this.timeline.advance(time);
    this.outgoing = (this.outgoing + lost) & 0xffff;
    this.frameTimestamp = this.timeline.map(time);
    for (let i = start; i < end; i++) this.packet[HEADER + i - start] = packet[i]!;
    this.sendPacket(format.to.payloadType, this.frameTimestamp, marker(packet), end - start);
  }
}
