// One direction of one section, from a leg to the other one: what is changed in every packet on its way.

import { FIXED_HEADER, hasExtension, payloadType, setPayloadType, timestamp } from '../../../protocol/rtp/header.ts';
import { addExtension, removeExtension, renumberExtensions } from '../../../protocol/rtp/header-extension.ts';
import { readUint16, writeUint16 } from '../../../protocol/rtp/octets.ts';
import { isRepair } from '../../../protocol/sdp/codec.ts';
import { receives, sends } from '../../../protocol/sdp/direction.ts';
import { MID_EXTENSION } from '../../../protocol/sdp/header-extension.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import { END_TO_END_EXTENSIONS, type PayloadPair } from '../../../protocol/sdp/translate-content.ts';
import { type Conversion, conversionsOf } from '../transcode/conversion.ts';
import { Transcoder } from '../transcode/transcoder.ts';
import type { EarlyMedia, EarlyVoice } from './early-media.ts';
import type { IncomingSource } from './incoming-source.ts';
import type { OutgoingSource } from './outgoing-source.ts';
import { DISCONTINUOUS, EXCESS, HELD, LOOPED, MALFORMED, UNHEARD, UNNEGOTIATED } from './refused-packets.ts';
import type { Section } from './section.ts';

/** What `payloads` has for a payload type that is not agreed. */
const NOT_AGREED = 255;
/** What `repairs` has for RFC 4588's format, and for others. */
const RETRANSMISSION = 2;
const REPAIR = 1;

export class SectionPath {
  readonly from: Section;
  readonly to: Section;
  /** Who is asked whether this branch is heard yet; undefined: it is. */
  early: EarlyMedia | undefined;
  private readonly voice: EarlyVoice;
  private open = false;
  private readonly payloads = new Uint8Array(128).fill(NOT_AGREED);
  /** Payload types of `from` whose packets repair others: a stream of their own. */
  private readonly repairs = new Uint8Array(128);
  private extensions: Uint8Array | undefined;
  private midId = 0;
  private mid: Uint8Array | undefined;
  /** Where the codecs of the two sides are not the same. */
  private transcoder: Transcoder | undefined;
  /** What it was made for. */
  private conversions = '[]';
  /** Whose packet it has last got, and when. */
  private speaker: IncomingSource | undefined;
  private now = 0;
  private source: IncomingSource | undefined;
  private target: OutgoingSource | undefined;

  constructor(from: Section, to: Section, voice: EarlyVoice) {
    this.from = from;
    this.to = to;
    this.voice = voice;
  }

  describe(from: MediaStream, to: MediaStream, pairs: readonly PayloadPair[]): void {
    this.open = receives(from.direction) && sends(to.direction);
    this.payloads.fill(NOT_AGREED);
    this.repairs.fill(0);
    const [ours, theirs] = [this.from.side, this.to.side];
    for (const pair of pairs) {
      const numbers = pair.also?.side === ours ? [pair[ours], pair.also.payloadType] : [pair[ours]];
      for (const number of numbers) {
        this.payloads[number] = pair[theirs];
        if (isRepair(pair.codec) && !/^red$/i.test(pair.codec.name))
          this.repairs[number] = /^rtx$/i.test(pair.codec.name) ? RETRANSMISSION : REPAIR;
      }
    }
    this.transcode(conversionsOf(pairs, ours));
    this.extensions = renumbering(from.extensions, to.extensions);
    this.midId = to.extensions.get(MID_EXTENSION) ?? 0;
    const wanted = to.mid !== undefined && to.mid.length <= 16 && this.midId > 0 && this.midId <= 14;
    this.mid = wanted ? Uint8Array.from(to.mid as string, (character) => character.charCodeAt(0)) : undefined;
  }

