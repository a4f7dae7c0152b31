// What the thread that makes descriptions tells the thread that relays: plain values, which a structured clone carries.
import type { IceCredentials } from '../../../protocol/ice/credentials.ts';
import type { Side } from '../../../protocol/sdp/payload-map.ts';
import type { TranslatedSection } from '../../../protocol/sdp/session-translation.ts';

/** Names a UDP socket of the relaying thread. `mux` is the one that all WebRTC legs share. */
export type SocketName = string;

/** Where one section, or a whole bundle, is received at one side (RFC 8843: a transport). */
export interface TransportPlan {
  /** Position of the section whose transport it is: MediaStream.transportIndex. */
  index: number;
  /** Socket of RTP; `mux` for a WebRTC leg. */
  socket: SocketName;
  /** Socket of RTCP where it is not multiplexed; none for a WebRTC leg. */
  rtcpSocket?: SocketName;
  /** Our ICE-lite credentials of the latest generation, where candidates were offered. */
  ice?: { generation: number; local: IceCredentials };
}

export interface NamedSource {
  ssrc: number;
  cname: string;
  /** RFC 4588. */
  repair?: number;
}

export interface SidePlan {
  type: 'webrtc' | 'phone';
  /** IP address of its signalling: plain RTP may be latched to it (RFC 7362 section 4). */
  address: string;
  transports: readonly TransportPlan[];
  /** By section: under which SSRC and cname its media is sent, and its retransmissions, as the description says. */
  sources: readonly (NamedSource | undefined)[];
}

/** All that a branch is, anew after each description: the relay finds out what has changed. */
export interface BranchPlan {
  call: string;
  branch: string;
  caller: SidePlan;
  callee: SidePlan;
  sections: readonly TranslatedSection[];
  /** Answered 2xx: what the caller sends goes here alone, and it hears nobody else. */
  confirmed: boolean;
}

export type RelayEvent =
  | { type: 'silent'; branch: string; side: Side }
  | { type: 'failed'; branch: string; reason: string };
