// Bencode (BEP 3), in which rtpengine's ng protocol is written: `4:ping`, `i42e`, `l...e`, `d...e`. Strings are octets.
import type { ByteString } from '../../../protocol/byte-string.ts';
import { ProtocolError } from '../../../protocol/errors.ts';

export type Bencode = ByteString | number | readonly Bencode[] | BencodeDictionary;
export type BencodeDictionary = ReadonlyMap<ByteString, Bencode>;

/** What is written: undefined values are left out. */
export type Writable = ByteString | number | readonly Writable[] | { readonly [key: string]: Writable | undefined };

/** Bounds of one value that is read. A call of eight sections has 60 kB, five levels and 3,000 values in its statistics. */
export interface BencodeLimits {
  depth: number;
  values: number;
}

export const BENCODE_LIMITS: BencodeLimits = { depth: 16, values: 100_000 };

/** Keys in their own order: rtpengine does not ask for the lexicographic one. Throws RangeError for a number that is no integer. */
export function writeBencode(value: Writable): ByteString {
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError('bencode has integers only');
    return `i${value}e`;
  }
  if (isList(value)) return `l${value.map(writeBencode).join('')}e`;
  let text = 'd';
  for (const [key, of] of Object.entries(value)) {
    if (of !== undefined) text += writeBencode(key) + writeBencode(of);
  }
  return `${text}e`;
}

function isList(value: Exclude<Writable, string | number>): value is readonly Writable[] {
  return Array.isArray(value);
}

/**
 * The one value that `text` is. Throws ProtocolError NG_SYNTAX for anything else. Of a key that comes twice the last is
 * kept; an integer beyond 2^53 loses its last digits (they are counters).
 */
export function readBencode(text: ByteString, limits: BencodeLimits = BENCODE_LIMITS): Bencode {
  const reader = new Reader(text, limits);
  const value = reader.value(0);
  if (reader.at !== text.length) throw malformed();
  return value;
}

export function malformed(): ProtocolError {
  return new ProtocolError('NG_SYNTAX', 'Not an answer of the ng protocol', { status: 500 });
}

const COLON = 0x3a;
const END = 0x65;

class Reader {
  at = 0;
  private readonly text: ByteString;
  private readonly depth: number;
  private left: number;

  constructor(text: ByteString, { depth, values }: BencodeLimits) {
    this.text = text;
    this.depth = depth;
    this.left = values;
  }

  value(depth: number): Bencode {
    if (depth > this.depth || this.left-- === 0) throw malformed();
    switch (this.text[this.at]) {
      case 'i':
        this.at++;
        return this.number(END, true);
      case 'l':
        return this.list(depth);
      case 'd':
        return this.dictionary(depth);
      default:
        return this.string();
    }
  }

  private list(depth: number): Bencode[] {
    this.at++;
    const list: Bencode[] = [];
    while (!this.ended()) list.push(this.value(depth + 1));
    return list;
  }

  private dictionary(depth: number): BencodeDictionary {
    this.at++;
    const entries = new Map<ByteString, Bencode>();
    while (!this.ended()) entries.set(this.string(), this.value(depth + 1));
    return entries;
  }

  private ended(): boolean {
    if (this.text.charCodeAt(this.at) !== END) return false;
    this.at++;
    return true;
  }

  private string(): ByteString {
    const length = this.number(COLON, false);
    const start = this.at;
    if (length > this.text.length - start) throw malformed();
    this.at += length;
    return this.text.slice(start, this.at);
  }

  /** Digits up to `terminator`, which is passed over. */
  private number(terminator: number, signed: boolean): number {
    const start = this.at;
    if (signed && this.text[this.at] === '-') this.at++;
    const digits = this.at;
    let octet = this.text.charCodeAt(this.at);
    while (octet >= 0x30 && octet <= 0x39) octet = this.text.charCodeAt(++this.at);
    // 20 digits are 64 bits: no counter has more.
    if (octet !== terminator || this.at === digits || this.at - digits > 20) throw malformed();
    const value = Number(this.text.slice(start, this.at));
    this.at++;
    return value;
  }
}
