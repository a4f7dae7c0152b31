import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { Field } from './head.ts';

/** A message/cpim (RFC 3862): who to whom and when, around a body of any type. Byte strings; texts are UTF-8. */
export interface CpimMessage {
  /** `From: Alice <im:alice@example.test>` and so on, in order; `imdn.Message-ID` with its prefix (see `NS`). */
  headers: Field[];
  /** MIME headers of the body: Content-Type and others. */
  mime: Field[];
  body: ByteString;
}

const MOST_HEADERS = 64;
const HEADER = /^([!-9;-~]{1,128}): ([\x20-\x7e\x80-\xff]*)$/;

/** Throws 400. Lines may end in LF alone. */
export function parseCpim(text: ByteString): CpimMessage {
  const [headers, mimeAt] = readHeaders(text, 0);
  const [mime, bodyAt] = readHeaders(text, mimeAt);
  if (mime.length === 0) throw malformed();
  return { headers, mime, body: text.slice(bodyAt) };
}

export function serializeCpim({ headers, mime, body }: CpimMessage): ByteString {
  const lines = (fields: readonly Field[]) =>
    fields.map(([name, value]) => `${name}: ${hideLineEnds(value)}\r\n`).join('');
  return `${lines(headers)}\r\n${lines(mime)}\r\n${body}`;
}

/** The first header of that name. RFC 3862 section 2.1: names are case-sensitive; those of MIME are not. */
export function cpimHeader(fields: readonly Field[], name: string): ByteString | undefined {
  const wanted = name.toLowerCase();
  return fields.find(([key]) => key.toLowerCase() === wanted)?.[1];
}

/** `im:alice@example.test` of `Alice <im:alice@example.test>`. */
export function cpimAddress(value: ByteString | undefined): ByteString | undefined {
  return /<([^<>\s]+)>/.exec(value ?? '')?.[1];
}

/** Up to and with the empty line; where the next part begins. */
function readHeaders(text: ByteString, from: number): [Field[], number] {
  const fields: Field[] = [];
  let at = from;
  for (;;) {
    const end = text.indexOf('\n', at);
    if (end === -1) throw malformed();
    const line = text.slice(at, text.charCodeAt(end - 1) === 13 && end > at ? end - 1 : end);
    at = end + 1;
    if (line === '') return [fields, at];
    const found = HEADER.exec(line);
    if (found === null || fields.length >= MOST_HEADERS) throw malformed();
    fields.push([found[1] as string, showLineEnds(found[2] as string)]);
  }
}

/** RFC 3862 section 2.3: a backslash hides what would end the line. */
function hideLineEnds(value: ByteString): ByteString {
  return value.replace(/[\\\r\n]/g, (c) => (c === '\\' ? '\\\\' : c === '\r' ? '\\r' : '\\n'));
}

function showLineEnds(value: ByteString): ByteString {
  return value.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (whole, c: string) =>
    c === 'r' ? '\r' : c === 'n' ? '\n' : c === 't' ? '\t' : c.length > 1 ? whole : c,
  );
}

function malformed(): ProtocolError {
  return new ProtocolError('MSRP_CPIM', 'Malformed message/cpim.', { status: 400 });
}
