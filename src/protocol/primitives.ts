import type { ByteString } from './byte-string.ts';

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha512-256';

/**
 * The cryptographic port of every protocol core: `node:crypto` in Node (src/transport/primitives.ts), @noble/hashes in
 * a browser (src/client/primitives.ts), fixed values in tests. Synchronous, since state machines await nothing.
 * Octets are byte strings on both sides.
 */
export interface Primitives {
  hash(name: HashName, octets: ByteString): ByteString;
  hmac(name: HashName, key: ByteString, octets: ByteString): ByteString;
  /** Octets from a CSPRNG. */
  random(length: number): ByteString;
  /** Constant-time comparison; false when the lengths differ. */
  equal(a: ByteString, b: ByteString): boolean;
}

const HEX = '0123456789abcdef';

/** Lower-case hexadecimal. */
export function toHex(octets: ByteString): string {
  let hex = '';
  for (let i = 0; i < octets.length; i++) {
    const octet = octets.charCodeAt(i);
    hex += HEX.charAt(octet >> 4) + HEX.charAt(octet & 15);
  }
  return hex;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 with padding (RFC 4648 section 4). */
export function toBase64(octets: ByteString): string {
  let text = '';
  for (let i = 0; i < octets.length; i += 3) {
    const left = octets.length - i;
    const group =
      (octets.charCodeAt(i) << 16) |
      ((left > 1 ? octets.charCodeAt(i + 1) : 0) << 8) |
      (left > 2 ? octets.charCodeAt(i + 2) : 0);
    text += BASE64.charAt(group >> 18) + BASE64.charAt((group >> 12) & 63);
    text += left > 1 ? BASE64.charAt((group >> 6) & 63) : '=';
    text += left > 2 ? BASE64.charAt(group & 63) : '=';
  }
  return text;
}

const NOT_BASE64 = /^(?!(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$)/;

/** The octets that base64 with padding stands for; undefined: it is none. */
export function fromBase64(text: string): ByteString | undefined {
  if (NOT_BASE64.test(text)) return undefined;
  let octets = '';
  for (let i = 0; i < text.length; i += 4) {
    let group = 0;
    for (let j = 0; j < 4; j++) group = (group << 6) | Math.max(0, BASE64.indexOf(text.charAt(i + j)));
    octets += String.fromCharCode(group >> 16, (group >> 8) & 255, group & 255);
  }
  return octets.slice(0, octets.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0));
}

/** URL-safe base64 without padding (RFC 4648 section 5): fit for a SIP token, a user part or a URL. */
export function toBase64Url(octets: ByteString): string {
  return toBase64(octets).replace(/[+/=]/g, (c) => (c === '+' ? '-' : c === '/' ? '_' : ''));
}
