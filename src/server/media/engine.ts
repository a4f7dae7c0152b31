// The one port by which signalling has media relayed. `embedded/` answers it in this process, `rtpengine/` by asking
// rtpengine: descriptions go in, descriptions come out, and what lies between is the engine's own.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { PhoneProfile } from '../../protocol/sdp/leg.ts';
import type { Side } from '../../protocol/sdp/payload-map.ts';

/** One dialog side, as far as media is concerned. */
export interface MediaParty {
  /** How descriptions for it are written. What it writes itself is read whatever it is. */
  profile: 'webrtc' | PhoneProfile;
  /** A phone that is known to speak ICE, or known not to. */
  ice?: boolean;
  /** IP address its signalling comes from: its plain RTP may come from there too, whatever its description says. */
  address: string;
}

export interface MediaCallOptions {
  callId: ByteString;
  callerTag: ByteString;
  caller: MediaParty;
  /** Canonical name of the account that pays for it in quotas; undefined: another domain's. */
  account?: string;
}

export type MediaEvent =
  /** Nothing was heard from a side for the configured time, or ICE consent was lost and did not come back. */
  | { type: 'silent'; side: Side }
  /** The engine cannot go on with it: a worker died, rtpengine is gone, a DTLS handshake failed. */
  | { type: 'failed'; reason: string };

/** One section at one side, over the whole call. Times in milliseconds, counts of packets and octets of RTP. */
export interface LegStatistics {
  side: Side;
  /** `audio`, `video`. */
  kind: string;
  /** Encoding name of what was heard last (`opus`, `PCMU`); undefined: nothing was. */
  codec: string | undefined;
  /** `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, ... */
  profile: string;
  /** What this side sent us. */
  received: { packets: number; octets: number; lost: number; jitter: number };
  /** What we sent it, and what it reports of that; undefined: it reports nothing. */
  sent: { packets: number; octets: number; lost: number | undefined; jitter: number | undefined };
  roundTrip: number | undefined;
  /** Refused packets by reason (`unauthentic`, `replayed`, `stranger`, `malformed`): only those above zero. */
  dropped: Readonly<Record<string, number>>;
}

/** One INVITE whose media may run through here: the caller's side of all its branches. */
export interface MediaCall {
  /**
   * A target of the INVITE, or the same one tried again with another profile: each has a callee side of its own, while the
   * caller's transports and keys are the same for all, so that a caller with one RTCPeerConnection hears whoever answers.
   */
  branch(callee: MediaParty, onEvent: (event: MediaEvent) => void): MediaBranch;
}

/**
 * One dialog, early or confirmed. Descriptions are to be given one after another, each when the one before it has been
 * answered. Promises reject with ProtocolError: 400, 488 (nothing of it can be carried), 491 (RFC 3264 glare), 500, 503 (no
 * ports, no engine); after a rejected `answer` the call cannot go on.
 */
export interface MediaBranch {
  /** An offer from that side; the description for the other. Again while it waits (a retried branch): it replaces the first. */
  offer(from: Side, description: ByteString): Promise<ByteString>;
  /** The answer to the last offer. It may come again (18x, then 2xx), and then has the same translation. */
  answer(from: Side, description: ByteString): Promise<ByteString>;
  /** The last offer had a final response that is no 2xx: what was agreed before it holds again (RFC 3264 section 4). */
  reject(): void;
  /** Another early dialog of the same branch: a proxy behind it has forked. */
  fork(onEvent: (event: MediaEvent) => void): MediaBranch;
  /** It was answered 2xx: the caller hears this one from now on. Until then whoever sent early media last is heard. */
  confirm(): void;
  /** As it is now, for the inspector. */
  statistics(): Promise<LegStatistics[]>;
  /** Ends it; the caller's side goes with the last branch. The final figures. Idempotent. */
  close(): Promise<LegStatistics[]>;
}

/** For /metrics. Counters but for `calls`. */
export interface MediaMetrics {
  /** Branches that are open. */
  calls: number;
  packets: number;
  octets: number;
  /** By reason, as in LegStatistics. */
  dropped: Readonly<Record<string, number>>;
  /** Calls that could not be had: no ports, too many, no engine. */
  refused: number;
  /** Calls that the engine ended: worker death, silence. */
  failed: number;
}

export interface MediaEngine {
  readonly name: 'embedded' | 'rtpengine';
  open(options: MediaCallOptions): MediaCall;
  /** Whether a phone at that IP address can send its media here: IPv4 and IPv6 are configured each for itself. */
  reaches(address: string): boolean;
  metrics(): MediaMetrics;
  close(): Promise<void>;
}
