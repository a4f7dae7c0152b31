// The <proto> of an "m=" line: RFC 3551 (AVP), 4585 (AVPF), 3711 (SAVP), 5124 (SAVPF), 5764 section 8 (UDP/TLS/...).

export interface RtpProfile {
  /** As written: an answer repeats it. */
  proto: string;
  /** SAVP or SAVPF: SRTP by SDES or DTLS. */
  secure: boolean;
  /** AVPF or SAVPF: early feedback (RFC 4585). */
  feedback: boolean;
  /** The name itself says DTLS. */
  dtls: boolean;
}

const PROFILE = /^(UDP\/TLS\/|TCP\/DTLS\/|TCP\/TLS\/)?RTP\/(S?)AVP(F?)$/i;

/** The RTP profile that `proto` names; undefined for anything else (`UDP/DTLS/SCTP`, `udptl`, `TCP/MSRP`, ...). */
export function parseProfile(proto: string): RtpProfile | undefined {
  const match = PROFILE.exec(proto);
  if (!match) return undefined;
  const dtls = match[1] !== undefined;
  if (dtls && match[2] === '') return undefined;
  return { proto, secure: match[2] !== '', feedback: match[3] !== '', dtls };
}
