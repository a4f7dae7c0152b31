// RFC 8445 section 7.3: what a check is answered with, once it is known whose it is.
import { ProtocolError } from '../errors.ts';
import {
  errorCode,
  notUnderstood,
  USERNAME,
  unknownAttributes,
  XOR_MAPPED_ADDRESS,
  xorAddress,
} from '../stun/attributes.ts';
import { checkFingerprint } from '../stun/fingerprint.ts';
import { attribute, BINDING, parseStun, type StunAttribute, type StunMessage } from '../stun/message.ts';
import { MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256 } from '../stun/message-integrity.ts';
import { ICE_CONTROLLED, PRIORITY, ROLE_CONFLICT, USE_CANDIDATE } from './check.ts';
import type { IcePath } from './lite-options.ts';

const UNDERSTOOD: ReadonlySet<number> = new Set([
  USERNAME,
  MESSAGE_INTEGRITY,
  MESSAGE_INTEGRITY_SHA256,
  PRIORITY,
  USE_CANDIDATE,
]);
/** Undefined: not a well-formed Binding request. A wrong FINGERPRINT says that it is another protocol's packet. */
export function parseRequest(octets: Uint8Array): StunMessage | undefined {
  try {
    const message = parseStun(octets);
    const isCheck = message.class === 'request' && message.method === BINDING;
    return isCheck && checkFingerprint(octets) !== 'wrong' ? message : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** The attributes of the error that an authentic check deserves, if it does. */
export function refusalOf(check: StunMessage): StunAttribute[] | undefined {
  // RFC 8489 section 6.3.1.
  const unknown = notUnderstood(check, UNDERSTOOD);
  if (unknown.length > 0) return [errorCode(420), unknownAttributes(unknown)];
  // RFC 8445 sections 6.1.1 and 7.3.1.1: a lite agent cannot control, so the peer has to.
  return attribute(check, ICE_CONTROLLED) === undefined ? undefined : [errorCode(ROLE_CONFLICT)];
}

/** Of a link-local address the zone is this machine's own affair. */
export function mappedAddress({ address, port }: IcePath, transactionId: Uint8Array): StunAttribute {
  return xorAddress(XOR_MAPPED_ADDRESS, { address: address.replace(/%.*$/, ''), port }, transactionId);
}
