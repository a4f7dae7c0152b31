// RFC 3711 sections 3.3 and 3.4, the receiver's side.
import { headerLength, sequenceNumber, ssrc } from '../rtp/header.ts';
import { readUint32 } from '../rtp/octets.ts';
import { createTransform, DEFAULT_SOURCES, type SrtpOptions } from './context.ts';
import { PROFILES } from './profile.ts';
import { MALFORMED, NOT_ENCRYPTED, REPLAYED, TOO_MANY_SOURCES, UNAUTHENTIC } from './refusal.ts';
import { Source, Sources } from './source.ts';
import { E_BIT, RTCP_CLEAR, type Transform } from './transform.ts';

/**
 * Believes what the peer sends. Nothing changes before the tag was found right: a forged packet costs neither memory, nor
 * moves a window or a rollover counter.
 */
export class SrtpReceiver {
  private readonly transform: Transform;
  private readonly tag: number;
  private readonly rtcpTrailer: number;
  /** Where the E bit and the index stand, from the end: AEAD has its tag before them, HMAC behind. */
  private readonly rtcpIndex: number;
  private readonly sources: Sources;
  private readonly rtcpSources: Sources;
  /** Stands for whichever SSRC has sent nothing authentic yet: forged ones make no garbage either. */
  private candidate = new Source(0);

  constructor(options: SrtpOptions) {
    const { tag, rtcpTag } = PROFILES[options.profile];
    this.transform = createTransform(options);
    this.tag = tag;
    this.rtcpTrailer = rtcpTag + 4;
    this.rtcpIndex = options.profile === 'SRTP_AEAD_AES_128_GCM' ? 4 : this.rtcpTrailer;
    this.sources = new Sources(options.sources ?? DEFAULT_SOURCES);
    this.rtcpSources = new Sources(options.sources ?? DEFAULT_SOURCES);
  }

  /** The SRTP packet in the first `length` octets of `packet` becomes RTP in place. Its new length, or why not (refusal.ts). */
  unprotect(packet: Uint8Array, length: number): number {
    if (length > packet.length) return MALFORMED;
    const header = headerLength(packet, length - this.tag);
    if (header < 0) return MALFORMED;
    const id = ssrc(packet);
    const known = this.sources.find(id);
    if (known === undefined && this.sources.full) return TOO_MANY_SOURCES;
    const source = known ?? this.candidateFor(id);
    const index = source.estimate(sequenceNumber(packet));
    if (index < 0 || !source.window.fresh(index)) return REPLAYED;
    const plain = this.transform.unprotect(packet, header, length, source, index);
    if (plain < 0) return UNAUTHENTIC;
    source.window.accept(index);
    if (known === undefined) this.sources.add(source);
    return plain;
  }

  /** The same for SRTCP. */
  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - this.rtcpTrailer;
    if (end < RTCP_CLEAR || length > packet.length || packet[0]! >> 6 !== 2) return MALFORMED;
    const trailer = readUint32(packet, length - this.rtcpIndex);
    if (trailer < E_BIT) return NOT_ENCRYPTED;
    const index = trailer - E_BIT;
    const id = readUint32(packet, 4);
    const known = this.rtcpSources.find(id);
    if (known === undefined && this.rtcpSources.full) return TOO_MANY_SOURCES;
    if (known !== undefined && !known.window.fresh(index)) return REPLAYED;
    const plain = this.transform.unprotectRtcp(packet, length, id, index);
    if (plain < 0) return UNAUTHENTIC;
    const source = known ?? new Source(id);
    source.window.accept(index);
    if (known === undefined) this.rtcpSources.add(source);
    return plain;
  }

  private candidateFor(id: number): Source {
    if (this.candidate.window.highest >= 0) this.candidate = new Source(id);
    this.candidate.ssrc = id;
    return this.candidate;
  }
}
