// What shares a port with RTP: RFC 7983 section 7 by the first octet, RFC 5761 section 4 by the second.

export type PacketClass = 'stun' | 'zrtp' | 'dtls' | 'channel' | 'rtp' | 'unknown';

const CLASSES: readonly PacketClass[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet <= 3) return 'stun';
  if (octet >= 16 && octet <= 19) return 'zrtp';
  if (octet >= 20 && octet <= 63) return 'dtls';
  if (octet >= 64 && octet <= 79) return 'channel';
  return octet >= 128 && octet <= 191 ? 'rtp' : 'unknown';
});

/** `rtp` is RTP or RTCP, `channel` TURN ChannelData; an empty datagram is `unknown`. */
export function packetClass(datagram: Uint8Array): PacketClass {
  return CLASSES[datagram[0] ?? 255]!;
}

/**
 * Whether a packet of class `rtp` is RTCP: the packet types 192 to 223, which are the payload types 64 to 95 with the marker
 * set; an offer must not use those with rtcp-mux.
 */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}
