// What a TURN client says and reads, for tests of the machine and of the server's sockets.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  ERROR_CODE,
  parseErrorCode,
  parseXorAddress,
  type TransportAddress,
  text,
  USERNAME,
  xorAddress,
} from '../../src/protocol/stun/attributes.ts';
import {
  attribute,
  parseStun,
  type StunAttribute,
  type StunMessage,
  serializeStun,
} from '../../src/protocol/stun/message.ts';
import { appendIntegrity, type IntegrityHash } from '../../src/protocol/stun/message-integrity.ts';
import { textAttribute } from '../../src/protocol/turn/attributes.ts';
import * as turn from '../../src/protocol/turn/numbers.ts';
import { primitives } from '../../src/transport/primitives.ts';

export interface TurnUser {
  username: string;
  password: string;
  realm?: string;
  nonce?: string;
  integrity?: IntegrityHash;
  /** SHA-256 keys, by PASSWORD-ALGORITHM. */
  algorithm?: 'MD5' | 'SHA-256';
  algorithms?: Uint8Array;
}

export function ephemeralUser(secret: string, name: string, expires: number): TurnUser {
  const username = `${expires}:${name}`;
  return { username, password: createHmac('sha1', secret).update(username).digest('base64') };
}

export const requestedTransport = (protocol = 17): StunAttribute => ({
  type: turn.REQUESTED_TRANSPORT,
  value: Uint8Array.of(protocol, 0, 0, 0),
});
export const family = (number: number, type: number = turn.REQUESTED_ADDRESS_FAMILY): StunAttribute => ({
  type,
  value: Uint8Array.of(number, 0, 0, 0),
});
export const evenPort = (reserve: boolean): StunAttribute => ({
  type: turn.EVEN_PORT,
  value: Uint8Array.of(reserve ? 0x80 : 0),
});
export const seconds = (lifetime: number): StunAttribute => {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(lifetime);
  return { type: turn.LIFETIME, value };
};
export const channel = (number: number): StunAttribute => ({
  type: turn.CHANNEL_NUMBER,
  value: Uint8Array.of(number >> 8, number & 255, 0, 0),
});
/** A peer's address is XORed with the transaction: it is filled in by `request`. */
export interface Peer {
  peer: TransportAddress;
}

export function request(
  method: number,
  attributes: Array<StunAttribute | Peer> = [],
  user?: TurnUser,
  kind: 'request' | 'indication' = 'request',
  transactionId: Uint8Array = randomBytes(12),
): Uint8Array {
  const own = attributes.map((each) =>
    'peer' in each ? xorAddress(turn.XOR_PEER_ADDRESS, each.peer, transactionId) : each,
  );
  if (user === undefined) return serializeStun({ class: kind, method, transactionId, attributes: own });
  const { username, password, realm = '', nonce = '', integrity = 'sha1', algorithm } = user;
  const credential = [
    textAttribute(USERNAME, username),
    textAttribute(turn.REALM, realm),
    textAttribute(turn.NONCE, nonce),
  ];
  if (algorithm !== undefined)
    credential.push(
      { type: turn.PASSWORD_ALGORITHM, value: Uint8Array.of(0, algorithm === 'MD5' ? 1 : 2, 0, 0) },
      { type: turn.PASSWORD_ALGORITHMS, value: user.algorithms ?? new Uint8Array() },
    );
  const key = createHash(algorithm === 'SHA-256' ? 'sha256' : 'md5').update(
    `${username}:${realm}:${password}`,
    'latin1',
  );
  const plain = serializeStun({ class: kind, method, transactionId, attributes: [...own, ...credential] });
  return appendIntegrity(primitives, plain, key.digest('binary'), integrity);
}

export function dataOf(octets: string | Uint8Array): StunAttribute {
  return { type: turn.DATA, value: typeof octets === 'string' ? Buffer.from(octets) : octets };
}

export function sendIndication(
  peer: TransportAddress,
  data: string | Uint8Array,
  more: StunAttribute[] = [],
): Uint8Array {
  return request(turn.SEND, [{ peer }, dataOf(data), ...more], undefined, 'indication');
}

export function channelData(number: number, data: string | Uint8Array, padded = false): Buffer {
  const body = Buffer.from(data as string);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(number, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body, Buffer.alloc(padded ? -body.length & 3 : 0)]);
}

/** An answer taken apart. */
export class Answer {
  readonly message: StunMessage;
  readonly length: number;

  constructor(octets: Uint8Array) {
    this.message = parseStun(octets);
    this.length = octets.length;
  }

  get isSuccess(): boolean {
    return this.message.class === 'success';
  }

  /** The error code; 0: it is none. */
  get code(): number {
    const value = attribute(this.message, ERROR_CODE);
    return value === undefined ? 0 : parseErrorCode(value).code;
  }

  text(type: number): string {
    return text(attribute(this.message, type) ?? new Uint8Array());
  }

  octets(type: number): Uint8Array | undefined {
    return attribute(this.message, type);
  }

  addresses(type: number): TransportAddress[] {
    return this.message.attributes
      .filter((each) => each.type === type)
      .map(({ value }) => parseXorAddress(value, this.message.transactionId));
  }

  get relayed(): TransportAddress {
    return this.addresses(turn.XOR_RELAYED_ADDRESS)[0] as TransportAddress;
  }

  get lifetime(): number {
    return Buffer.from(attribute(this.message, turn.LIFETIME) ?? []).readUInt32BE();
  }
}
