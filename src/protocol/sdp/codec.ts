// RFC 8866 sections 6.6 and 6.15, `a=rtpmap` and `a=fmtp`; static payload types of RFC 3551 section 6.
import type { ByteString } from '../byte-string.ts';
import { formatParameters } from './format-parameters.ts';
import { parseH264Format } from './h264-format.ts';

export interface Codec {
  payloadType: number;
  /** As written; names compare without case (RFC 4855 section 3). */
  name: string;
  clockRate: number;
  /** Audio channels; 1 where nothing is said. */
  channels: number;
  /** Every `a=fmtp` of it, joined by `;`, or undefined. */
  format?: ByteString;
}

/** RFC 3551 tables 4 and 5. */
const STATIC: Readonly<Record<number, readonly [name: string, clockRate: number, channels?: number]>> = {
  0: ['PCMU', 8000],
  3: ['GSM', 8000],
  4: ['G723', 8000],
  5: ['DVI4', 8000],
  6: ['DVI4', 16_000],
  7: ['LPC', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  10: ['L16', 44_100, 2],
  11: ['L16', 44_100],
  12: ['QCELP', 8000],
  13: ['CN', 8000],
  14: ['MPA', 90_000],
  15: ['G728', 8000],
  16: ['DVI4', 11_025],
  17: ['DVI4', 22_050],
  18: ['G729', 8000],
  25: ['CelB', 90_000],
  26: ['JPEG', 90_000],
  28: ['nv', 90_000],
  31: ['H261', 90_000],
  32: ['MPV', 90_000],
  33: ['MP2T', 90_000],
  34: ['H263', 90_000],
};

const RTPMAP = /^(\d{1,3})\s+([^\s/]{1,64})\/(\d{1,9})(?:\/(\d{1,3}))?\s*$/;

/** Payload type 0 to 127 as written in an "m=" line or an attribute. */
export function parsePayloadType(text: string): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const payloadType = Number(text);
  return payloadType <= 127 ? payloadType : undefined;
}

/** The first word of an attribute value that starts with a payload type (`*` for all), and the rest. */
export function splitPayloadType(value: ByteString): [payloadType: string, rest: ByteString] {
  const match = /^(\S+)[ \t]*/.exec(value);
  return match ? [match[1] as string, value.slice(match[0].length)] : ['', ''];
}

/** Undefined when malformed. */
export function parseRtpmap(value: ByteString): Codec | undefined {
  const match = RTPMAP.exec(value);
  const payloadType = parsePayloadType(match?.[1] ?? '');
  if (!match || payloadType === undefined) return undefined;
  return { payloadType, name: match[2] as string, clockRate: Number(match[3]), channels: Number(match[4] ?? 1) || 1 };
}

export function serializeRtpmap(codec: Codec): ByteString {
  const channels = codec.channels > 1 ? `/${codec.channels}` : '';
  return `${codec.payloadType} ${codec.name}/${codec.clockRate}${channels}`;
}

/** The codec of a format that has no rtpmap. Undefined for a dynamic one: nobody can know what it is. */
export function staticCodec(payloadType: number): Codec | undefined {
  const entry = STATIC[payloadType];
  return entry && { payloadType, name: entry[0], clockRate: entry[1], channels: entry[2] ?? 1 };
}

const OPTIONAL_CHANNELS = new Set(['telephone-event', 'cn']);

/**
 * Two codecs are one when their keys are (RFC 3264 section 6.1): name, clock rate, channels, and those format parameters
 * that make another codec of it: H.264 packetization mode and profile, VP9 and AV1 profile. A telephone-event is one for
 * each clock rate (RFC 4733 section 7.1.1 wants that of its audio).
 */
export function codecKey(codec: Codec): string {
  const name = codec.name.toLowerCase();
  const channels = OPTIONAL_CHANNELS.has(name) ? 1 : codec.channels;
  return `${name}/${codec.clockRate}/${channels}${formatKey(name, codec.format)}`;
}

export function sameCodec(one: Codec, other: Codec): boolean {
  return codecKey(one) === codecKey(other);
}

function formatKey(name: string, format: ByteString | undefined): string {
  if (name === 'h264') {
    const { packetizationMode, profile } = parseH264Format(format);
    return `/${packetizationMode}/${profile ?? format}`;
  }
  if (name === 'vp9') return `/${formatParameters(format).get('profile-id') ?? '0'}`;
  if (name === 'av1') return `/${formatParameters(format).get('profile') ?? '0'}`;
  return '';
}

/** Formats that repair or wrap another one: RFC 4588, 2198, 5109, 8627. */
export function isRepair(codec: Codec): boolean {
  return /^(rtx|red|ulpfec|flexfec(-\d+)?|parityfec)$/i.test(codec.name);
}

/** Formats that come beside the codec and never instead of it: telephone-event, tone (RFC 4733), comfort noise (RFC 3389). */
export function isCompanion(codec: Codec): boolean {
  return /^(telephone-event|tone|cn)$/i.test(codec.name) || isRepair(codec);
}

/** The payload types that a repair format names: `apt=96` of rtx, `111/111` of red. */
export function repairedBy(codec: Codec): number[] {
  const apt = formatParameters(codec.format).get('apt');
  if (/^rtx$/i.test(codec.name)) return apt === undefined ? [] : [Number(apt)];
  if (/^red$/i.test(codec.name) && codec.format !== undefined && /^\d+(\/\d+)*$/.test(codec.format))
    return codec.format.split('/').map(Number);
  return [];
}
