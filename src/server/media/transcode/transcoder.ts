// Audio of one direction of a call, from the codecs of the one side to a codec of the other. Each packet is answered by what
// can be said by then: order is kept, gaps are concealed or passed on as gaps, telephone-event goes through with its clock
// changed (RFC 4733), comfort noise becomes sound. Nothing is made for a packet, and nothing that comes makes it throw.
import {
  headerLength,
  marker,
  payloadEnd,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
} from '../../../protocol/rtp/header.ts';
import { readUint16, writeUint16 } from '../../../protocol/rtp/octets.ts';
import type { Codec } from '../../../protocol/sdp/codec.ts';
import {
  type AudioDecoder,
  audioDecoder,
  MAX_SAMPLES,
  type SampleRate,
  sampleRate,
  transcodedName,
} from './audio-codec.ts';
import { ComfortNoiseDecoder } from './comfort-noise.ts';
import { type Conversion, isTranscoding } from './conversion.ts';
import { FRAME, FrameStream, type SendPacket } from './frame-stream.ts';
import { DATAGRAM, PacketOrder } from './packet-order.ts';
import { RtpTimeline } from './rtp-timeline.ts';

/** A gap up to this length is concealed: it is silence by then (G.711 appendix I). */
const CONCEALED = 0.06;
/** Payload of a telephone-event (RFC 4733 section 2.3). */
const EVENT = 4;

export interface TranscoderOptions {
  /**
   * What may come, one for each payload type (`conversionsOf`): audio that is transcoded, all of it to one codec; audio that is
   * the same on both sides and passes, in the same numbering; telephone-event; comfort noise.
   */
  conversions: readonly Conversion[];
  /** Its SSRC is that of what came; sequence numbers and timestamps go on from there. */
  send: SendPacket;
}

type Audio = Conversion & { kind: 'audio'; decoder: AudioDecoder | undefined };
type Format = Audio | (Conversion & { kind: 'pass' | 'event' });

export class Transcoder {
  /** Packets that could not be understood. */
  malformed = 0;
  /** Frames that were made up for lost ones. */
  concealed = 0;
  /** Of what goes out, in Hz. */
  readonly clockRate: number;
  private readonly formats = new Map<number, Format>();
  private readonly rate: SampleRate;
  private readonly order: PacketOrder;
  private readonly timeline: RtpTimeline;
  private readonly outgoing: FrameStream;
  private readonly samples = new Int16Array(MAX_SAMPLES);
  private readonly event = new Uint8Array(EVENT);
  private source = -1;
  /** Of what comes. */
  private incomingRate: number;
  /** Timestamp of the audio that comes next if nothing is missing; -1: whatever comes begins anew. */
  private nextTimestamp = -1;
  private lastArrival = 0;
  /** The last event that came, and the timestamp that it went out with: all packets of one event share it. */
  private eventTimestamp = -1;
  private eventOut = 0;

  /** Throws when nothing of it is to be transcoded. */
  constructor({ conversions, send }: TranscoderOptions) {
    const transcoded = conversions.filter(isTranscoding);
    const [first] = transcoded;
    if (!first) throw new Error('Nothing is to be transcoded');
    const { from: incoming, to: outgoing } = first;
    const wideband = transcoded.some(({ from }) => sampleRate(from) === 16_000);
    this.rate = sampleRate(outgoing) ?? (wideband ? 16_000 : 8000);
    this.incomingRate = incoming.clockRate;
    this.clockRate = outgoing.clockRate;
    this.order = new PacketOrder((packet, length, lost) => this.take(packet, length, lost));
    this.timeline = new RtpTimeline(outgoing.clockRate);
    this.outgoing = new FrameStream(outgoing, this.rate, send);
    for (const { from, to } of conversions) {
      const noise = /^cn$/i.test(from.name) && from.clockRate !== outgoing.clockRate;
      if (/^telephone-event$/i.test(from.name)) this.formats.set(from.payloadType, { from, to, kind: 'event' });
      else if (noise || isTranscoding({ from, to }))
        this.formats.set(from.payloadType, { from, to, kind: 'audio', decoder: undefined });
      else this.formats.set(from.payloadType, { from, to, kind: 'pass' });
    }
  }

  /** Packets that came too late, or twice. */
  get late(): number {
    return this.order.late;
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
    if (ssrc(packet) !== this.source || this.order.isFar(sequenceNumber(packet))) this.begin(packet, format, now);
    this.lastArrival = now;
    this.order.push(packet, length);
  }

  /** Gives back what the codecs hold. */
  close(): void {
    this.closeDecoders();
    this.outgoing.close();
    this.formats.clear();
  }

  /** Another source, or the same one anew: it goes on behind the last packet, after the time that has passed. */
  private begin(packet: Uint8Array, format: Format, now: number): void {
    const { outgoing } = this;
    const time = timestamp(packet);
    if (format.kind !== 'event') this.incomingRate = format.from.clockRate;
    if (this.source < 0) {
      outgoing.sequence = sequenceNumber(packet);
      this.timeline.anchor(time, this.incomingRate, time);
    } else {
      const passed = Math.max(0, (now - this.lastArrival) / 1000);
      this.timeline.anchor(time, this.incomingRate, outgoing.timestamp + Math.round(passed * this.clockRate));
    }
    if (ssrc(packet) !== this.source) this.closeDecoders();
    this.source = outgoing.ssrc = ssrc(packet);
    this.order.begin(sequenceNumber(packet));
    this.nextTimestamp = -1;
    this.eventTimestamp = -1;
    outgoing.discard();
  }

