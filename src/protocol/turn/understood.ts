import { notUnderstood, USERNAME } from '../stun/attributes.ts';
import type { StunMessage } from '../stun/message.ts';
import { MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256 } from '../stun/message-integrity.ts';
import {
  CHANNEL_NUMBER,
  DATA,
  DONT_FRAGMENT,
  EVEN_PORT,
  LIFETIME,
  NONCE,
  PASSWORD_ALGORITHM,
  REALM,
  REQUESTED_ADDRESS_FAMILY,
  REQUESTED_TRANSPORT,
  RESERVATION_TOKEN,
  XOR_PEER_ADDRESS,
} from './numbers.ts';

const UNDERSTOOD: ReadonlySet<number> = new Set([
  USERNAME,
  MESSAGE_INTEGRITY,
  MESSAGE_INTEGRITY_SHA256,
  REALM,
  NONCE,
  PASSWORD_ALGORITHM,
  CHANNEL_NUMBER,
  LIFETIME,
  XOR_PEER_ADDRESS,
  DATA,
  REQUESTED_ADDRESS_FAMILY,
  EVEN_PORT,
  REQUESTED_TRANSPORT,
  DONT_FRAGMENT,
  RESERVATION_TOKEN,
]);

/** Attributes that must be understood and are not, of a request or indication of TURN. */
export function notUnderstoodIn(message: StunMessage): number[] {
  return notUnderstood(message, UNDERSTOOD);
}
