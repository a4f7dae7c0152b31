import type { ByteString } from '../byte-string.ts';
import type { Field } from './head.ts';
import { Ranges } from './ranges.ts';

export interface MessageOptions {
  contentType: ByteString;
  /** The whole message. Without it the octets are asked for (`wanted`) and given by `supply`. */
  body?: Uint8Array;
  /** Octets of the whole message; needed without `body`. */
  total?: number;
  /** The octet (from 0) to begin with: the rest of a message that was cut. */
  from?: number;
  /** RFC 4975 section 7.1.2. Default: no. */
  successReport?: boolean;
  /** Further MIME headers, e.g. Content-Disposition. */
  fields?: readonly Field[];
  /** Default: a new one. */
  messageId?: string;
}

/** Octets asked for at once: one reading of a file serves many chunks. */
const READ = 512 * 1024;

/** One message on its way out: what of it is here, sent, answered. */
export class OutgoingMessage {
  readonly id: string;
  readonly contentType: ByteString;
  readonly fields: readonly Field[];
  readonly successReport: boolean;
  readonly total: number;
  readonly begin: number;
  /** The next octet to send. */
  position: number;
  /** An empty message, too, has one chunk. */
  sentLast = false;
  /** Answered by the next hop. */
  readonly answered = new Ranges();
  /** Octets asked for and not given yet. */
  asked = false;
  /** Failed, or given up. */
  over = false;
  #buffer: Uint8Array;
  #bufferAt: number;

  constructor(id: string, options: MessageOptions) {
    this.id = id;
    this.contentType = options.contentType;
    this.fields = options.fields ?? [];
    this.successReport = options.successReport ?? false;
    this.total = options.body?.length ?? options.total ?? 0;
    this.begin = Math.min(options.from ?? 0, this.total);
    this.position = this.begin;
    this.#buffer = options.body ?? new Uint8Array(0);
    this.#bufferAt = options.body === undefined ? this.begin : 0;
  }

  get allAnswered(): boolean {
    return this.sentLast && this.answered.covers(this.begin, this.total);
  }

  /** Octets the next hop has taken, from the first of the message on. */
  get progress(): number {
    return this.answered.contiguousFrom(this.begin);
  }

  /** What is to be asked for next; undefined: nothing now. */
  wanted(): { offset: number; length: number } | undefined {
    const end = this.#bufferAt + this.#buffer.length;
    if (this.asked || end >= this.total || end - this.position >= READ / 2) return undefined;
    return { offset: end, length: Math.min(READ, this.total - end) };
  }

  supply(octets: Uint8Array): void {
    this.asked = false;
    const left = this.#buffer.subarray(this.position - this.#bufferAt);
    if (left.length === 0) this.#buffer = octets;
    else {
      const joined = new Uint8Array(left.length + octets.length);
      joined.set(left);
      joined.set(octets, left.length);
      this.#buffer = joined;
    }
    this.#bufferAt = this.position;
  }

  /** The next chunk's octets, at most that many; undefined: they are not here yet, or all are sent. */
  next(most: number): Uint8Array | undefined {
    if (this.sentLast) return undefined;
    const at = this.position - this.#bufferAt;
    const length = Math.min(most, this.#buffer.length - at, this.total - this.position);
    // No short chunks in the middle because a reading ended there, unless nothing follows.
    if (length < Math.min(most, this.total - this.position)) return undefined;
    this.position += length;
    if (this.position >= this.total) this.sentLast = true;
    return this.#buffer.subarray(at, at + length);
  }
}
