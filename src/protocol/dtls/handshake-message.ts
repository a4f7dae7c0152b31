// RFC 6347 section 4.2.2: the handshake message header, and messages in fragments.

import { OctetReader } from './octet-reader.ts';
import { concat, integer } from './octets.ts';
import type { Epoch } from './record-layer.ts';

export const HandshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

export const HANDSHAKE_HEADER = 12;

export interface HandshakeMessage {
  type: number;
  /** message_seq */
  sequence: number;
  /** The epoch of the records it came in. */
  epoch: Epoch;
  body: Uint8Array;
}

export interface Fragment {
  type: number;
  sequence: number;
  /** Of the whole message. */
  length: number;
  offset: number;
  body: Uint8Array;
}

/** Every fragment of a record (several may share one); throws DTLS_MALFORMED. */
export function parseFragments(content: Uint8Array): Fragment[] {
  const reader = new OctetReader(content);
  const fragments: Fragment[] = [];
  do {
    const type = reader.integer(1);
    const length = reader.integer(3);
    const sequence = reader.integer(2);
    const offset = reader.integer(3);
    const body = reader.take(reader.integer(3));
    fragments.push({ type, sequence, length, offset, body });
  } while (reader.left > 0);
  return fragments;
}

export function serializeFragment(
  message: Omit<HandshakeMessage, 'epoch'>,
  offset: number,
  length: number,
): Uint8Array {
  return concat(
    integer(1, message.type),
    integer(3, message.body.length),
    integer(2, message.sequence),
    integer(3, offset),
    integer(3, length),
    message.body.subarray(offset, offset + length),
  );
}

/** As one fragment: the form that the transcript hashes, however it travelled (section 4.2.6). */
export function serializeMessage(message: Omit<HandshakeMessage, 'epoch'>): Uint8Array {
  return serializeFragment(message, 0, message.body.length);
}
