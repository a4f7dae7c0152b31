// RFC 4585 section 4.2, `a=rtcp-fb`.
import type { ByteString } from '../byte-string.ts';
import { parsePayloadType, splitPayloadType } from './codec.ts';

export interface RtcpFeedback {
  payloadType: number | '*';
  /** `nack pli`, `ccm fir`, `transport-cc`, ...: type and parameter, as written. */
  feedback: ByteString;
}

/** Undefined when malformed. */
export function parseRtcpFeedback(value: ByteString): RtcpFeedback | undefined {
  const [format, feedback] = splitPayloadType(value);
  const payloadType = format === '*' ? '*' : parsePayloadType(format);
  const text = feedback.trim();
  return payloadType === undefined || text === '' ? undefined : { payloadType, feedback: text };
}

export function serializeRtcpFeedback({ payloadType, feedback }: RtcpFeedback): ByteString {
  return `${payloadType} ${feedback}`;
}
