import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import { text } from './attributes.ts';
import { FINGERPRINT } from './fingerprint.ts';
import { HEADER_LENGTH, type StunMessage, viewOf } from './message.ts';

/** RFC 8489 sections 14.5 and 14.6. */
export const MESSAGE_INTEGRITY = 0x0008;
export const MESSAGE_INTEGRITY_SHA256 = 0x001c;

export type IntegrityHash = 'sha1' | 'sha256';

const FORMS = {
  sha1: { type: MESSAGE_INTEGRITY, length: 20 },
  sha256: { type: MESSAGE_INTEGRITY_SHA256, length: 32 },
} as const;

/** The message with MESSAGE-INTEGRITY (or its SHA-256 sister) as its last attribute; the header's length counts it. */
export function appendIntegrity(
  primitives: Primitives,
  message: Uint8Array,
  key: ByteString,
  hash: IntegrityHash,
): Uint8Array {
  const { type, length } = FORMS[hash];
  const octets = new Uint8Array(message.length + 4 + length);
  octets.set(message);
  const view = viewOf(octets);
  view.setUint16(2, octets.length - HEADER_LENGTH);
  view.setUint16(message.length, type);
  view.setUint16(message.length + 2, length);
  const mac = primitives.hmac(hash, key, text(octets.subarray(0, message.length)));
  for (let i = 0; i < length; i++) octets[message.length + 4 + i] = mac.charCodeAt(i);
  return octets;
}

/** Which integrity a message carries; of both, the stronger one counts (RFC 8489 section 9.2.4). */
export function integrityOf(message: StunMessage): IntegrityHash | undefined {
  let found: IntegrityHash | undefined;
  for (const { type } of message.attributes) {
    if (type === MESSAGE_INTEGRITY_SHA256) return 'sha256';
    if (type === MESSAGE_INTEGRITY) found = 'sha1';
  }
  return found;
}

/** Whether `key` made the integrity of that kind. `octets` is the message that `message` was parsed from. */
export function checkIntegrity(
  primitives: Primitives,
  octets: Uint8Array,
  message: StunMessage,
  key: ByteString,
  hash: IntegrityHash,
): boolean {
  const { type, length } = FORMS[hash];
  const value = message.attributes.find((each) => each.type === type)?.value;
  // RFC 8489 section 14.6 allows a shorter SHA-256 only to usages that say so, and TURN does not.
  if (value === undefined || value.length !== length) return false;
  const start = value.byteOffset - octets.byteOffset - 4;
  const covered = octets.slice(0, start);
  viewOf(covered).setUint16(2, start + 4 + length - HEADER_LENGTH);
  return primitives.equal(primitives.hmac(hash, key, text(covered)), text(value));
}

/**
 * The message without the attributes that its integrity does not cover: anybody on the way could have added them
 * (RFC 8489 sections 14.5 and 14.6: they are ignored, but for MESSAGE-INTEGRITY-SHA256 and FINGERPRINT).
 */
export function coveredByIntegrity(message: StunMessage): StunMessage {
  const { attributes } = message;
  const end = attributes.findIndex(({ type }) => type === MESSAGE_INTEGRITY || type === MESSAGE_INTEGRITY_SHA256);
  if (end < 0) return message;
  const after = attributes
    .slice(end + 1)
    .filter(({ type }, index) => type === FINGERPRINT || (type === MESSAGE_INTEGRITY_SHA256 && index === 0));
  return { ...message, attributes: [...attributes.slice(0, end + 1), ...after] };
}
