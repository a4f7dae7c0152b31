// ChannelData (RFC 8656 section 12.4): a number, a length, and the data itself.

export const CHANNEL_DATA_HEADER = 4;

export const FIRST_CHANNEL = 0x4000;
/** COMPAT: RFC 8656 ends at 0x4FFF, RFC 5766 at 0x7FFE, and coturn's client picks from all of the latter. */
export const LAST_CHANNEL = 0x7ffe;

/** Whether a message that begins with this octet is ChannelData; STUN messages begin with 0 to 3. */
export function isChannelData(first: number): boolean {
  return first >= 0x40 && first <= 0x7f;
}

/** How long the data is that the header promises; -1: the message is shorter than that. What follows is padding. */
export function channelDataLength(message: Uint8Array): number {
  if (message.length < CHANNEL_DATA_HEADER) return -1;
  const length = ((message[2] as number) << 8) | (message[3] as number);
  return length + CHANNEL_DATA_HEADER <= message.length ? length : -1;
}

/** Octets of a whole message with so much data; over a stream it is padded to a multiple of four. */
export function channelDataSize(length: number, padded: boolean): number {
  return CHANNEL_DATA_HEADER + (padded ? (length + 3) & ~3 : length);
}

/** Fills `target`, which has the size that channelDataSize says. */
export function writeChannelData(target: Uint8Array, channel: number, data: Uint8Array): void {
  const { length } = data;
  target[0] = channel >> 8;
  target[1] = channel & 0xff;
  target[2] = length >> 8;
  target[3] = length & 0xff;
  target.set(data, CHANNEL_DATA_HEADER);
  for (let at = CHANNEL_DATA_HEADER + length; at < target.length; at++) target[at] = 0;
}
