// What a description says of the one who wrote it. The profile alone says little: phones write RTP/AVP with ICE, RTP/SAVPF
// with DTLS, UDP/TLS/RTP/SAVPF without ICE.
import type { MediaDescription } from './media-description.ts';
import type { SessionDescription } from './session-description.ts';

export interface Classification {
  /** A browser could take it as it is: ICE, DTLS and rtcp-mux in every live RTP section (RFC 8829 section 5.1.1). */
  webrtc: boolean;
  /** The <proto> of the first live RTP section. */
  profile: string | undefined;
  /** Some live section has ICE credentials. */
  ice: boolean;
  /** Has a BUNDLE group of more than the one. */
  bundle: boolean;
  mux: boolean;
  sdes: boolean;
  dtls: boolean;
  /** `audio`, `video`, ... of the live sections, in order. */
  kinds: readonly string[];
}

export function classify(description: SessionDescription): Classification {
  const live = description.media.filter((section) => !section.rejected);
  const rtp = live.filter((section) => section.profile !== undefined);
  // A bundled section may leave out what its transport has said already (RFC 9143 section 7.1.3).
  const tagged = description.media.find(
    (section) => section.mid !== undefined && section.mid === description.bundle[0],
  );
  const transportOf = (section: MediaDescription): MediaDescription =>
    tagged && section.mid !== undefined && description.bundle.includes(section.mid) && section.ice === undefined
      ? tagged
      : section;
  const every = (has: (section: MediaDescription) => boolean): boolean => live.length > 0 && live.every(has);
  const ice = live.some((section) => transportOf(section).ice !== undefined);
  const dtls = rtp.some((section) => transportOf(section).fingerprints.length > 0);
  return {
    webrtc:
      every((section) => transportOf(section).ice !== undefined && transportOf(section).fingerprints.length > 0) &&
      rtp.every((section) => section.rtcpMux || transportOf(section).rtcpMux),
    profile: rtp[0]?.proto,
    ice,
    bundle: description.bundle.length > 1,
    mux: rtp.length > 0 && rtp.every((section) => section.rtcpMux),
    sdes: rtp.some((section) => section.profile?.secure === true && section.attributes('crypto').length > 0),
    dtls,
    kinds: live.map((section) => section.kind),
  };
}
