import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { addressOctets, addressText } from './address.ts';
import { MAGIC_COOKIE, type StunAttribute, type StunMessage, viewOf } from './message.ts';

/** Attribute types (RFC 8489 section 18.3). Below 0x8000 the receiver must understand them. */
export const MAPPED_ADDRESS = 0x0001;
export const USERNAME = 0x0006;
export const ERROR_CODE = 0x0009;
export const UNKNOWN_ATTRIBUTES = 0x000a;
export const XOR_MAPPED_ADDRESS = 0x0020;
export const SOFTWARE = 0x8022;

export interface TransportAddress {
  address: string;
  port: number;
}

/**
 * An address XORed with the cookie and the transaction (RFC 8489 section 14.2), so that no box on the way rewrites what
 * it takes for its own. Also XOR-PEER-ADDRESS and XOR-RELAYED-ADDRESS, by `type`. Throws TypeError: no literal address.
 */
export function xorAddress(
  type: number,
  { address, port }: TransportAddress,
  transactionId: Uint8Array,
): StunAttribute {
  const octets = addressOctets(address);
  if (octets === undefined) throw new TypeError('not a literal address');
  const value = new Uint8Array(4 + octets.length);
  value[1] = octets.length === 4 ? 1 : 2;
  viewOf(value).setUint16(2, port ^ (MAGIC_COOKIE >>> 16));
  value.set(xored(octets, transactionId), 4);
  return { type, value };
}

export function parseXorAddress(value: Uint8Array, transactionId: Uint8Array): TransportAddress {
  const size = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0;
  if (size === 0 || value.length !== 4 + size) {
    throw new ProtocolError('STUN_ADDRESS', 'An address attribute is malformed.', { stun: 400 });
  }
  const port = viewOf(value).getUint16(2) ^ (MAGIC_COOKIE >>> 16);
  return { address: addressText(xored(value.subarray(4), transactionId)), port };
}

/** With the cookie, and beyond 4 octets with the transaction ID. */
function xored(octets: Uint8Array, transactionId: Uint8Array): Uint8Array {
  return octets.map((octet, index) =>
    index < 4 ? octet ^ ((MAGIC_COOKIE >>> (24 - 8 * index)) & 0xff) : octet ^ (transactionId[index - 4] ?? 0),
  );
}

/** RFC 8489 section 14.8. The reason is for people and may be empty. */
export function errorCode(code: number, reason: ByteString = ''): StunAttribute {
  const value = new Uint8Array(4 + reason.length);
  value[2] = Math.floor(code / 100);
  value[3] = code % 100;
  for (let i = 0; i < reason.length; i++) value[4 + i] = reason.charCodeAt(i);
  return { type: ERROR_CODE, value };
}

export function parseErrorCode(value: Uint8Array): { code: number; reason: ByteString } {
  const hundreds = (value[2] ?? 0) & 7;
  const rest = value[3] ?? 0;
  if (value.length < 4 || hundreds < 3 || hundreds > 6 || rest > 99) {
    throw new ProtocolError('STUN_ERROR_CODE', 'ERROR-CODE is malformed.', { stun: 400 });
  }
  return { code: hundreds * 100 + rest, reason: text(value.subarray(4)) };
}

/** RFC 8489 section 14.9. */
export function unknownAttributes(types: readonly number[]): StunAttribute {
  const value = new Uint8Array(2 * types.length);
  const view = viewOf(value);
  types.forEach((type, index) => {
    view.setUint16(2 * index, type);
  });
  return { type: UNKNOWN_ATTRIBUTES, value };
}

/** RFC 8489 section 14.14: what runs here; at most 127 characters. */
export function software(name: ByteString): StunAttribute {
  return { type: SOFTWARE, value: Uint8Array.from(name.slice(0, 127), (character) => character.charCodeAt(0)) };
}

/** Octets as a byte string. */
export function text(value: Uint8Array): ByteString {
  let characters = '';
  for (const octet of value) characters += String.fromCharCode(octet);
  return characters;
}

/** Types that must be understood and are not among `known`, each once (RFC 8489 section 6.3.1). */
export function notUnderstood(message: StunMessage, known: ReadonlySet<number>): number[] {
  const unknown = new Set<number>();
  for (const { type } of message.attributes) if (type < 0x8000 && !known.has(type)) unknown.add(type);
  return [...unknown];
}
