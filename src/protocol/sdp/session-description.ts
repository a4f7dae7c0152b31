// RFC 8866: a session description as one scan of its lines. Order and unknown lines stay.
import type { ByteString } from '../byte-string.ts';
import { type Origin, parseConnection, parseOrigin } from './connection.ts';
import { type Group, parseGroup } from './group.ts';
import { DESCRIPTION_LIMITS, type DescriptionLimits } from './limits.ts';
import { type Line, LineBlock } from './line.ts';
import { MediaDescription, parseMediaLine, serializeMediaLine } from './media-description.ts';
import { malformed, tooMany } from './sdp-error.ts';

export class SessionDescription extends LineBlock {
  readonly media: readonly MediaDescription[];

  /** `lines` are those before the first "m=" line. */
  constructor(lines: readonly Line[], media: readonly MediaDescription[]) {
    super(lines);
    this.media = media;
  }

  get origin(): Origin {
    return parseOrigin(this.value('o') ?? '');
  }

  get groups(): Group[] {
    return this.attributes('group')
      .map(parseGroup)
      .filter((group) => group !== undefined);
  }

  /** The mids of the first BUNDLE group, in its order; empty: nothing is bundled. */
  get bundle(): readonly string[] {
    return this.groups.find(({ semantics }) => semantics === 'BUNDLE')?.mids ?? [];
  }

  get iceLite(): boolean {
    return this.has('ice-lite');
  }
}

/** Throws ProtocolError: what it breaks, or which bound. Attributes are read when they are asked for. */
export function parseDescription(text: ByteString, limits: Partial<DescriptionLimits> = {}): SessionDescription {
  const bounds = { ...DESCRIPTION_LIMITS, ...limits };
  if (text.length > bounds.size) throw tooMany('octets');
  const lines = splitLines(text, bounds.lines);
  if (lines[0]?.type !== 'v' || lines[0].value.trim() !== '0') throw malformed('v=');

  let end = lines.findIndex(({ type }) => type === 'm');
  if (end < 0) end = lines.length;
  const sessionLines = lines.slice(0, end);
  const session = new LineBlock(sessionLines);
  const origin = session.value('o');
  if (origin === undefined) throw malformed('o=');
  parseOrigin(origin);
  // COMPAT: s= and t= are mandatory (section 5); what lacks them is still understood.

  const media: MediaDescription[] = [];
  for (let at = end; at < lines.length; ) {
    if (media.length === bounds.media) throw tooMany('media descriptions');
    const start = at++;
    while (at < lines.length && lines[at]?.type !== 'm') at++;
    const line = parseMediaLine(lines[start]?.value ?? '', bounds.formats + 1);
    if (line.formats.length > bounds.formats) throw tooMany('formats');
    const description = new MediaDescription(line, lines.slice(start + 1, at), session);
    if (description.attributes('candidate').length > bounds.candidates) throw tooMany('candidates');
    media.push(description);
  }
  for (const line of lines) if (line.type === 'c') parseConnection(line.value);
  for (const section of media) check(section);
  return new SessionDescription(sessionLines, media);
}

/** What a section must have to be talked about at all. */
function check(section: MediaDescription): void {
  if (section.port !== 0 && section.connection === undefined) throw malformed('no c=');
  if (section.profile !== undefined) void section.codecs; // payload types out of range
  void section.rtcp; // an address that is none
}

export function serializeDescription(description: SessionDescription): ByteString {
  let text = '';
  for (const line of description.lines) text += serializeLine(line);
  for (const section of description.media) {
    text += `m=${serializeMediaLine(section)}\r\n`;
    for (const line of section.lines) text += serializeLine(line);
  }
  return text;
}

/**
 * The description as a log or a trace may show it: keys and ICE passwords are gone (they decrypt or hijack the call).
 */
export function redactDescription(text: ByteString): ByteString {
  return text.replace(/^a=(crypto:[^\r\n]*?inline:|ice-pwd:|key-mgmt:)[^\r\n]*/gim, 'a=$1***');
}

function serializeLine({ type, value }: Line): ByteString {
  return `${type}=${value}\r\n`;
}

function splitLines(text: ByteString, most: number): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < text.length; ) {
    // COMPAT: section 5: "parsers SHOULD be tolerant" of lines that end with LF alone.
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const line = text.slice(at, text[end - 1] === '\r' && end > at ? end - 1 : end);
    at = end + 1;
    if (line.trim() === '') continue; // COMPAT: empty lines, mostly at the end, from several phones
    if (lines.length === most) throw tooMany('lines');
    if (line[1] !== '=' || !/^[a-z]$/.test(line[0] as string)) throw malformed('a line that is not type=value');
    if (/[\0\r]/.test(line)) throw malformed('NUL or CR in a line');
    lines.push({ type: line[0] as string, value: line.slice(2) });
  }
  return lines;
}
