// RFC 6455 section 5.2: one unfragmented data frame, from a server (no mask), in one buffer, so that one write sends it.

export const FIN_TEXT = 0x81;
export const FIN_BINARY = 0x82;
/** A ping without data (section 5.5.2). */
export const PING = Buffer.from([0x89, 0]);

/** Where the payload begins in a frame with so many octets of it. */
export function payloadStart(length: number): 2 | 4 | 10 {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** The first octets of a frame that has its payload, of `length` octets, at `payloadStart(length)`. */
export function writeFrameHead(frame: Buffer, first: typeof FIN_TEXT | typeof FIN_BINARY, length: number): void {
  frame[0] = first;
  if (length < 126) frame[1] = length;
  else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
}
