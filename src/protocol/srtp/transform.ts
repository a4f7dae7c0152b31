import type { Source } from './source.ts';

/**
 * RFC 3711 section 4: how packets are encrypted and authenticated, in place. Both sides give the packet's index; nothing here
 * remembers one. `header` is the length of the RTP header.
 */
export interface Transform {
  /** The protected packet's length. There is room for it. */
  protect(packet: Uint8Array, header: number, length: number, source: Source, index: number): number;
  /** The plain packet's length; -1: the tag is wrong, and the packet is as it came. */
  unprotect(packet: Uint8Array, header: number, length: number, source: Source, index: number): number;
  protectRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number;
  unprotectRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number;
}

/** Of RTCP, the header and the sender's SSRC stay in the clear. */
export const RTCP_CLEAR = 8;
/** The E bit, in the octet that it shares with the index (RFC 3711 section 3.4). */
export const E_BIT = 0x8000_0000;
