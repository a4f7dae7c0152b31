// RFC 3711 sections 3.3 and 3.4, the sender's side.
import { headerLength, sequenceNumber, ssrc } from '../rtp/header.ts';
import { readUint32 } from '../rtp/octets.ts';
import { createTransform, DEFAULT_SOURCES, type SrtpOptions } from './context.ts';
import { PROFILES } from './profile.ts';
import { EXHAUSTED, MALFORMED, REPLAYED, TOO_MANY_SOURCES } from './refusal.ts';
import { Source, Sources } from './source.ts';
import { RTCP_CLEAR, type Transform } from './transform.ts';

const MOST_INDEX = 2 ** 48 - 1;
const MOST_RTCP_INDEX = 2 ** 31 - 1;

/**
 * Protects what this side sends. A sequence number is never protected twice, since two payloads under one keystream give
 * both away; nor is a source ever forgotten, for the same reason. Who relays a stream that begins anew renumbers it.
 */
export class SrtpSender {
  private readonly transform: Transform;
  private readonly growth: number;
  private readonly rtcpGrowth: number;
  private readonly sources: Sources;
  private rtcpIndex = 0;

  constructor(options: SrtpOptions) {
    const { tag, rtcpTag } = PROFILES[options.profile];
    this.transform = createTransform(options);
    this.growth = tag;
    this.rtcpGrowth = rtcpTag + 4;
    this.sources = new Sources(options.sources ?? DEFAULT_SOURCES);
  }

  /**
   * The RTP packet in the first `length` octets of `packet` becomes SRTP in place. Its new length, or why not (refusal.ts).
   * Throws RangeError: the buffer has no room for the tag (MOST_GROWTH octets are always enough).
   */
  protect(packet: Uint8Array, length: number): number {
    const header = headerLength(packet, length);
    if (header < 0) return MALFORMED;
    if (length + this.growth > packet.length) throw noRoom();
    const id = ssrc(packet);
    let source = this.sources.find(id);
    if (source === undefined) {
      if (this.sources.full) return TOO_MANY_SOURCES;
      source = new Source(id);
      this.sources.add(source);
    }
    const index = source.estimate(sequenceNumber(packet));
    if (index < 0 || !source.window.fresh(index)) return REPLAYED;
    if (index > MOST_INDEX) return EXHAUSTED;
    source.window.accept(index);
    return this.transform.protect(packet, header, length, source, index);
  }

  /** The same for a compound RTCP packet; all SSRCs count with one index. */
  protectRtcp(packet: Uint8Array, length: number): number {
    if (length < RTCP_CLEAR || length > packet.length || packet[0]! >> 6 !== 2) return MALFORMED;
    if (length + this.rtcpGrowth > packet.length) throw noRoom();
    if (this.rtcpIndex === MOST_RTCP_INDEX) return EXHAUSTED;
    this.rtcpIndex++;
    return this.transform.protectRtcp(packet, length, readUint32(packet, 4), this.rtcpIndex);
  }
}

function noRoom(): RangeError {
  return new RangeError('The buffer has no room for the authentication tag.');
}
