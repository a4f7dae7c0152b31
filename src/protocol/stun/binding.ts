import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import {
  errorCode,
  notUnderstood,
  software,
  type TransportAddress,
  USERNAME,
  unknownAttributes,
  XOR_MAPPED_ADDRESS,
  xorAddress,
} from './attributes.ts';
import { appendFingerprint, checkFingerprint, FINGERPRINT_LENGTH } from './fingerprint.ts';
import { BINDING, parseStun, type StunAttribute, type StunMessage, serializeStun } from './message.ts';

const MESSAGE_INTEGRITY = 0x0008;
const MESSAGE_INTEGRITY_SHA256 = 0x001c;

/** Understood, in that a server which authenticates nobody may ignore them. */
const UNDERSTOOD: ReadonlySet<number> = new Set([USERNAME, MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256]);

/**
 * The answer of a plain STUN server to one message from `source` (RFC 8489 sections 6.3 and 12), undefined for silence.
 *
 * 1. What is no STUN, has a wrong FINGERPRINT, or is no Binding request is met with silence (6.3).
 * 2. Attributes that must be understood and are not: 420 and their list (6.3.1).
 * 3. Else the source, as XOR-MAPPED-ADDRESS.
 *
 * It answers whoever a forged source names, so the answer is at most twice the request: what is not required (SOFTWARE,
 * FINGERPRINT, a reason phrase) only comes along where there is room. (The one answer that is larger is the required
 * minimum of 44 octets to a bare request of 20 over IPv6; with IP and UDP headers it is 92 octets to 68.)
 */
export function answerBinding(octets: Uint8Array, source: TransportAddress, name?: ByteString): Uint8Array | undefined {
  let request: StunMessage;
  try {
    request = parseStun(octets);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
  if (checkFingerprint(octets) === 'wrong') return undefined;
  if (request.class !== 'request' || request.method !== BINDING) return undefined;

  const { transactionId } = request;
  const unknown = notUnderstood(request, UNDERSTOOD);
  const attributes: StunAttribute[] =
    unknown.length > 0
      ? [errorCode(420), unknownAttributes(unknown)]
      : [xorAddress(XOR_MAPPED_ADDRESS, source, transactionId)];
  const kind = unknown.length > 0 ? 'error' : 'success';
  const required = serializeStun({ class: kind, method: BINDING, transactionId, attributes });

  const room = 2 * octets.length - required.length - FINGERPRINT_LENGTH;
  if (room < 0) return required;
  if (name === undefined || room < 4 + ((name.length + 3) & ~3)) return appendFingerprint(required);
  attributes.push(software(name));
  return appendFingerprint(serializeStun({ class: kind, method: BINDING, transactionId, attributes }));
}
