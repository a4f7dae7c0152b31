// A media description without its transport: what is carried from one leg to the other.
import { type Codec, serializeRtpmap } from './codec.ts';
import type { Direction } from './direction.ts';
import { formatParameters } from './format-parameters.ts';
import { type HeaderExtension, serializeHeaderExtension } from './header-extension.ts';
import { attributeLine, type Line } from './line.ts';
import { serializeRtcpFeedback } from './rtcp-feedback.ts';

export interface SectionContent {
  kind: string;
  /** With the numbers of the leg that it is written to. */
  codecs: readonly Codec[];
  /** By payload type. */
  feedback: ReadonlyMap<number, readonly string[]>;
  extensions: readonly HeaderExtension[];
  reducedSizeRtcp: boolean;
  direction: Direction;
  passed: readonly Line[];
}

export function codecLines({ codecs, feedback }: SectionContent): Line[] {
  const lines: Line[] = [];
  for (const codec of codecs) {
    lines.push(attributeLine('rtpmap', serializeRtpmap(codec)));
    if (codec.format !== undefined) lines.push(attributeLine('fmtp', `${codec.payloadType} ${codec.format}`));
    for (const entry of feedback.get(codec.payloadType) ?? [])
      lines.push(attributeLine('rtcp-fb', serializeRtcpFeedback({ payloadType: codec.payloadType, feedback: entry })));
  }
  return lines;
}

export function extensionLines({ extensions }: SectionContent): Line[] {
  return extensions.map((extension) => attributeLine('extmap', serializeHeaderExtension(extension)));
}

/** The format with the payload types that it names translated; undefined when one of them is not carried. */
export function translateFormat(codec: Codec, payloadTypes: ReadonlyMap<number, number>): Codec | undefined {
  const { format, name } = codec;
  if (format === undefined) return codec;
  if (/^rtx$/i.test(name)) {
    const parameters = formatParameters(format);
    const apt = payloadTypes.get(Number(parameters.get('apt')));
    if (apt === undefined) return undefined;
    parameters.set('apt', String(apt));
    return { ...codec, format: [...parameters].map(([key, value]) => `${key}=${value}`).join(';') };
  }
  if (/^red$/i.test(name) && /^\d+(\/\d+)*$/.test(format)) {
    const wrapped = format.split('/').map((payloadType) => payloadTypes.get(Number(payloadType)));
    return wrapped.includes(undefined) ? undefined : { ...codec, format: wrapped.join('/') };
  }
  return codec;
}
