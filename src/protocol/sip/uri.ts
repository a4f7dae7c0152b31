import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { parseHostPort } from './host.ts';
import { is, malformed, PASSWORD, URI_HEADER, URI_PARAMETER, USER } from './lexis.ts';
import { type Parameters, serializeParameters, tooManyParameters } from './parameters.ts';

/** A SIP or SIPS URI (RFC 3261 section 19.1). All parts are raw, escapes included; parameter names are lower case. */
export interface SipUri {
  scheme: 'sip' | 'sips';
  user?: ByteString;
  password?: ByteString;
  /** An IPv6 reference keeps its brackets. */
  host: string;
  port?: number;
  parameters: Parameters;
  /** What follows the `?`. */
  headers?: ByteString;
}

const MOST_PARAMETERS = 100;

/** The scheme in lower case; undefined when the text does not begin with one (RFC 3986 section 3.1). */
export function uriScheme(text: ByteString): string | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0) return undefined;
  for (let i = 0; i < colon; i++) {
    const code = text.charCodeAt(i) | 32;
    if (code >= 97 && code <= 122) continue;
    const raw = text.charCodeAt(i);
    if (i > 0 && ((raw >= 48 && raw <= 57) || raw === 43 || raw === 45 || raw === 46)) continue;
    return undefined;
  }
  return text.slice(0, colon).toLowerCase();
}

/** Throws 416 for a scheme other than sip and sips (section 8.2.2.1), 400 for anything its grammar does not allow. */
export function parseUri(text: ByteString, what = 'URI'): SipUri {
  let at: number;
  let scheme: 'sip' | 'sips';
  if (text.startsWith('sip:')) {
    scheme = 'sip';
    at = 4;
  } else {
    const named = uriScheme(text);
    if (named === undefined) throw malformed(what);
    if (named !== 'sip' && named !== 'sips')
      throw new ProtocolError('SIP_URI_SCHEME', 'Unsupported URI Scheme', { status: 416 });
    scheme = named;
    at = named.length + 1;
  }
  const uri: SipUri = { scheme, host: '', parameters: new Map() };
  // The user part may hold ';' and '?' (RFC 4475 semiuri), nothing after it an '@': look for that first.
  const sign = text.indexOf('@', at);
  if (sign !== -1) {
    let colon = text.indexOf(':', at);
    if (colon > sign) colon = -1;
    const userEnd = colon === -1 ? sign : colon;
    if (userEnd === at) throw malformed(what);
    escaped(text, at, userEnd, USER, what);
    uri.user = text.slice(at, userEnd);
    if (colon !== -1) {
      escaped(text, colon + 1, sign, PASSWORD, what);
      uri.password = text.slice(colon + 1, sign);
    }
    at = sign + 1;
  }
  let end = text.length;
  const question = text.indexOf('?', at);
  if (question !== -1) {
    escapedHeaders(text, question + 1, what);
    uri.headers = text.slice(question + 1);
    end = question;
  }
  let semicolon = text.indexOf(';', at);
  if (semicolon === -1 || semicolon > end) semicolon = end;
  const { host, port } = parseHostPort(text.slice(at, semicolon), what);
  uri.host = host;
  if (port !== undefined) uri.port = port;
  while (semicolon < end) {
    at = semicolon + 1;
    semicolon = text.indexOf(';', at);
    if (semicolon === -1 || semicolon > end) semicolon = end;
    parseParameter(text, at, semicolon, uri.parameters, what);
  }
  return uri;
}

function parseParameter(text: ByteString, from: number, end: number, parameters: Parameters, what: string): void {
  let equals = text.indexOf('=', from);
  if (equals > end) equals = -1;
  const nameEnd = equals === -1 ? end : equals;
  if (nameEnd === from) throw malformed(what);
  escaped(text, from, nameEnd, URI_PARAMETER, what);
  const name = comparable(text.slice(from, nameEnd)).toLowerCase(); // %6C%72 is lr (RFC 4475 esc01)
  let value: ByteString | undefined;
  if (equals !== -1) {
    if (equals + 1 === end) throw malformed(what);
    escaped(text, equals + 1, end, URI_PARAMETER, what);
    value = text.slice(equals + 1, end);
  }
  if (parameters.has(name)) throw malformed(what);
  parameters.set(name, value);
  if (parameters.size > MOST_PARAMETERS) throw tooManyParameters(what);
}

