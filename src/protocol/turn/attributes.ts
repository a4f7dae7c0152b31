import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { attribute, type StunAttribute, type StunMessage, viewOf } from '../stun/message.ts';
import {
  ADDITIONAL_ADDRESS_FAMILY,
  ADDITIONAL_ADDRESS_FAMILY_OF_COTURN,
  ADDRESS_ERROR_CODE,
  CHANNEL_NUMBER,
  EVEN_PORT,
  LIFETIME,
  REQUESTED_ADDRESS_FAMILY,
  REQUESTED_TRANSPORT,
  RESERVATION_TOKEN,
} from './numbers.ts';

/** RFC 8656 section 18.6: 1 and 2 on the wire. */
export type AddressFamily = 4 | 6;

function malformed(name: string): ProtocolError {
  return new ProtocolError('TURN_ATTRIBUTE', `${name} is malformed.`, { stun: 400 });
}

function fixed(message: StunMessage, type: number, length: number, name: string): Uint8Array | undefined {
  const value = attribute(message, type);
  if (value !== undefined && value.length !== length) throw malformed(name);
  return value;
}

/** Seconds (RFC 8656 section 18.2). */
export function lifetimeOf(message: StunMessage): number | undefined {
  const value = fixed(message, LIFETIME, 4, 'LIFETIME');
  return value && viewOf(value).getUint32(0);
}

export function lifetime(seconds: number): StunAttribute {
  const value = new Uint8Array(4);
  viewOf(value).setUint32(0, seconds);
  return { type: LIFETIME, value };
}

/** RFC 8656 section 18.1. */
export function channelNumberOf(message: StunMessage): number | undefined {
  const value = fixed(message, CHANNEL_NUMBER, 4, 'CHANNEL-NUMBER');
  return value && viewOf(value).getUint16(0);
}

/** IANA's protocol number (RFC 8656 section 18.8). */
export function requestedTransportOf(message: StunMessage): number | undefined {
  return fixed(message, REQUESTED_TRANSPORT, 4, 'REQUESTED-TRANSPORT')?.[0];
}

/** The R bit (RFC 8656 section 18.7): whether the next port is to be reserved. Undefined: no EVEN-PORT. */
export function evenPortOf(message: StunMessage): { reserve: boolean } | undefined {
  const value = fixed(message, EVEN_PORT, 1, 'EVEN-PORT');
  return value && { reserve: ((value[0] as number) & 0x80) !== 0 };
}

export const RESERVATION_TOKEN_LENGTH = 8;

export function reservationTokenOf(message: StunMessage): Uint8Array | undefined {
  return fixed(message, RESERVATION_TOKEN, RESERVATION_TOKEN_LENGTH, 'RESERVATION-TOKEN');
}

export function requestedFamilyOf(message: StunMessage): AddressFamily | 'unknown' | undefined {
  return familyOf(fixed(message, REQUESTED_ADDRESS_FAMILY, 4, 'REQUESTED-ADDRESS-FAMILY'));
}

export function additionalFamilyOf(message: StunMessage): AddressFamily | 'unknown' | undefined {
  return familyOf(
    fixed(message, ADDITIONAL_ADDRESS_FAMILY, 4, 'ADDITIONAL-ADDRESS-FAMILY') ??
      fixed(message, ADDITIONAL_ADDRESS_FAMILY_OF_COTURN, 4, 'ADDITIONAL-ADDRESS-FAMILY'),
  );
}

function familyOf(value: Uint8Array | undefined): AddressFamily | 'unknown' | undefined {
  if (value === undefined) return undefined;
  return value[0] === 1 ? 4 : value[0] === 2 ? 6 : 'unknown';
}

/** RFC 8656 section 18.12: one of the two families asked for could not be had. */
export function addressErrorCode(family: AddressFamily, code: number): StunAttribute {
  const value = new Uint8Array(4);
  value[0] = family === 4 ? 1 : 2;
  value[2] = Math.floor(code / 100);
  value[3] = code % 100;
  return { type: ADDRESS_ERROR_CODE, value };
}

/** An attribute whose value is a byte string. */
export function textAttribute(type: number, value: ByteString): StunAttribute {
  return { type, value: octetsOf(value) };
}

export function octetsOf(value: ByteString): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0));
}
