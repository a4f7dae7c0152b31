// The client side of TURN (RFC 8656), as far as it takes to know whether a relay works: an allocation, a permission for its own
// relayed address, and a packet that goes out there and comes back in.
import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { Primitives } from '../primitives.ts';
import {
  ERROR_CODE,
  parseErrorCode,
  parseXorAddress,
  type TransportAddress,
  text,
  USERNAME,
  XOR_MAPPED_ADDRESS,
  xorAddress,
} from '../stun/attributes.ts';
import { attribute, parseStun, type StunAttribute, type StunMessage, serializeStun } from '../stun/message.ts';
import { appendIntegrity } from '../stun/message-integrity.ts';
import { lifetime, octetsOf, textAttribute } from './attributes.ts';
import {
  ALLOCATE,
  CREATE_PERMISSION,
  DATA,
  DATA_METHOD,
  NONCE,
  REALM,
  REFRESH,
  REQUESTED_TRANSPORT,
  SEND,
  UDP_PROTOCOL,
  XOR_PEER_ADDRESS,
  XOR_RELAYED_ADDRESS,
} from './numbers.ts';

/** How far it has come: `answer` waits for the first word of the server, `packet` for the relayed packet. */
export type RelayProbeStep = 'answer' | 'allocation' | 'permission' | 'packet' | 'done';

const PAYLOAD = 'relayed and back';
/** A nonce may have become stale meanwhile (438); a server that says so each time is broken. */
const MAX_CHALLENGES = 3;

export class RelayProbe {
  step: RelayProbeStep = 'answer';
  /** The error code of a refusal: nothing more will come. */
  refused: number | undefined;
  /** This client as the server sees it, and the address that was relayed from. */
  mapped: TransportAddress | undefined;
  relayed: TransportAddress | undefined;
  /** What is to be sent; over UDP again and again until `receive` says that there is something new. */
  outgoing: Uint8Array;
  readonly #primitives: Primitives;
  readonly #username: ByteString;
  readonly #password: ByteString;
  #transactionId = '';
  #realm: ByteString | undefined;
  #nonce: ByteString = '';
  #challenges = 0;

  constructor(options: { primitives: Primitives; username: ByteString; password: ByteString }) {
    this.#primitives = options.primitives;
    this.#username = options.username;
    this.#password = options.password;
    this.outgoing = this.#request(ALLOCATE, ALLOCATION);
  }

  /** One message of the server. True: `outgoing` is new and to be sent. Whatever is not for us is ignored. */
  receive(octets: Uint8Array): boolean {
    let message: StunMessage;
    try {
      message = parseStun(octets);
      if (message.class === 'indication') return this.#indication(message);
      if (text(message.transactionId) !== this.#transactionId) return false;
      if (message.class === 'error') return this.#error(message);
      if (message.class === 'success') return this.#success(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    return false;
  }

  #error(message: StunMessage): boolean {
    const { code } = parseErrorCode(attribute(message, ERROR_CODE) ?? new Uint8Array());
    const realm = attribute(message, REALM);
    const nonce = attribute(message, NONCE);
    const challenged = code === 438 || (code === 401 && this.#realm === undefined);
    if (!challenged || realm === undefined || nonce === undefined || this.#challenges === MAX_CHALLENGES) {
      this.refused = code;
      return false;
    }
    this.#challenges += 1;
    this.#realm = text(realm);
    this.#nonce = text(nonce);
    if (this.step === 'answer') this.step = 'allocation';
    this.outgoing = this.step === 'permission' ? this.#permission() : this.#request(ALLOCATE, ALLOCATION);
    return true;
  }

  #success(message: StunMessage): boolean {
    if (this.step === 'answer' || this.step === 'allocation') {
      const mapped = attribute(message, XOR_MAPPED_ADDRESS);
      const relayed = attribute(message, XOR_RELAYED_ADDRESS);
      if (relayed === undefined) return false;
      this.mapped = mapped && parseXorAddress(mapped, message.transactionId);
      this.relayed = parseXorAddress(relayed, message.transactionId);
      this.step = 'permission';
      this.outgoing = this.#permission();
      return true;
    }
    if (this.step !== 'permission') return false;
    this.step = 'packet';
    const transactionId = this.#nextTransaction();
    const attributes = [this.#ownAddress(transactionId), { type: DATA, value: octetsOf(PAYLOAD) }];
    this.outgoing = serializeStun({ class: 'indication', method: SEND, transactionId, attributes });
    return true;
  }

  /** Our packet has come back: the allocation is given up. */
  #indication(message: StunMessage): boolean {
    const data = attribute(message, DATA);
    if (this.step !== 'packet' || message.method !== DATA_METHOD || data === undefined || text(data) !== PAYLOAD)
      return false;
    this.step = 'done';
    this.outgoing = this.#request(REFRESH, [lifetime(0)]);
    return true;
  }

  #permission(): Uint8Array {
    return this.#request(CREATE_PERMISSION, (transactionId) => [this.#ownAddress(transactionId)]);
  }

  #ownAddress(transactionId: Uint8Array): StunAttribute {
    return xorAddress(XOR_PEER_ADDRESS, this.relayed as TransportAddress, transactionId);
  }

  #nextTransaction(): Uint8Array {
    this.#transactionId = this.#primitives.random(12);
    return octetsOf(this.#transactionId);
  }

  /** The key is of MD5, which every TURN server knows (RFC 8489 section 9.2.2). */
  #request(method: number, of: StunAttribute[] | ((transactionId: Uint8Array) => StunAttribute[])): Uint8Array {
    const transactionId = this.#nextTransaction();
    const attributes = typeof of === 'function' ? of(transactionId) : of;
    const head = { class: 'request', method, transactionId } as const;
    const realm = this.#realm;
    if (realm === undefined) return serializeStun({ ...head, attributes });
    const message = serializeStun({
      ...head,
      attributes: [
        ...attributes,
        textAttribute(USERNAME, this.#username),
        textAttribute(REALM, realm),
        textAttribute(NONCE, this.#nonce),
      ],
    });
    const key = this.#primitives.hash('md5', `${this.#username}:${realm}:${this.#password}`);
    return appendIntegrity(this.#primitives, message, key, 'sha1');
  }
}

const ALLOCATION: StunAttribute[] = [{ type: REQUESTED_TRANSPORT, value: Uint8Array.of(UDP_PROTOCOL, 0, 0, 0) }];