/** Every character is in the class or part of a `%HH`. */
function escaped(text: ByteString, from: number, end: number, bits: number, what: string): void {
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i);
    if (is(code, bits)) continue;
    if (code !== 37 || i + 2 >= end || hex(text.charCodeAt(i + 1)) < 0 || hex(text.charCodeAt(i + 2)) < 0)
      throw malformed(what);
    i += 2;
  }
}

/** `header *( "&" header )`, each `hname "=" hvalue`. */
function escapedHeaders(text: ByteString, from: number, what: string): void {
  for (let at = from; at <= text.length; ) {
    let stop = text.indexOf('&', at);
    if (stop === -1) stop = text.length;
    const equals = text.indexOf('=', at);
    if (equals <= at || equals > stop) throw malformed(what);
    escaped(text, at, equals, URI_HEADER, what);
    escaped(text, equals + 1, stop, URI_HEADER, what);
    at = stop + 1;
  }
}

function hex(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

export function serializeUri(
  uri: Omit<SipUri, 'parameters'> & { parameters?: Iterable<readonly [string, ByteString | undefined]> },
): ByteString {
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) text += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  text += uri.port === undefined ? uri.host : `${uri.host}:${uri.port}`;
  if (uri.parameters) text += serializeParameters(uri.parameters);
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}

/** The headers of a URI, unescaped: what a Refer-To asks to be put into the new request (RFC 3515 section 2.1, 3891). */
export function uriHeaders(uri: SipUri): [name: string, value: ByteString][] {
  if (uri.headers === undefined) return [];
  return uri.headers.split('&').map((header) => {
    const equals = header.indexOf('=');
    return [unescapeUri(header.slice(0, equals)), unescapeUri(header.slice(equals + 1))];
  });
}

/** Escapes every octet which a header value in a URI may not hold as it is. */
export function escapeUriHeader(octets: ByteString): ByteString {
  return escapeOutside(octets, URI_HEADER);
}

/** Undoes `%HH`; what is not a complete escape stays. The result is octets: UTF-8 decoding is the caller's. */
export function unescapeUri(text: ByteString): ByteString {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Escapes every octet which a user part may not hold as it is (RFC 3261 section 19.1.2). */
export function escapeUser(octets: ByteString): ByteString {
  return escapeOutside(octets, USER);
}

function escapeOutside(octets: ByteString, bits: number): ByteString {
  let text = '';
  for (let i = 0; i < octets.length; i++) {
    const code = octets.charCodeAt(i);
    // '#' is in USER only to be understood, not to be written
    text += code !== 35 && is(code, bits) ? octets.charAt(i) : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** The user part with its escapes undone, telephone parameters included; undefined when there is none. */
export function canonicalUser(uri: SipUri): ByteString | undefined {
  return uri.user === undefined ? undefined : unescapeUri(uri.user);
}

/** An escape of an unreserved character equals that character (section 19.1.4); of a reserved one it does not. */
function comparable(text: ByteString): ByteString {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (triplet, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : triplet.toUpperCase();
  });
}

/** Present in one URI only, these never match (section 19.1.4; transport by its examples). */
const NEVER_IGNORED = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Equality of two SIP URIs, RFC 3261 section 19.1.4. It is not transitive. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme || a.port !== b.port) return false;
  if (a.host.toLowerCase() !== b.host.toLowerCase()) return false;
  if (!sameText(a.user, b.user) || !sameText(a.password, b.password)) return false;
  for (const [name, value] of a.parameters) {
    if (!b.parameters.has(name)) {
      if (NEVER_IGNORED.includes(name)) return false;
    } else if (comparable(value ?? '').toLowerCase() !== comparable(b.parameters.get(name) ?? '').toLowerCase())
      return false;
  }
  for (const name of NEVER_IGNORED) if (b.parameters.has(name) && !a.parameters.has(name)) return false;
  return sortedHeaders(a.headers) === sortedHeaders(b.headers);
}

function sameText(a: ByteString | undefined, b: ByteString | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && comparable(a) === comparable(b));
}

function sortedHeaders(headers: ByteString | undefined): string | undefined {
  if (headers === undefined) return undefined;
  return headers
    .split('&')
    .map((header) => {
      const equals = header.indexOf('=');
      return `${comparable(header.slice(0, equals)).toLowerCase()}=${comparable(header.slice(equals + 1))}`;
    })
    .sort()
    .join('&');
}
