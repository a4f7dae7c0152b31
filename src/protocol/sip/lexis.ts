import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type FieldName, spelledName } from './field-name.ts';

/**
 * The character classes of RFC 3261 section 25.1 and the few scanners every header needs. All of them read a byte
 * string once, from left to right, without regular expressions: linear time on any input.
 */
export const TOKEN = 1;
/** unreserved and user-unreserved. */
export const USER = 2;
/** unreserved and param-unreserved: URI parameters. */
export const URI_PARAMETER = 4;
/** unreserved and hnv-unreserved: URI headers. */
export const URI_HEADER = 8;
/** unreserved, & = + $ and comma: the password of a userinfo. */
export const PASSWORD = 16;
/** A header parameter's unquoted value: what token and host may hold, and what base64 and real phones put there. */
export const VALUE = 32;
/** word: Call-ID. */
export const WORD = 64;
/** hostname. */
export const HOST = 128;

const CLASS = new Uint8Array(256);
function mark(bits: number, characters: string): void {
  for (let i = 0; i < characters.length; i++) CLASS[characters.charCodeAt(i)]! |= bits;
}
mark(255, '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');
mark(TOKEN | VALUE | WORD, "-.!%*_+`'~");
mark(USER | URI_PARAMETER | URI_HEADER | PASSWORD, "-_.!~*'()");
// COMPAT: '#' must be escaped, but phones dial `*43#` and Kamailio and Asterisk route it.
mark(USER, '&=+$,;?/#');
mark(URI_PARAMETER, '[]/:&+$');
mark(URI_HEADER, '[]/?:+$');
mark(PASSWORD, '&=+$,');
mark(VALUE, '[]:/=@&$#?(){}|^\\');
// COMPAT: '=' and its kin are no part of a word, but stacks make Call-IDs of base64.
mark(WORD, '()<>:\\"/[]?{}=&$#|^');
// COMPAT: '_' is no hostname character, but names of containers and Windows machines have it.
mark(HOST, '-._');

export function is(code: number, bits: number): boolean {
  return (CLASS[code]! & bits) !== 0;
}

/** Every character of a non-empty text is in the class. */
export function all(text: ByteString, bits: number): boolean {
  for (let i = 0; i < text.length; i++) if (!(CLASS[text.charCodeAt(i)]! & bits)) return false;
  return text.length > 0;
}

export function isToken(text: ByteString): boolean {
  return all(text, TOKEN);
}

/** The first place at or after `at` which is not linear white space (a folded line's CRLF counts as such). */
export function skipSpace(text: ByteString, at: number, end: number = text.length): number {
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 9 && code !== 13 && code !== 10) break;
    at++;
  }
  return at;
}

/** The place after the last character before `end` that is not linear white space, but not before `from`. */
export function trimEnd(text: ByteString, from: number, end: number): number {
  while (end > from) {
    const code = text.charCodeAt(end - 1);
    if (code !== 32 && code !== 9 && code !== 13 && code !== 10) break;
    end--;
  }
  return end;
}

/** The place after the closing quote of the quoted string that opens at `at`; -1 when it is not closed. */
export function quotedEnd(text: ByteString, at: number, end: number = text.length): number {
  for (let i = at + 1; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) return i + 1;
    if (code === 92) i++;
  }
  return -1;
}

/** The content of a quoted string, its escapes undone; other text as it is. */
export function unquote(text: ByteString): ByteString {
  if (text.charCodeAt(0) !== 34) return text;
  const content = text.slice(1, -1);
  return content.includes('\\') ? content.replace(/\\([\s\S])/g, '$1') : content;
}

export function quote(text: ByteString): ByteString {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}

/** Where the list element that begins at `at` ends: at a comma outside quotes and angle brackets, or at the end. */
export function elementEnd(text: ByteString, at: number, end: number = text.length): number {
  for (let i = at; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 44) return i;
    if (code === 34) {
      const after = quotedEnd(text, i, end);
      if (after === -1) return end;
      i = after - 1;
    } else if (code === 60) {
      const close = text.indexOf('>', i);
      if (close === -1 || close >= end) return end;
      i = close;
    }
  }
  return end;
}

/** More elements than this in the list fields of one name is not a message anybody sends; Max-Forwards ends at 255. */
const MOST_ELEMENTS = 512;

/** Appends the comma-separated elements of one field value. An empty element is a syntax error. */
export function splitList(value: ByteString, name: FieldName, into: ByteString[] = []): ByteString[] {
  if (!value.includes(',')) {
    if (value === '') throw malformed(spelledName(name));
    into.push(value);
    return into;
  }
  for (let at = 0; ; ) {
    const stop = elementEnd(value, at);
    const from = skipSpace(value, at, stop);
    const to = trimEnd(value, from, stop);
    if (from === to) throw malformed(spelledName(name));
    into.push(value.slice(from, to));
    if (into.length > MOST_ELEMENTS)
      throw new ProtocolError('SIP_TOO_MANY', `Too many values in ${spelledName(name)}`, { status: 400 });
    if (stop === value.length) return into;
    at = stop + 1;
  }
}

/** A decimal number from 0 to `most`; undefined for anything else. Any number of leading zeros is fine (RFC 4475 wsinv). */
export function parseNumber(text: ByteString, most: number): number | undefined {
  if (text.length === 0) return undefined;
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    if (number <= most) number = number * 10 + digit;
  }
  return number <= most ? number : undefined;
}

export function isDigits(text: ByteString): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return text.length > 0;
}

/** The error of a value that its grammar does not allow; the name of the field is the reason phrase, not its content. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError('SIP_SYNTAX', `Malformed ${what}`, { status: 400 });
}
