import { ProtocolError } from '../errors.ts';

/** RFC 8489 section 5: the message type is a class and a method, their bits interleaved. */
export type StunClass = 'request' | 'indication' | 'success' | 'error';

/** Methods by number (RFC 8489 section 18.2). */
export const BINDING = 0x001;

export interface StunAttribute {
  type: number;
  /** Without the padding. */
  value: Uint8Array;
}

export interface StunMessage {
  class: StunClass;
  method: number;
  /** 12 octets (96 bits). */
  transactionId: Uint8Array;
  /** In the order of the message, repeated ones too. */
  attributes: StunAttribute[];
}

export const HEADER_LENGTH = 20;
export const MAGIC_COOKIE = 0x2112a442;
/** No STUN message that means anything is longer; a bound on what one request costs. */
const MAX_ATTRIBUTES = 64;

const CLASSES: readonly StunClass[] = ['request', 'indication', 'success', 'error'];

/**
 * The length a message says it has, header included, from its first 4 octets at least; undefined: these octets do not
 * begin a STUN message. For framing on a stream.
 */
export function stunLength(octets: Uint8Array): number | undefined {
  if (octets.length < 4) return undefined;
  const view = viewOf(octets);
  const length = view.getUint16(2);
  return view.getUint8(0) < 0x40 && length % 4 === 0 ? HEADER_LENGTH + length : undefined;
}

/** RFC 8489 section 5 and 6.3: whether these octets are to be taken for STUN at all, where protocols share a port. */
export function looksLikeStun(octets: Uint8Array): boolean {
  if (octets.length < HEADER_LENGTH) return false;
  return stunLength(octets) === octets.length && viewOf(octets).getUint32(4) === MAGIC_COOKIE;
}

/** Parses one whole message. Values are views of the octets given. Throws ProtocolError, which is answered by silence. */
export function parseStun(octets: Uint8Array): StunMessage {
  if (!looksLikeStun(octets)) throw new ProtocolError('STUN_HEADER', 'Not a STUN message.', { stun: 400 });
  const view = viewOf(octets);
  const type = view.getUint16(0);
  const message: StunMessage = {
    class: CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)] as StunClass,
    method: (type & 0x000f) | ((type >> 1) & 0x0070) | ((type >> 2) & 0x0f80),
    transactionId: octets.subarray(8, HEADER_LENGTH),
    attributes: [],
  };
  for (let at = HEADER_LENGTH; at < octets.length; ) {
    if (at + 4 > octets.length || message.attributes.length === MAX_ATTRIBUTES) throw badAttribute();
    const length = view.getUint16(at + 2);
    const end = at + 4 + length;
    if (end > octets.length) throw badAttribute();
    message.attributes.push({ type: view.getUint16(at), value: octets.subarray(at + 4, end) });
    at = padded(end);
  }
  return message;
}

/** The message as octets. FINGERPRINT and MESSAGE-INTEGRITY, which cover what is before them, are appended to these. */
export function serializeStun(message: StunMessage): Uint8Array {
  let length = 0;
  for (const { value } of message.attributes) length += 4 + padded(value.length);
  const octets = new Uint8Array(HEADER_LENGTH + length);
  const view = viewOf(octets);
  const { method } = message;
  const kind = CLASSES.indexOf(message.class);
  view.setUint16(
    0,
    (method & 0x000f) | ((method & 0x0070) << 1) | ((method & 0x0f80) << 2) | ((kind & 1) << 4) | ((kind & 2) << 7),
  );
  view.setUint16(2, length);
  view.setUint32(4, MAGIC_COOKIE);
  octets.set(message.transactionId, 8);
  let at = HEADER_LENGTH;
  for (const { type, value } of message.attributes) {
    view.setUint16(at, type);
    view.setUint16(at + 2, value.length);
    octets.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  return octets;
}

/** The first attribute of that type (RFC 8489 section 14: later ones are ignored). */
export function attribute(message: StunMessage, type: number): Uint8Array | undefined {
  return message.attributes.find((each) => each.type === type)?.value;
}

export function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** Attributes begin on multiples of 4. */
function padded(length: number): number {
  return (length + 3) & ~3;
}

function badAttribute(): ProtocolError {
  return new ProtocolError('STUN_ATTRIBUTE', 'An attribute is longer than its message.', { stun: 400 });
}
