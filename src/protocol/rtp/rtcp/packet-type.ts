// RFC 3550 section 12.1, RFC 4585 section 6.1.
export const SENDER_REPORT = 200;
export const RECEIVER_REPORT = 201;
export const SOURCE_DESCRIPTION = 202;
export const GOODBYE = 203;
export const APPLICATION = 204;
/** RTPFB. */
export const TRANSPORT_FEEDBACK = 205;
/** PSFB. */
export const PAYLOAD_FEEDBACK = 206;

/** Of each packet of a compound: version, count or format, type, length; and the SSRC that most begin with. */
export const RTCP_HEADER = 4;
