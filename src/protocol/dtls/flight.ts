// RFC 6347 sections 4.2.3 and 4.2.4: a flight of messages packed into datagrams, and when it is repeated.
import { HANDSHAKE_HEADER, type HandshakeMessage, serializeFragment } from './handshake-message.ts';
import { concat } from './octets.ts';
import { ContentType, type Epoch, PROTECTION, RECORD_HEADER, type RecordWriter } from './record-layer.ts';

export type FlightPart = { message: HandshakeMessage } | { changeCipherSpec: true };

const CHANGE_CIPHER_SPEC = new Uint8Array([1]);
/** A smaller piece of a message is not worth a fragment of its own. */
const LEAST_PIECE = 32;

/** The datagrams of a flight, under fresh record numbers each time it is sent. None is longer than `mtu` octets. */
export function packFlight(parts: readonly FlightPart[], writer: RecordWriter, mtu: number): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let records: Uint8Array[] = [];
  let room = mtu;
  const flush = (): void => {
    if (records.length > 0) datagrams.push(concat(...records));
    records = [];
    room = mtu;
  };
  const append = (epoch: Epoch, type: number, content: Uint8Array): void => {
    const record = writer.write(epoch, type, content);
    if (record.length > room) flush();
    records.push(record);
    room -= record.length;
  };
  for (const part of parts) {
    if ('changeCipherSpec' in part) {
      append(0, ContentType.changeCipherSpec, CHANGE_CIPHER_SPEC);
      continue;
    }
    const { message } = part;
    const overhead = RECORD_HEADER + HANDSHAKE_HEADER + (message.epoch === 1 ? PROTECTION : 0);
    let offset = 0;
    do {
      const left = message.body.length - offset;
      if (room - overhead < Math.min(left, LEAST_PIECE)) flush();
      const length = Math.min(left, room - overhead);
      append(message.epoch, ContentType.handshake, serializeFragment(message, offset, length));
      offset += length;
    } while (offset < message.body.length);
  }
  flush();
  return datagrams;
}

/** Milliseconds. */
export interface Retransmission {
  /**
   * The pause before the first repetition, if it is to be another than `initial`. A short one helps a peer that was not yet
   * listening: a phone that calls learns of the answer later than its first hello comes.
   */
  first?: number;
  /** RFC 6347 section 4.2.4.1: 1 s, doubled with every repetition... */
  initial: number;
  /** ...up to this. */
  most: number;
}

/** How long to wait after a flight was sent for the `attempt`th time, counted from 0. */
export function retransmissionDelay({ first, initial, most }: Retransmission, attempt: number): number {
  if (first !== undefined && attempt === 0) return first;
  const doublings = first === undefined ? attempt : attempt - 1;
  return Math.min(initial * 2 ** doublings, most);
}
