// RFC 3550 section 6.4.1: the 4 octets that every RTCP packet begins with.
import { writeUint16 } from '../octets.ts';
import { RTCP_HEADER } from './packet-type.ts';

/** `count` is the count of blocks or sources, or the format of feedback. The body is padded with zeros to a multiple of 4. */
export function rtcpPacket(type: number, count: number, body: Uint8Array): Uint8Array {
  const packet = new Uint8Array(RTCP_HEADER + ((body.length + 3) & ~3));
  packet[0] = 0x80 | (count & 0x1f);
  packet[1] = type;
  writeUint16(packet, 2, packet.length / 4 - 1);
  packet.set(body, RTCP_HEADER);
  return packet;
}
