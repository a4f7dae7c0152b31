// Send and Data indications (RFC 8656 section 11) on the way of relayed packets: read and written in place, since an
// object for each attribute would cost more than the rest of the path.
import { HEADER_LENGTH, MAGIC_COOKIE } from '../stun/message.ts';
import { DATA, DATA_METHOD, DONT_FRAGMENT, SEND, XOR_PEER_ADDRESS } from './numbers.ts';

/** Class indication (RFC 8489 section 5) and the method. */
const SEND_INDICATION = 0x0010 | SEND;
const DATA_INDICATION = 0x0010 | DATA_METHOD;
const COOKIE = [0x21, 0x12, 0xa4, 0x42] as const;
const COOKIE_PORT = MAGIC_COOKIE >>> 16;

/** What a Send indication says, filled again and again by readSend. */
export class SendIndication {
  /** The peer: 4 or 16 octets of `address` mean something. */
  family: 4 | 6 = 4;
  readonly address = new Uint8Array(16);
  port = 0;
  /** Where the data is in the message. */
  start = 0;
  end = 0;
  dontFragment = false;
}

/** Whether these octets begin like one; readSend tells. */
export function isSendIndication(message: Uint8Array): boolean {
  return message[0] === SEND_INDICATION >> 8 && message[1] === (SEND_INDICATION & 0xff);
}

/**
 * RFC 8656 section 11.2 steps 1 and 2. False: it is to be dropped, for want of a peer or data, or for an attribute that
 * must be understood and is not.
 */
export function readSend(message: Uint8Array, into: SendIndication): boolean {
  const size = message.length;
  if (size < HEADER_LENGTH || !isSendIndication(message)) return false;
  if (u16(message, 2) + HEADER_LENGTH !== size) return false;
  if (u16(message, 4) !== COOKIE_PORT || u16(message, 6) !== (MAGIC_COOKIE & 0xffff)) return false;
  let peer = false;
  let data = false;
  into.dontFragment = false;
  for (let at = HEADER_LENGTH; at < size; ) {
    if (at + 4 > size) return false;
    const type = u16(message, at);
    const length = u16(message, at + 2);
    const value = at + 4;
    if (value + length > size) return false;
    // The first of each counts (RFC 8489 section 14).
    if (type === XOR_PEER_ADDRESS) {
      if (!peer && !readPeer(message, value, length, into)) return false;
      peer = true;
    } else if (type === DATA) {
      if (!data) {
        into.start = value;
        into.end = value + length;
      }
      data = true;
    } else if (type === DONT_FRAGMENT) into.dontFragment = true;
    else if (type < 0x8000) return false;
    at = value + ((length + 3) & ~3);
  }
  return peer && data;
}

function readPeer(message: Uint8Array, at: number, length: number, into: SendIndication): boolean {
  const family = message[at + 1];
  if (length === 8 && family === 1) into.family = 4;
  else if (length === 20 && family === 2) into.family = 6;
  else return false;
  into.port = u16(message, at + 2) ^ COOKIE_PORT;
  for (let i = 0; i < length - 4; i++) {
    // The cookie and the transaction ID stand together in the header.
    into.address[i] = (message[at + 4 + i] as number) ^ (message[4 + i] as number);
  }
  return true;
}

/** Octets of a Data indication from a peer of that address length with so much data. */
export function dataIndicationSize(addressLength: number, length: number): number {
  return HEADER_LENGTH + 4 + 4 + addressLength + 4 + ((length + 3) & ~3);
}

/** RFC 8656 section 11.3. Fills `target`, which has the size that dataIndicationSize says. */
export function writeDataIndication(
  target: Uint8Array,
  transaction: number,
  address: Uint8Array,
  port: number,
  data: Uint8Array,
): void {
  const body = target.length - HEADER_LENGTH;
  put16(target, 0, DATA_INDICATION);
  put16(target, 2, body);
  for (let i = 0; i < 4; i++) target[4 + i] = COOKIE[i] as number;
  // Nobody answers an indication: its transaction ID has only to differ from the last one.
  target.fill(0, 8, 16);
  put16(target, 16, transaction >>> 16);
  put16(target, 18, transaction & 0xffff);
  let at = HEADER_LENGTH;
  put16(target, at, XOR_PEER_ADDRESS);
  put16(target, at + 2, 4 + address.length);
  target[at + 4] = 0;
  target[at + 5] = address.length === 4 ? 1 : 2;
  put16(target, at + 6, port ^ COOKIE_PORT);
  at += 8;
  for (let i = 0; i < address.length; i++) target[at + i] = (address[i] as number) ^ (target[4 + i] as number);
  at += address.length;
  put16(target, at, DATA);
  put16(target, at + 2, data.length);
  target.set(data, at + 4);
  for (let end = at + 4 + data.length; end < target.length; end++) target[end] = 0;
}

function u16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number);
}

function put16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >> 8;
  octets[at + 1] = value & 0xff;
}