  private closeDecoders(): void {
    for (const format of this.formats.values()) {
      if (format.kind !== 'audio') continue;
      format.decoder?.close();
      format.decoder = undefined;
    }
  }

  /** The packet whose turn it is. */
  private take(packet: Uint8Array, length: number, lost: number): void {
    const format = this.formats.get(payloadType(packet))!;
    const start = headerLength(packet, length);
    const end = payloadEnd(packet, start, length);
    if (end < 0) this.malformed++;
    else if (format.kind === 'audio') this.takeAudio(format, packet, start, end, lost);
    else if (format.kind === 'event') this.takeEvent(format, packet, start, end);
    else this.pass(format, packet, start, end, lost);
  }

  private takeAudio(format: Audio, packet: Uint8Array, start: number, end: number, lost: number): void {
    const { clockRate } = format.from;
    const time = timestamp(packet);
    format.decoder ??= this.decoderOf(format.from);
    this.seek(time, clockRate, lost);
    const missing = (time - this.nextTimestamp) | 0;
    if (missing > 0) this.conceal(missing, format, packet, start, end);
    this.nextTimestamp = time;
    const count = format.decoder.decode(packet, start, end, this.samples);
    if (count < 0) {
      this.malformed++;
      return;
    }
    this.outgoing.fill(this.samples, count);
    this.nextTimestamp = (time + (count * clockRate) / this.rate) >>> 0;
    this.timeline.advance(time);
  }

  private decoderOf(codec: Codec): AudioDecoder {
    return transcodedName(codec) ? audioDecoder(codec, this.rate) : new ComfortNoiseDecoder(this.rate);
  }

  /** Where audio does not go on from what came before: the stream that goes out has the same gap. */
  private seek(time: number, clockRate: number, lost: number): void {
    const { outgoing } = this;
    if (clockRate !== this.incomingRate) {
      this.incomingRate = clockRate;
      outgoing.flush();
      this.timeline.anchor(time, clockRate, outgoing.timestamp);
    } else if (this.nextTimestamp >= 0) {
      const step = (time - this.nextTimestamp) | 0;
      if (step >= 0 && step <= CONCEALED * clockRate) return;
      outgoing.flush();
      // A clock that went back: time does not.
      if (step < 0) this.timeline.anchor(time, clockRate, outgoing.timestamp);
      // What nobody conceals is to be seen as lost behind here too.
      outgoing.sequence = (outgoing.sequence + lost) & 0xffff;
    }
    outgoing.timestamp = this.timeline.map(time);
    outgoing.marked = true;
    this.nextTimestamp = time;
  }

  /** `missing` units of the clock, before this packet. */
  private conceal(missing: number, format: Audio, packet: Uint8Array, start: number, end: number): void {
    const { outgoing, timeline, rate } = this;
    const { clockRate } = format.from;
    // Opus conceals by 2.5 ms; what is less than that is left out of the stream that goes out.
    const unit = rate / 400;
    const count = Math.floor((missing * rate) / clockRate / unit) * unit;
    const made = count === 0 ? 0 : format.decoder!.conceal(count, this.samples, packet, start, end);
    this.concealed += Math.ceil(Math.max(0, made) / (FRAME * rate));
    outgoing.fill(this.samples, made);
    const time = timestamp(packet);
    if (outgoing.position !== timeline.map(time)) timeline.anchor(time, clockRate, outgoing.position);
  }

  /** RFC 4733 section 2.5: the timestamp is that of the event's start, the duration counts by the event's own clock. */
  private takeEvent({ from, to }: Conversion, packet: Uint8Array, start: number, end: number): void {
    if (end - start < EVENT) {
      this.malformed++;
      return;
    }
    const { event } = this;
    const time = timestamp(packet);
    if (time !== this.eventTimestamp) {
      this.eventTimestamp = time;
      this.eventOut = this.timeline.map(time);
    }
    event[0] = packet[start]!;
    event[1] = packet[start + 1]!;
    // Section 2.5.1.3: what is longer than 16 bits can say stays at the most that they can.
    writeUint16(
      event,
      2,
      Math.min(0xffff, Math.round((readUint16(packet, start + 2) * to.clockRate) / from.clockRate)),
    );
    this.outgoing.send(to.payloadType, this.eventOut, marker(packet), event, 0, EVENT);
  }

  private pass({ to }: Conversion, packet: Uint8Array, start: number, end: number, lost: number): void {
    const { outgoing, timeline } = this;
    outgoing.flush();
    const time = timestamp(packet);
    // Its clock is the same on both sides.
    if (this.incomingRate !== this.clockRate) {
      this.incomingRate = this.clockRate;
      timeline.anchor(time, this.clockRate, outgoing.timestamp);
    }
    timeline.advance(time);
    this.nextTimestamp = -1;
    outgoing.sequence = (outgoing.sequence + lost) & 0xffff;
    outgoing.timestamp = timeline.map(time);
    outgoing.send(to.payloadType, outgoing.timestamp, marker(packet), packet, start, end);
    // How long it is nobody knows here: as most are.
    outgoing.timestamp += FRAME * this.clockRate;
  }
}
