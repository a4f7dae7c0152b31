// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1: which packets of a whole transport came, and when.
import { readUint16, readUint24, readUint32, writeUint16, writeUint24, writeUint32 } from '../octets.ts';
import { TRANSPORT_FEEDBACK } from './packet-type.ts';
import { rtcpPacket } from './rtcp-packet.ts';

export const TWCC_FORMAT = 15;

export interface TransportWideFeedback {
  type: 'TWCC';
  sender: number;
  media: number;
  /** The first transport-wide sequence number reported on, and how many follow each other from there. */
  base: number;
  count: number;
  /** In 64 ms: 24 bits. */
  referenceTime: number;
  /** Of the feedback packets: 8 bits. */
  feedbackCount: number;
  /** Of those only that came, ascending; `delta` since the one before, or the reference time, in 250 us. */
  received: { sequence: number; delta: number }[];
}

const RUN_LENGTH_MOST = 0x1fff;

/** Undefined: malformed. What it costs is bounded by its octets: packets that did not come cost nothing. */
export function parseTransportWide(body: Uint8Array): TransportWideFeedback | undefined {
  if (body.length < 16) return undefined;
  const base = readUint16(body, 8);
  const count = readUint16(body, 10);
  // 1. The chunks of status symbols. A symbol is the octets of its delta: 0 not received, 1, 2; 3 is reserved.
  const runs: { first: number; symbol: number; length: number }[] = [];
  let at = 16;
  for (let covered = 0; covered < count; at += 2) {
    if (at + 2 > body.length) return undefined;
    const chunk = readUint16(body, at);
    if (chunk < 0x8000) {
      const length = Math.min(chunk & RUN_LENGTH_MOST, count - covered);
      if (length === 0) return undefined;
      runs.push({ first: covered, symbol: (chunk >> 13) & 3, length });
      covered += length;
    } else {
      const twoBits = (chunk & 0x4000) !== 0;
      const symbols = twoBits ? 7 : 14;
      for (let index = 0; index < symbols && covered < count; index++, covered++) {
        const symbol = twoBits ? (chunk >> (2 * (6 - index))) & 3 : (chunk >> (13 - index)) & 1;
        if (symbol !== 0) runs.push({ first: covered, symbol, length: 1 });
      }
    }
  }
  // 2. The deltas.
  const received: TransportWideFeedback['received'] = [];
  for (const { first, symbol, length } of runs) {
    if (symbol === 0) continue;
    if (symbol === 3 || at + symbol * length > body.length) return undefined;
    for (let index = 0; index < length; index++, at += symbol) {
      const delta = symbol === 1 ? body[at]! : (readUint16(body, at) << 16) >> 16;
      received.push({ sequence: (base + first + index) & 0xffff, delta });
    }
  }
  return {
    type: 'TWCC',
    sender: readUint32(body, 0),
    media: readUint32(body, 4),
    base,
    count,
    referenceTime: readUint24(body, 12),
    feedbackCount: body[15]!,
    received,
  };
}

/** Deltas must be of 16 bits: who reports on longer silences sends more packets. */
export function serializeTransportWide(feedback: TransportWideFeedback): Uint8Array {
  const { base, count, received } = feedback;
  const symbols = new Uint8Array(count);
  for (const { sequence, delta } of received) symbols[(sequence - base) & 0xffff] = delta >= 0 && delta <= 255 ? 1 : 2;
  const chunks = statusChunks(symbols);
  const deltas = received.reduce((octets, { delta }) => octets + (delta >= 0 && delta <= 255 ? 1 : 2), 0);
  const body = new Uint8Array(16 + 2 * chunks.length + deltas);
  writeUint32(body, 0, feedback.sender);
  writeUint32(body, 4, feedback.media);
  writeUint16(body, 8, base);
  writeUint16(body, 10, count);
  writeUint24(body, 12, feedback.referenceTime);
  body[15] = feedback.feedbackCount;
  let at = 16;
  for (const chunk of chunks) {
    writeUint16(body, at, chunk);
    at += 2;
  }
  for (const { delta } of received) {
    if (delta >= 0 && delta <= 255) body[at++] = delta;
    else {
      writeUint16(body, at, delta);
      at += 2;
    }
  }
  return rtcpPacket(TRANSPORT_FEEDBACK, TWCC_FORMAT, body);
}

/** Runs of equal symbols where they are longer than a vector's 7, else vectors of two bits. */
function statusChunks(symbols: Uint8Array): number[] {
  const chunks: number[] = [];
  for (let at = 0; at < symbols.length; ) {
    let run = 1;
    while (at + run < symbols.length && symbols[at + run] === symbols[at] && run < RUN_LENGTH_MOST) run++;
    if (run >= 7 || at + run === symbols.length) {
      chunks.push((symbols[at]! << 13) | run);
      at += run;
      continue;
    }
    let vector = 0xc000;
    for (let index = 0; index < 7; index++) vector |= (symbols[at + index] ?? 0) << (2 * (6 - index));
    chunks.push(vector);
    at += 7;
  }
  return chunks;
}
