// RFC 7845, as little as ffmpeg needs: Opus packets as an Ogg file, a page for each, and those of such a file.

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let remainder = n << 24;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0);
  return remainder >>> 0;
});

function page(packet: Uint8Array, number: number, granule: number, flags: number): Buffer {
  const lacing = [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255] as number[];
  const head = Buffer.alloc(27 + lacing.length);
  head.write('OggS', 0, 'latin1');
  head[5] = flags;
  head.writeBigUInt64LE(BigInt(granule), 6);
  head.writeUInt32LE(1, 14);
  head.writeUInt32LE(number, 18);
  head[26] = lacing.length;
  head.set(lacing, 27);
  const whole = Buffer.concat([head, packet]);
  let crc = 0;
  for (const octet of whole) crc = ((crc << 8) ^ (CRC[((crc >>> 24) ^ octet) & 0xff] as number)) >>> 0;
  whole.writeUInt32LE(crc, 22);
  return whole;
}

/** `units` of 48 kHz in each packet. */
export function oggOpus(packets: readonly Uint8Array[], units: number): Buffer {
  const head = Buffer.from('OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00', 'latin1');
  const tags = Buffer.from('OpusTags\x06\x00\x00\x00chappe\x00\x00\x00\x00', 'latin1');
  return Buffer.concat([
    page(head, 0, 0, 2),
    page(tags, 1, 0, 0),
    ...packets.map((packet, n) => page(packet, n + 2, (n + 1) * units, n === packets.length - 1 ? 4 : 0)),
  ]);
}

/** Without the two of the header. */
export function opusPackets(file: Buffer): Uint8Array[] {
  const packets: Buffer[] = [];
  let part: Buffer[] = [];
  for (let at = 0; at + 27 <= file.length; ) {
    const count = file[at + 26] as number;
    let start = at + 27 + count;
    for (const length of file.subarray(at + 27, at + 27 + count)) {
      part.push(file.subarray(start, start + length));
      start += length;
      if (length === 255) continue;
      packets.push(Buffer.concat(part));
      part = [];
    }
    at = start;
  }
  return packets.slice(2);
}
