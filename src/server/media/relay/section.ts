// One media description at one leg: what its peer sends of it, and what is sent to its peer.
import { headerLength, payloadType, sequenceNumber, ssrc, timestamp } from '../../../protocol/rtp/header.ts';
import type { RtcpPacket } from '../../../protocol/rtp/rtcp/compound.ts';
import { serializeCompound } from '../../../protocol/rtp/rtcp/compound.ts';
import { CNAME } from '../../../protocol/rtp/rtcp/source-description.ts';
import { type Codec, isCompanion } from '../../../protocol/sdp/codec.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import type { Side } from '../../../protocol/sdp/payload-map.ts';
import { type IncomingSource, IncomingSources } from './incoming-source.ts';
import { OutgoingSource } from './outgoing-source.ts';
import type { NamedSource } from './plan.ts';
import { MALFORMED, RefusedPackets, UNHEARD, UNNEGOTIATED } from './refused-packets.ts';
import { requestKeyFrame } from './rtcp-translation.ts';
import type { SectionPath } from './section-path.ts';
import type { Shared } from './shared.ts';
import type { Transport } from './transport.ts';

/** Sources sent to one peer in one section, at most. */
const MOST_OUTGOING = 8;
/** A source that was not heard for so long has been replaced by the next one, in milliseconds. */
const REPLACED = 1000;

export class Section {
  readonly side: Side;
  readonly index: number;
  readonly incoming: IncomingSources;
  readonly outgoing: OutgoingSource[] = [];
  readonly refused: RefusedPackets;
  stream: MediaStream | undefined;
  transport: Transport | undefined;
  /** Where what its peer sends goes: one for each early branch. */
  paths: readonly SectionPath[] = [];
  /** What was received: packets, and octets of payload. */
  packets = 0;
  octets = 0;
  /** Of what was heard last, digits and comfort noise aside. */
  lastPayloadType = -1;
  /** Clock rate by payload type; 0: not agreed. */
  readonly rates = new Uint32Array(128);
  /** 1: it comes beside a codec, and does not wrap one. */
  private readonly companions = new Uint8Array(128);
  readonly codecs = new Map<number, Codec>();
  cname = '';
  /** When the next report is due. */
  reportAt = 0;
  private readonly shared: Shared;
  private named: NamedSource | undefined;

  constructor(shared: Shared, side: Side, index: number) {
    this.shared = shared;
    this.side = side;
    this.index = index;
    this.refused = new RefusedPackets(shared.refused);
    this.incoming = new IncomingSources(this);
  }

  /** `codecs` with this side's numbers; `source` is what the description names; `alone` as in Leg.update. */
  describe(stream: MediaStream, codecs: readonly Codec[], source: NamedSource | undefined, alone: boolean): void {
    this.stream = stream;
    if (alone) {
      this.codecs.clear();
      this.rates.fill(0);
    }
    for (const codec of codecs) {
      this.codecs.set(codec.payloadType, codec);
      this.rates[codec.payloadType] = codec.clockRate;
      this.companions[codec.payloadType] = isCompanion(codec) && !/^red$/i.test(codec.name) ? 1 : 0;
    }
    this.named = source;
    this.cname = source?.cname ?? (this.cname || this.randomName());
    const rate = codecs[0]?.clockRate;
    if (rate !== undefined) for (const { projection } of this.outgoing) projection.rate = rate;
  }

