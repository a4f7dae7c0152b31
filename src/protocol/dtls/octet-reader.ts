// RFC 5246 section 4: the presentation language's integers and vectors, read with bounds.
import { DtlsError } from './dtls-error.ts';

/** Reads from the front; throws DTLS_MALFORMED when there is less than asked for. What it returns are views, not copies. */
export class OctetReader {
  private readonly octets: Uint8Array;
  private at = 0;

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  get left(): number {
    return this.octets.length - this.at;
  }

  /** A big-endian unsigned integer of up to six octets. */
  integer(size: 1 | 2 | 3 | 6): number {
    let value = 0;
    for (const octet of this.take(size)) value = value * 256 + octet;
    return value;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new DtlsError('DTLS_MALFORMED');
    const start = this.at;
    this.at += length;
    return this.octets.subarray(start, this.at);
  }

  /** `opaque v<least..most>` behind a length of `size` octets. */
  vector(size: 1 | 2 | 3, least: number, most: number): Uint8Array {
    const length = this.integer(size);
    if (length < least || length > most) throw new DtlsError('DTLS_MALFORMED');
    return this.take(length);
  }

  /** A vector of 16-bit numbers. */
  numbers(size: 1 | 2, least: number, most: number): number[] {
    const vector = this.vector(size, least, most);
    if (vector.length % 2 !== 0) throw new DtlsError('DTLS_MALFORMED');
    const numbers: number[] = [];
    for (let i = 0; i < vector.length; i += 2) numbers.push(vector[i]! * 256 + vector[i + 1]!);
    return numbers;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) throw new DtlsError('DTLS_MALFORMED');
  }
}
