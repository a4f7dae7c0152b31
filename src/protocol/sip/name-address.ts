import type { ByteString } from '../byte-string.ts';
import { is, malformed, quote, quotedEnd, skipSpace, TOKEN, trimEnd, unquote } from './lexis.ts';
import { type Parameters, parseParameters, serializeParameters } from './parameters.ts';
import { uriScheme } from './uri.ts';

/** `name-addr` or `addr-spec` with header parameters: To, From, Contact, Route, Refer-To, ... (RFC 3261 section 20.10). */
export interface NameAddress {
  /** The display name without quotes and escapes; octets, usually UTF-8. */
  display?: ByteString;
  /** The URI as written, of any scheme. */
  uri: ByteString;
  parameters: Parameters;
  tag?: string;
}

export function parseNameAddress(text: ByteString, what = 'address'): NameAddress {
  let at = skipSpace(text, 0);
  let display: ByteString | undefined;
  let uri: ByteString;
  const first = text.charCodeAt(at);
  let angle = -1;
  if (first === 60) angle = at;
  else if (first === 34) {
    const after = quotedEnd(text, at);
    if (after === -1) throw malformed(what);
    display = unquote(text.slice(at, after));
    angle = skipSpace(text, after);
    if (text.charCodeAt(angle) !== 60) throw malformed(what);
  } else {
    angle = unquotedDisplayEnd(text, at);
    if (angle !== -1) display = text.slice(at, trimEnd(text, at, angle)).replace(/\r\n[ \t]+/g, ' ');
  }
  if (angle !== -1) {
    const close = text.indexOf('>', angle);
    if (close === -1) throw malformed(what);
    uri = text.slice(angle + 1, close);
    at = close + 1;
  } else {
    // addr-spec: parameters are the header's, and ',', ';' and '?' are not the URI's (section 20.10)
    const start = at;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 59 || code === 32 || code === 9 || code === 13) break;
      if (code === 63 || code === 44) throw malformed(what);
    }
    uri = text.slice(start, at);
  }
  if (!isUri(uri)) throw malformed(what);
  const parameters = parseParameters(text, at, text.length, what);
  const address: NameAddress = { uri, parameters };
  if (display !== undefined) address.display = display;
  const tag = parameters.get('tag');
  if (tag !== undefined) address.tag = tag;
  return address;
}

/** Where `<` follows `*( token LWS )`; -1 when this is no display name. COMPAT: phones leave UTF-8 names unquoted. */
function unquotedDisplayEnd(text: ByteString, at: number): number {
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 60) return at;
    if (!is(code, TOKEN) && code !== 32 && code !== 9 && code !== 13 && code !== 10 && code < 0x80) return -1;
  }
  return -1;
}

function isUri(text: ByteString): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code >= 127 || code === 60 || code === 62 || code === 34) return false;
  }
  return text.startsWith('sip:') || uriScheme(text) !== undefined;
}

/** The display name is always quoted, the URI always in angle brackets: then every URI is allowed. */
export function serializeNameAddress(address: {
  display?: ByteString | undefined;
  uri: ByteString;
  parameters?: Iterable<readonly [string, ByteString | undefined]>;
}): ByteString {
  const display = address.display === undefined || address.display === '' ? '' : `${quote(address.display)} `;
  return `${display}<${address.uri}>${address.parameters ? serializeParameters(address.parameters) : ''}`;
}
