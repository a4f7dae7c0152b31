// RFC 8445 section 7: a connectivity check is a STUN Binding request, whose attributes these are (section 16.1).
import type { ByteString } from '../byte-string.ts';
import { errorCode, text, USERNAME } from '../stun/attributes.ts';
import { appendFingerprint } from '../stun/fingerprint.ts';
import { BINDING, HEADER_LENGTH, looksLikeStun, serializeStun } from '../stun/message.ts';

export const PRIORITY = 0x0024;
export const USE_CANDIDATE = 0x0025;
export const ICE_CONTROLLED = 0x8029;
export const ICE_CONTROLLING = 0x802a;
/** RFC 8445 section 16.2. */
export const ROLE_CONFLICT = 487;

export interface CheckUsername {
  /** The fragment of whom the check is sent to: ours. */
  local: ByteString;
  remote: ByteString;
}

/** RFC 8489 section 14.3: fewer than 509 octets; two fragments of 256 and their colon have 513. */
const LONGEST_USERNAME = 513;
const MOST_ATTRIBUTES = 64;

/** Whom a check is for, before anything else of it is read. Undefined: no Binding request with a user name of two fragments. */
export function checkUsername(octets: Uint8Array): CheckUsername | undefined {
  if (!looksLikeStun(octets) || octets[0] !== 0 || octets[1] !== BINDING) return undefined;
  let at = HEADER_LENGTH;
  for (let count = 0; count < MOST_ATTRIBUTES && at + 4 <= octets.length; count++) {
    const length = (octets[at + 2]! << 8) | octets[at + 3]!;
    const end = at + 4 + length;
    if (end > octets.length) return undefined;
    if (((octets[at]! << 8) | octets[at + 1]!) === USERNAME) return splitUsername(octets.subarray(at + 4, end));
    at = (end + 3) & ~3;
  }
  return undefined;
}

export function splitUsername(value: Uint8Array): CheckUsername | undefined {
  if (value.length > LONGEST_USERNAME) return undefined;
  const name = text(value);
  const colon = name.indexOf(':');
  return colon < 0 ? undefined : { local: name.slice(0, colon), remote: name.slice(colon + 1) };
}

/**
 * The answer to a check that nobody here can authenticate (RFC 8489 section 9.1.3): 400 for one without a user name or
 * integrity, else 401. It is never twice as long as the request. `octets` is a Binding request.
 */
export function refuseCheck(octets: Uint8Array, code: 400 | 401): Uint8Array {
  const transactionId = octets.subarray(8, HEADER_LENGTH);
  return appendFingerprint(
    serializeStun({ class: 'error', method: BINDING, transactionId, attributes: [errorCode(code)] }),
  );
}
