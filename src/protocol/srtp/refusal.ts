// Why a packet was not protected or not believed: negative, where a packet's new length is not.

/** No RTP or RTCP, or too short for its tag. */
export const MALFORMED = -1;
/** Its index was seen, or is older than the replay window. */
export const REPLAYED = -2;
/** The tag is wrong. */
export const UNAUTHENTIC = -3;
/** One more SSRC than the bound of this session. */
export const TOO_MANY_SOURCES = -4;
/** RFC 3711 section 9.2: 2^48 packets, or 2^31 of RTCP; the key must be replaced. */
export const EXHAUSTED = -5;
/** An SRTCP packet whose E bit is clear: everybody here encrypts. */
export const NOT_ENCRYPTED = -6;
