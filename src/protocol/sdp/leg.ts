// What a translation writes into the descriptions of one dialog side: where media is received here, and how it is kept secret.
import type { Codec } from './codec.ts';
import type { SdesSuite } from './crypto-attribute.ts';
import type { Fingerprint } from './dtls-attributes.ts';
import type { IceCredentials } from './ice.ts';

export interface Place {
  address: string;
  port: number;
  /** Where RTCP comes without rtcp-mux; RTP's port and one when left out. */
  rtcpPort?: number;
}

export interface LegTransport extends Place {
  /** Further addresses of this transport, offered as candidates where ICE is used. */
  others?: readonly Place[];
}

export interface SdesKey {
  suite: SdesSuite;
  /** Master key and salt, base64. */
  key: string;
}

interface AnyLeg {
  /** Number of the session in our o= (RFC 8866 section 5.2): digits, not guessable, one for each dialog side. */
  sessionId: string;
  /**
   * Where the section at this position is received. Sections in one bundle ask for that of the tagged section. The same
   * question has the same answer as long as the dialog lasts.
   */
  transport(index: number): LegTransport;
  /** Our ICE-lite credentials; asked for `generation` + 1 when the peer restarts ICE. Needed by a WebRTC leg. */
  ice?(generation: number): IceCredentials;
  /** Needed by a WebRTC leg and by a phone's with DTLS. */
  fingerprint?: Fingerprint;
  /** Our DTLS role where the offer leaves it open. `passive` for phones, whose answer may come late; `active` otherwise. */
  setup?: 'active' | 'passive';
  /** Which codecs are offered to this leg; all when left out. */
  codecs?(codec: Codec, kind: string): boolean;
  /**
   * Codecs that are offered to this leg beside those of the other one, if media may be transcoded (`transcoding.ts`): some of
   * Opus, PCMU, PCMA, G722. Asked when nothing else might be understood; none when left out.
   */
  transcode?(): readonly Codec[];
}

export interface WebRtcLeg extends AnyLeg {
  type: 'webrtc';
  ice(generation: number): IceCredentials;
  fingerprint: Fingerprint;
  /** msid of what comes from here, so that the page gets its tracks in one stream (RFC 8830). */
  stream: string;
  /** The SSRC under which this section's media is sent, if it is rewritten, and that of its retransmissions (RFC 4588). */
  source?(index: number): { ssrc: number; cname: string; repair?: number } | undefined;
  /** Feedback that is answered or mapped here for video, whatever the other leg speaks. */
  feedback?: readonly string[];
  /** URIs of header extensions that end here (mid, transport-wide-cc, abs-send-time). */
  headerExtensions?: readonly string[];
}

export type PhoneProfile = 'RTP/AVP' | 'RTP/AVPF' | 'RTP/SAVP' | 'RTP/SAVPF' | 'UDP/TLS/RTP/SAVP' | 'UDP/TLS/RTP/SAVPF';

export interface PhoneLeg extends AnyLeg {
  type: 'phone';
  /** What is offered; in an answer the phone's own profile stands. */
  profile: PhoneProfile;
  /** Our SDES keys for a section, one a suite. Needed for SAVP and SAVPF. */
  sdes?(index: number): readonly SdesKey[];
  /** Offer rtcp-mux too. An offer's rtcp-mux is accepted in any case. By default with DTLS only. */
  mux?: boolean;
}

export type Leg = WebRtcLeg | PhoneLeg;

/** PLI and FIR: without them a browser neither asks for a key frame nor gives one. */
export const DEFAULT_FEEDBACK: readonly string[] = ['ccm fir', 'nack pli'];
