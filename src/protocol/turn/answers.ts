import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import { errorCode, software, unknownAttributes } from '../stun/attributes.ts';
import { appendFingerprint, FINGERPRINT_LENGTH } from '../stun/fingerprint.ts';
import { type StunAttribute, serializeStun } from '../stun/message.ts';
import { appendIntegrity } from '../stun/message-integrity.ts';
import { octetsOf, textAttribute } from './attributes.ts';
import type { Nonces } from './nonce.ts';
import { NONCE, PASSWORD_ALGORITHMS, REALM } from './numbers.ts';
import type { AuthenticatedRequest, TurnRequest } from './request.ts';

/** MD5 and SHA-256 (RFC 8489 section 18.5), each without parameters. The stronger one first. */
export const OFFERED_ALGORITHMS = '\0\x02\0\0\0\x01\0\0';

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  420: 'Unknown Attribute',
  437: 'Allocation Mismatch',
  438: 'Stale Nonce',
  440: 'Address Family not Supported',
  441: 'Wrong Credentials',
  442: 'Unsupported Transport Protocol',
  443: 'Peer Address Family Mismatch',
  486: 'Allocation Quota Reached',
  508: 'Insufficient Capacity',
};

/** Builds the answers to requests. */
export class Answers {
  readonly #primitives: Primitives;
  readonly #nonces: Nonces;
  readonly #realm: StunAttribute;
  readonly #software: StunAttribute | undefined;

  constructor(options: { primitives: Primitives; nonces: Nonces; realm: ByteString; software?: ByteString }) {
    this.#primitives = options.primitives;
    this.#nonces = options.nonces;
    this.#realm = textAttribute(REALM, options.realm);
    this.#software = options.software === undefined ? undefined : software(options.software);
  }

  success(request: AuthenticatedRequest, attributes: StunAttribute[]): Uint8Array {
    return this.#authenticated(request, 'success', attributes);
  }

  error(request: AuthenticatedRequest, code: number, more: StunAttribute[] = []): Uint8Array {
    return this.#authenticated(request, 'error', [errorCode(code, REASONS[code]), ...more]);
  }

  unknown(request: AuthenticatedRequest, types: readonly number[]): Uint8Array {
    return this.error(request, 420, [unknownAttributes(types)]);
  }

  /** To a request without a right integrity: nothing that it does not need, since its sender may be forged. */
  bare(request: TurnRequest, code: number): Uint8Array {
    return serialize(request, [errorCode(code)]);
  }

  /**
   * 401 or 438 with what the client needs to come again (RFC 8489 section 9.2.4).
   *
   * Over UDP the sender may be forged, so the answer is at most twice the request. A request of 28 octets, as browsers
   * send it, leaves room for the realm and a short nonce only: without PASSWORD-ALGORITHMS it is then that of RFC 5389.
   * (A realm of more than 12 characters is larger than that; it is sent nevertheless, or nobody could come in. With IP
   * and UDP headers counted it is within the bound up to 40 characters.)
   */
  challenge(request: TurnRequest, code: 401 | 438, now: number): Uint8Array {
    const { fiveTuple, octets } = request;
    const room = fiveTuple.transport === 'udp' ? 2 * octets.length : Number.POSITIVE_INFINITY;
    const nonce = (form: 'full' | 'short') => textAttribute(NONCE, this.#nonces.issue(fiveTuple, form, now));
    const full = [this.#realm, nonce('full'), { type: PASSWORD_ALGORITHMS, value: octetsOf(OFFERED_ALGORITHMS) }];
    const most = [errorCode(code, REASONS[code]), ...full, ...(this.#software ? [this.#software] : [])];
    for (const attributes of [most, [errorCode(code), ...full]]) {
      const answer = serialize(request, attributes);
      if (answer.length + FINGERPRINT_LENGTH <= room) return request.fingerprint ? appendFingerprint(answer) : answer;
    }
    return serialize(request, [errorCode(code), this.#realm, nonce('short')]);
  }

  #authenticated(request: AuthenticatedRequest, kind: 'success' | 'error', attributes: StunAttribute[]): Uint8Array {
    const all = this.#software === undefined ? attributes : [...attributes, this.#software];
    const { method, transactionId } = request.message;
    const plain = serializeStun({ class: kind, method, transactionId, attributes: all });
    const signed = appendIntegrity(this.#primitives, plain, request.key, request.integrity);
    return request.fingerprint ? appendFingerprint(signed) : signed;
  }
}

function serialize({ message: { method, transactionId } }: TurnRequest, attributes: StunAttribute[]): Uint8Array {
  return serializeStun({ class: 'error', method, transactionId, attributes });
}