  /** A plain packet that this side has sent, in place. */
  receiveRtp(packet: Uint8Array, length: number, now: number): void {
    const header = headerLength(packet, length);
    if (header < 0) {
      this.refused.count(MALFORMED);
      return;
    }
    const type = payloadType(packet);
    const rate = this.rates[type]!;
    if (rate === 0) {
      this.refused.count(UNNEGOTIATED);
      return;
    }
    const sequence = sequenceNumber(packet);
    const authentic = this.transport?.rtp.protection.authentic ?? false;
    const source = this.incoming.receive(ssrc(packet), sequence, authentic, now);
    if (source === undefined) {
      this.refused.count(this.incoming.refusal);
      return;
    }
    source.rate = rate;
    source.statistics.receive(sequence, timestamp(packet), (now * rate) / 1000);
    this.packets++;
    this.octets += length - header;
    if (this.companions[type] === 0) this.lastPayloadType = type;
    const { paths } = this;
    const last = paths.length - 1;
    if (last < 0) {
      this.refused.count(UNHEARD);
      return;
    }
    for (let i = 0; i < last; i++) {
      const { copy } = this.shared;
      copy.set(packet.subarray(0, length));
      paths[i]!.forward(copy, length, header, source, now);
    }
    paths[last]!.forward(packet, length, header, source, now);
  }

  /** Under which source this one is sent to here; undefined: there are too many. */
  outgoingFor(source: IncomingSource, repair: boolean, rate: number, now: number): OutgoingSource | undefined {
    const known = this.outgoing.find(({ owner }) => owner === source);
    if (known) return known;
    const single = this.stream?.kind !== 'video';
    let free = this.outgoing.find((other) => other.repair === repair && (single || replaced(other, source, now)));
    if (free === undefined) {
      if (this.outgoing.length >= MOST_OUTGOING) return undefined;
      free = this.addOutgoing(repair, rate);
    }
    const follows = free.owner !== undefined;
    free.carry(source);
    source.sentAs = free;
    // Who sees another picture now can make nothing of it before it is whole.
    if (follows && !single && !repair) requestKeyFrame(source, now);
    return free;
  }

  /** Who speaks for us in RTCP: our first source here. */
  get speaker(): OutgoingSource {
    return (
      this.outgoing.find(({ repair }) => !repair) ??
      this.addOutgoing(false, this.rates.find((rate) => rate > 0) ?? 8000)
    );
  }

  findOutgoing(id: number): OutgoingSource | undefined {
    return this.outgoing.find((source) => source.ssrc === id);
  }

  removeOutgoing(source: OutgoingSource): void {
    const index = this.outgoing.indexOf(source);
    if (index >= 0) this.outgoing.splice(index, 1);
  }

  /** Whether this side's peer takes such feedback (rtcp-fb). */
  takes(feedback: string): boolean {
    return this.stream?.feedback.includes(feedback) ?? false;
  }

  /** A compound for this side's peer, a source description with it. */
  sendRtcp(packets: readonly RtcpPacket[]): void {
    const { transport, cname } = this;
    if (transport === undefined) return;
    const sources = this.outgoing.filter(({ packets: sent }) => sent > 0).slice(0, MOST_OUTGOING);
    const named = sources.length > 0 ? sources : [this.speaker];
    const description: RtcpPacket = {
      type: 'SDES',
      chunks: named.map(({ ssrc: id }) => ({ ssrc: id, items: [{ type: CNAME, text: cname }] })),
    };
    const [report, ...rest] = packets;
    const octets = serializeCompound([report as RtcpPacket, description, ...rest]);
    this.shared.copy.set(octets);
    transport.sendRtcp(this.shared.copy, octets.length);
  }

  private addOutgoing(repair: boolean, rate: number): OutgoingSource {
    const named = repair ? this.named?.repair : this.named?.ssrc;
    const free = named !== undefined && this.findOutgoing(named) === undefined;
    const id = free ? named : this.randomSsrc();
    const source = new OutgoingSource(this, id, rate, repair, free);
    this.outgoing.push(source);
    return source;
  }

  private randomSsrc(): number {
    const octets = this.shared.ports.primitives.random(4);
    let id = 0;
    for (let i = 0; i < 4; i++) id = id * 256 + octets.charCodeAt(i);
    return id || 1;
  }

  /** RFC 7022 section 4.2. */
  private randomName(): string {
    return this.randomSsrc().toString(16) + this.randomSsrc().toString(16) + this.randomSsrc().toString(16);
  }
}

function replaced({ owner }: OutgoingSource, by: IncomingSource, now: number): boolean {
  return owner === undefined || owner.section !== by.section || now - owner.heardAt > REPLACED;
}
