// RFC 3550 section 6.1 and appendix A.2: compound RTCP packets; also the reduced-size ones of RFC 5506, a packet of any type.
import { readUint16 } from '../octets.ts';
import {
  AFB_FORMAT,
  type BitrateEstimate,
  FIR_FORMAT,
  type FullIntraRequest,
  NACK_FORMAT,
  type NegativeAcknowledgement,
  type PictureLossIndication,
  PLI_FORMAT,
  parseFir,
  parseNack,
  parsePli,
  parseRemb,
  serializeFir,
  serializeNack,
  serializePli,
  serializeRemb,
} from './feedback.ts';
import {
  GOODBYE,
  PAYLOAD_FEEDBACK,
  RECEIVER_REPORT,
  RTCP_HEADER,
  SENDER_REPORT,
  SOURCE_DESCRIPTION,
  TRANSPORT_FEEDBACK,
} from './packet-type.ts';
import {
  parseReceiverReport,
  parseSenderReport,
  type ReceiverReport,
  type SenderReport,
  serializeReport,
} from './report.ts';
import { rtcpPacket } from './rtcp-packet.ts';
import {
  type Goodbye,
  parseGoodbye,
  parseSourceDescription,
  type SourceDescription,
  serializeGoodbye,
  serializeSourceDescription,
} from './source-description.ts';
import {
  parseTransportWide,
  serializeTransportWide,
  type TransportWideFeedback,
  TWCC_FORMAT,
} from './transport-wide.ts';

/** Of a type or format that is unknown here: APP, extended reports, other feedback. */
export interface OtherRtcp {
  type: 'other';
  packetType: number;
  /** Or the format of feedback. */
  count: number;
  /** What follows the first 4 octets: a view. */
  body: Uint8Array;
}

export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Goodbye
  | NegativeAcknowledgement
  | PictureLossIndication
  | FullIntraRequest
  | BitrateEstimate
  | TransportWideFeedback
  | OtherRtcp;

/** A datagram has no room for more that mean anything. */
const MOST_PACKETS = 32;

/** Undefined: malformed in any of its packets, so that nothing of it is believed (A.2). */
export function parseCompound(octets: Uint8Array, length = octets.length): RtcpPacket[] | undefined {
  const packets: RtcpPacket[] = [];
  if (length < RTCP_HEADER || length > octets.length) return undefined;
  for (let at = 0; at < length; ) {
    if (at + RTCP_HEADER > length || packets.length === MOST_PACKETS) return undefined;
    const first = octets[at]!;
    const end = at + RTCP_HEADER + 4 * readUint16(octets, at + 2);
    if (first >> 6 !== 2 || end > length) return undefined;
    let bodyEnd = end;
    if (first & 0x20) {
      // A.2: only the last one may be padded; by a multiple of 4.
      const padding = octets[end - 1]!;
      if (end !== length || padding === 0 || padding % 4 !== 0 || end - padding < at + RTCP_HEADER) return undefined;
      bodyEnd -= padding;
    }
    const packet = parsePacket(octets[at + 1]!, first & 0x1f, octets.subarray(at + RTCP_HEADER, bodyEnd));
    if (!packet) return undefined;
    packets.push(packet);
    at = end;
  }
  return packets;
}

function parsePacket(packetType: number, count: number, body: Uint8Array): RtcpPacket | undefined {
  switch (packetType) {
    case SENDER_REPORT:
      return parseSenderReport(count, body);
    case RECEIVER_REPORT:
      return parseReceiverReport(count, body);
    case SOURCE_DESCRIPTION:
      return parseSourceDescription(count, body);
    case GOODBYE:
      return parseGoodbye(count, body);
    case TRANSPORT_FEEDBACK:
      if (count === NACK_FORMAT) return parseNack(body);
      if (count === TWCC_FORMAT) return parseTransportWide(body);
      break;
    case PAYLOAD_FEEDBACK:
      if (count === PLI_FORMAT) return parsePli(body);
      if (count === FIR_FORMAT) return parseFir(body);
      if (count === AFB_FORMAT) return parseRemb(body) ?? { type: 'other', packetType, count, body };
  }
  return { type: 'other', packetType, count, body };
}

/** Compound rules (a report first, a CNAME) are for whoever chooses the packets. */
export function serializeCompound(packets: readonly RtcpPacket[]): Uint8Array {
  const parts = packets.map(serializePacket);
  const octets = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}

function serializePacket(packet: RtcpPacket): Uint8Array {
  switch (packet.type) {
    case 'SR':
    case 'RR':
      return serializeReport(packet);
    case 'SDES':
      return serializeSourceDescription(packet);
    case 'BYE':
      return serializeGoodbye(packet);
    case 'NACK':
      return serializeNack(packet);
    case 'PLI':
      return serializePli(packet);
    case 'FIR':
      return serializeFir(packet);
    case 'REMB':
      return serializeRemb(packet);
    case 'TWCC':
      return serializeTransportWide(packet);
    case 'other':
      return rtcpPacket(packet.packetType, packet.count, packet.body);
  }
}
