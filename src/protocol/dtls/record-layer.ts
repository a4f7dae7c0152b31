// RFC 6347 section 4.1: the record layer; RFC 5288 and RFC 5246 section 6.2.3.3 for its AES-GCM.
import type { Aead } from './crypto-port.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer } from './octets.ts';

export const ContentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** 0 is in the clear, 1 is protected. There is no other, since nothing is renegotiated. */
export type Epoch = 0 | 1;

export const DTLS_1_0 = 0xfeff;
export const DTLS_1_2 = 0xfefd;

export const RECORD_HEADER = 13;
/** What protection adds to a record: the explicit nonce and the tag. */
export const PROTECTION = 8 + 16;
const MOST_PLAINTEXT = 2 ** 14;
const MOST_RECORDS = 64;

export interface DtlsRecord {
  type: number;
  version: number;
  epoch: number;
  /** 48 bits. */
  sequence: number;
  fragment: Uint8Array;
}

/** The records of a datagram, up to the first that is none: the rest is dropped in silence (section 4.1.2.7). */
export function parseRecords(datagram: Uint8Array): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  let at = 0;
  while (datagram.length - at >= RECORD_HEADER && records.length < MOST_RECORDS) {
    const header = new OctetReader(datagram.subarray(at, at + RECORD_HEADER));
    const type = header.integer(1);
    const version = header.integer(2);
    const epoch = header.integer(2);
    const sequence = header.integer(6);
    const length = header.integer(2);
    const end = at + RECORD_HEADER + length;
    if (type < ContentType.changeCipherSpec || type > ContentType.applicationData) break;
    if (version !== DTLS_1_2 && version !== DTLS_1_0) break;
    if (length > MOST_PLAINTEXT + PROTECTION || end > datagram.length) break;
    records.push({ type, version, epoch, sequence, fragment: datagram.subarray(at + RECORD_HEADER, end) });
    at = end;
  }
  return records;
}

/** The key and the implicit part of the nonce (its first four octets) of one direction. */
export interface WriteKey {
  aead: Aead;
  salt: Uint8Array;
}

/** Epoch and sequence number: the explicit nonce, and the start of the additional data. */
function place(epoch: number, sequence: number): Uint8Array {
  return concat(integer(2, epoch), integer(6, sequence));
}

function additionalData(record: Omit<DtlsRecord, 'fragment'>, length: number): Uint8Array {
  return concat(
    place(record.epoch, record.sequence),
    integer(1, record.type),
    integer(2, record.version),
    integer(2, length),
  );
}

/** The plaintext of a protected record; undefined when it was not sealed with this key. */
export function openRecord(key: WriteKey, record: DtlsRecord): Uint8Array | undefined {
  const length = record.fragment.length - PROTECTION;
  if (length < 0) return undefined;
  const nonce = concat(key.salt, record.fragment.subarray(0, 8));
  return key.aead.open(nonce, additionalData(record, length), record.fragment.subarray(8));
}

function sealRecord(key: WriteKey, record: DtlsRecord): Uint8Array {
  const explicit = place(record.epoch, record.sequence);
  const additional = additionalData(record, record.fragment.length);
  return concat(explicit, key.aead.seal(concat(key.salt, explicit), additional, record.fragment));
}

/** Numbers, protects and serializes what this side sends; both epochs go on side by side while a flight may be repeated. */
export class RecordWriter {
  private readonly sequence = [0, 0];
  private key: WriteKey | undefined;

  install(key: WriteKey): void {
    this.key = key;
  }

  /**
   * RFC 6347 section 4.2.1: a HelloVerifyRequest and the ServerHello after it carry the record sequence number of the
   * ClientHello they answer. Beyond 2^32 it is a peer that wants our numbers to run out.
   */
  follow(sequence: number): void {
    if (sequence < 2 ** 32) this.sequence[0] = Math.max(this.sequence[0]!, sequence);
  }

  write(epoch: Epoch, type: number, content: Uint8Array): Uint8Array {
    const sequence = this.sequence[epoch]!++;
    const record = { type, version: DTLS_1_2, epoch, sequence, fragment: content };
    if (epoch === 1 && !this.key) throw new Error('DTLS: a protected record before the keys are known');
    const fragment = epoch === 1 ? sealRecord(this.key!, record) : content;
    return concat(
      integer(1, type),
      integer(2, DTLS_1_2),
      place(epoch, sequence),
      integer(2, fragment.length),
      fragment,
    );
  }
}
