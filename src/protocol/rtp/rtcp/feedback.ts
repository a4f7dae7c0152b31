// RFC 4585 section 6 NACK and PLI, RFC 5104 section 4.3.1 FIR, draft-alvestrand-rmcat-remb-03 REMB. A feedback message's
// format is in the place of the count; `sender` is who gives it, `media` the source it is about.
import { readUint16, readUint24, readUint32, writeUint16, writeUint32 } from '../octets.ts';
import { PAYLOAD_FEEDBACK, TRANSPORT_FEEDBACK } from './packet-type.ts';
import { rtcpPacket } from './rtcp-packet.ts';

export const NACK_FORMAT = 1;
export const PLI_FORMAT = 1;
export const FIR_FORMAT = 4;
/** Application layer feedback, which REMB is one of. */
export const AFB_FORMAT = 15;

export interface NegativeAcknowledgement {
  type: 'NACK';
  sender: number;
  media: number;
  /** Sequence numbers, ascending modulo 2^16. */
  lost: number[];
}

export interface PictureLossIndication {
  type: 'PLI';
  sender: number;
  media: number;
}

export interface FullIntraRequest {
  type: 'FIR';
  sender: number;
  requests: { ssrc: number; sequence: number }[];
}

/** Receiver estimated maximum bitrate. */
export interface BitrateEstimate {
  type: 'REMB';
  sender: number;
  /** Bits a second; rounded down to 18 significant bits on the wire. */
  bitrate: number;
  sources: number[];
}

const REMB = 0x52454d42;

export function parseNack(body: Uint8Array): NegativeAcknowledgement | undefined {
  if (body.length < 12) return undefined;
  const lost: number[] = [];
  for (let at = 8; at + 4 <= body.length; at += 4) {
    const first = readUint16(body, at);
    const mask = readUint16(body, at + 2);
    lost.push(first);
    for (let bit = 0; bit < 16; bit++) if (mask & (1 << bit)) lost.push((first + bit + 1) & 0xffff);
  }
  return { type: 'NACK', sender: readUint32(body, 0), media: readUint32(body, 4), lost };
}

export function serializeNack({ sender, media, lost }: NegativeAcknowledgement): Uint8Array {
  const items: { first: number; mask: number }[] = [];
  for (const sequence of lost) {
    const item = items.at(-1);
    const after = item === undefined ? 0 : (sequence - item.first) & 0xffff;
    if (item !== undefined && after >= 1 && after <= 16) item.mask |= 1 << (after - 1);
    else items.push({ first: sequence, mask: 0 });
  }
  const body = new Uint8Array(8 + 4 * items.length);
  writeUint32(body, 0, sender);
  writeUint32(body, 4, media);
  items.forEach(({ first, mask }, index) => {
    writeUint16(body, 8 + 4 * index, first);
    writeUint16(body, 10 + 4 * index, mask);
  });
  return rtcpPacket(TRANSPORT_FEEDBACK, NACK_FORMAT, body);
}

export function parsePli(body: Uint8Array): PictureLossIndication | undefined {
  return body.length < 8 ? undefined : { type: 'PLI', sender: readUint32(body, 0), media: readUint32(body, 4) };
}

export function serializePli({ sender, media }: PictureLossIndication): Uint8Array {
  const body = new Uint8Array(8);
  writeUint32(body, 0, sender);
  writeUint32(body, 4, media);
  return rtcpPacket(PAYLOAD_FEEDBACK, PLI_FORMAT, body);
}

export function parseFir(body: Uint8Array): FullIntraRequest | undefined {
  if (body.length < 16) return undefined;
  const requests: FullIntraRequest['requests'] = [];
  for (let at = 8; at + 8 <= body.length; at += 8) {
    requests.push({ ssrc: readUint32(body, at), sequence: body[at + 4]! });
  }
  return { type: 'FIR', sender: readUint32(body, 0), requests };
}

/** The media source of the header is unused: 0. */
export function serializeFir({ sender, requests }: FullIntraRequest): Uint8Array {
  const body = new Uint8Array(8 + 8 * requests.length);
  writeUint32(body, 0, sender);
  requests.forEach(({ ssrc, sequence }, index) => {
    writeUint32(body, 8 + 8 * index, ssrc);
    body[12 + 8 * index] = sequence;
  });
  return rtcpPacket(PAYLOAD_FEEDBACK, FIR_FORMAT, body);
}

/** Undefined: no REMB, or malformed. */
export function parseRemb(body: Uint8Array): BitrateEstimate | undefined {
  if (body.length < 16 || readUint32(body, 8) !== REMB) return undefined;
  const count = body[12]!;
  if (body.length < 16 + 4 * count) return undefined;
  const packed = readUint24(body, 13);
  return {
    type: 'REMB',
    sender: readUint32(body, 0),
    bitrate: (packed & 0x3ffff) * 2 ** (packed >>> 18),
    sources: Array.from({ length: count }, (_, index) => readUint32(body, 16 + 4 * index)),
  };
}

export function serializeRemb({ sender, bitrate, sources }: BitrateEstimate): Uint8Array {
  const listed = sources.slice(0, 255);
  let exponent = 0;
  while (exponent < 63 && Math.floor(bitrate / 2 ** exponent) > 0x3ffff) exponent++;
  const mantissa = Math.min(0x3ffff, Math.floor(bitrate / 2 ** exponent));
  const body = new Uint8Array(16 + 4 * listed.length);
  writeUint32(body, 0, sender);
  writeUint32(body, 8, REMB);
  writeUint32(body, 12, (listed.length << 24) | (exponent << 18) | mantissa);
  listed.forEach((ssrc, index) => {
    writeUint32(body, 16 + 4 * index, ssrc);
  });
  return rtcpPacket(PAYLOAD_FEEDBACK, AFB_FORMAT, body);
}