  /** A plain packet, in place; `header` is the length of its header. */
  forward(packet: Uint8Array, length: number, header: number, source: IncomingSource, now: number): void {
    // 1. Who is heard, and the direction.
    const { refused } = this.from;
    if (this.early !== undefined && !this.early.admit(this.voice, now)) {
      refused.count(UNHEARD);
      return;
    }
    if (!this.open) {
      refused.count(HELD);
      return;
    }
    // 2. RFC 3264 section 5.1: each side has its own numbers.
    const type = payloadType(packet);
    const number = this.payloads[type]!;
    if (number === NOT_AGREED) {
      refused.count(UNNEGOTIATED);
      return;
    }
    // 3. Where the codecs of the two sides are not the same, what is sent is made of what came.
    if (this.transcoder !== undefined) {
      this.push(this.transcoder, packet, length, source, now);
      return;
    }
    setPayloadType(packet, number);
    this.send(packet, length, header, this.repairs[type]!, source, now);
  }

  /** Ends it: codecs hold memory. */
  close(): void {
    this.transcode([]);
  }

  private transcode(conversions: readonly Conversion[]): void {
    const wanted = JSON.stringify(conversions);
    if (wanted === this.conversions) return;
    this.conversions = wanted;
    this.transcoder?.close();
    this.transcoder = undefined;
    if (conversions.length > 0)
      this.transcoder = new Transcoder({
        conversions,
        send: (packet, length) => this.send(packet, length, FIXED_HEADER, 0, this.speaker!, this.now),
      });
    // Other numbers from now on.
    this.target?.projection.leave();
    this.target = undefined;
  }

  private push(transcoder: Transcoder, packet: Uint8Array, length: number, source: IncomingSource, now: number): void {
    this.speaker = source;
    this.now = now;
    const { malformed } = transcoder;
    transcoder.push(packet, length, now);
    if (transcoder.malformed > malformed) this.from.refused.count(MALFORMED);
  }

  /** A packet with the other side's payload type; `repair` as in `repairs`. */
  private send(
    packet: Uint8Array,
    length: number,
    header: number,
    repair: number,
    source: IncomingSource,
    now: number,
  ): void {
    const { to, from } = this;
    // 4. RFC 7667 section 3.7: the source is one of ours.
    if (source !== this.source || this.target?.owner !== source) {
      // RFC 3550 section 8.2: what we send there ourselves has come back here, and would for ever.
      if (to.findOutgoing(source.ssrc) !== undefined) {
        from.refused.count(LOOPED);
        return;
      }
      this.source = source;
      this.target = to.outgoingFor(source, repair !== 0, this.transcoder?.clockRate ?? source.rate, now);
      if (this.target !== undefined) this.target.transcoder = this.transcoder;
    }
    const { target } = this;
    if (target === undefined) {
      from.refused.count(EXCESS);
      return;
    }
    if (!target.projection.project(packet, now)) {
      from.refused.count(DISCONTINUOUS);
      return;
    }
    if (repair === RETRANSMISSION) this.renumberOriginal(packet, header, length);
    // 5. RFC 8285: what both sides have agreed on stays.
    let size = length;
    if (hasExtension(packet)) {
      if (this.extensions === undefined) size = removeExtension(packet, length);
      else renumberExtensions(packet, this.extensions);
    }
    const { transport } = to;
    if (this.mid !== undefined && !target.signalled && transport?.bundled)
      size = addExtension(packet, size, this.midId, this.mid);
    // 6. Out.
    target.timestamp = timestamp(packet);
    target.sentAt = now;
    if (transport?.sendRtp(packet, size)) {
      target.packets++;
      target.octets += length - header;
    }
  }

  /** RFC 4588 section 4: a retransmission names the packet that it repeats, by the number that was sent. */
  private renumberOriginal(packet: Uint8Array, header: number, length: number): void {
    const repaired = this.to.outgoing.find(({ repair }) => !repair);
    if (repaired === undefined || length < header + 2) return;
    writeUint16(packet, header, repaired.projection.projectSequence(readUint16(packet, header)));
  }
}

/** The other side's number by this side's; undefined: nothing of it stays. */
function renumbering(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): Uint8Array | undefined {
  let mapping: Uint8Array | undefined;
  for (const [uri, id] of from) {
    const other = to.get(uri);
    if (other === undefined || !END_TO_END_EXTENSIONS.has(uri) || id > 255 || other > 255) continue;
    mapping ??= new Uint8Array(256);
    mapping[id] = other;
  }
  return mapping;
}
