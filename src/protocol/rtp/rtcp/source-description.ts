// RFC 3550 section 6.5 SDES, and 6.6 BYE.
import type { ByteString } from '../../byte-string.ts';
import { readUint32, writeUint32 } from '../octets.ts';
import { GOODBYE, SOURCE_DESCRIPTION } from './packet-type.ts';
import { rtcpPacket } from './rtcp-packet.ts';

/** Items: 1 CNAME, 2 NAME, 3 EMAIL, 4 PHONE, 5 LOC, 6 TOOL, 7 NOTE, 8 PRIV; 15 is the MID of RFC 8843. */
export const CNAME = 1;

export interface SourceDescription {
  type: 'SDES';
  chunks: { ssrc: number; items: { type: number; text: ByteString }[] }[];
}

export interface Goodbye {
  type: 'BYE';
  sources: number[];
  reason?: ByteString;
}

/** Undefined: malformed. */
export function parseSourceDescription(count: number, body: Uint8Array): SourceDescription | undefined {
  const chunks: SourceDescription['chunks'] = [];
  let at = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    if (at + 8 > body.length) return undefined;
    const items: { type: number; text: ByteString }[] = [];
    const ssrc = readUint32(body, at);
    at += 4;
    for (;;) {
      if (at >= body.length) return undefined;
      const type = body[at]!;
      if (type === 0) break;
      const end = at + 2 + (body[at + 1] ?? 0);
      if (at + 2 > body.length || end > body.length) return undefined;
      items.push({ type, text: text(body, at + 2, end) });
      at = end;
    }
    // One zero octet at least, and on to the next multiple of 4.
    at = (at + 4) & ~3;
    chunks.push({ ssrc, items });
  }
  return { type: 'SDES', chunks };
}

export function serializeSourceDescription({ chunks }: SourceDescription): Uint8Array {
  const octets: number[] = [];
  for (const { ssrc, items } of chunks) {
    octets.push(ssrc >>> 24, (ssrc >>> 16) & 0xff, (ssrc >>> 8) & 0xff, ssrc & 0xff);
    for (const item of items) {
      const value = item.text.slice(0, 255);
      octets.push(item.type, value.length);
      for (let i = 0; i < value.length; i++) octets.push(value.charCodeAt(i));
    }
    do octets.push(0);
    while (octets.length % 4 !== 0);
  }
  return rtcpPacket(SOURCE_DESCRIPTION, chunks.length, Uint8Array.from(octets));
}

export function parseGoodbye(count: number, body: Uint8Array): Goodbye | undefined {
  if (body.length < 4 * count) return undefined;
  const sources = Array.from({ length: count }, (_, index) => readUint32(body, 4 * index));
  if (body.length === 4 * count) return { type: 'BYE', sources };
  const end = 4 * count + 1 + body[4 * count]!;
  return end > body.length ? undefined : { type: 'BYE', sources, reason: text(body, 4 * count + 1, end) };
}

export function serializeGoodbye({ sources, reason }: Goodbye): Uint8Array {
  const value = reason?.slice(0, 255);
  const body = new Uint8Array(4 * sources.length + (value === undefined ? 0 : 1 + value.length));
  sources.forEach((ssrc, index) => {
    writeUint32(body, 4 * index, ssrc);
  });
  if (value !== undefined) {
    body[4 * sources.length] = value.length;
    for (let i = 0; i < value.length; i++) body[4 * sources.length + 1 + i] = value.charCodeAt(i);
  }
  return rtcpPacket(GOODBYE, sources.length, body);
}

function text(octets: Uint8Array, start: number, end: number): ByteString {
  let characters = '';
  for (let i = start; i < end; i++) characters += String.fromCharCode(octets[i]!);
  return characters;
}
