import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type Head, parseFieldLine, parseStartLine } from './head.ts';
import { type FrameLimits, frameLimits } from './limits.ts';

/** RFC 4975 section 7.1: the message ends here, goes on in another chunk, or is given up. */
export type ContinuationFlag = '$' | '+' | '#';

/** Told of what is read, in order and synchronously. */
export interface FrameSink {
  head(head: Head): void;
  /** Octets of the body, in pieces as they come: a view of what was pushed. None for a frame without a body. */
  body(octets: Uint8Array): void;
  end(flag: ContinuationFlag): void;
}

const LF = 10;
const CR = 13;
const DASH = 45;
const DASHES = 7;

/**
 * The tokenizer of MSRP (RFC 4975 section 9): octets in, frames out. It holds one head at most, and of a body only what
 * may be the beginning of its end-line. Throws a ProtocolError at the first fault: the stream is of no use then.
 */
export class FrameReader {
  /** The frame that is being read. */
  current: Head | undefined;
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  #inBody = false;
  #headBytes = 0;
  /** `-------transaction`, as text and as octets with the CRLF before it. */
  #endLine = '';
  #delimiter = new Uint8Array(0);
  /** What could not be judged without what follows: a line of the head, or a piece of an end-line. */
  #held: Uint8Array | undefined;

  constructor(sink: FrameSink, limits: FrameLimits = frameLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Between two frames, with nothing of the next. */
  get idle(): boolean {
    return this.current === undefined && this.#held === undefined;
  }

  push(octets: Uint8Array): void {
    let input = octets;
    if (this.#held !== undefined) {
      input = new Uint8Array(this.#held.length + octets.length);
      input.set(this.#held);
      input.set(octets, this.#held.length);
      this.#held = undefined;
    }
    let at = 0;
    while (at < input.length) {
      const next = this.#inBody ? this.#readBody(input, at) : this.#readLine(input, at);
      if (next === undefined) return;
      at = next;
    }
  }

  /** One line of the head; undefined: it is not whole yet and is kept. */
  #readLine(input: Uint8Array, at: number): number | undefined {
    const end = input.indexOf(LF, at);
    const length = (end === -1 ? input.length : end + 1) - at;
    if (this.#headBytes + length > this.#limits.headBytes)
      throw new ProtocolError('MSRP_HEAD_SIZE', 'The head is too large.', { status: 400, close: 1009 });
    if (end === -1) {
      this.#held = input.slice(at);
      return undefined;
    }
    this.#headBytes += length;
    if (length < 2 || input[end - 1] !== CR) throw broken('line');
    this.#takeLine(latin1(input, at, end - 1));
    return end + 1;
  }

  #takeLine(line: ByteString): void {
    const head = this.current;
    if (head === undefined) {
      this.current = parseStartLine(line);
      this.#endLine = `-------${this.current.transaction}`;
    } else if (line.charCodeAt(0) === DASH) {
      const flag = line.slice(this.#endLine.length);
      if (!line.startsWith(this.#endLine) || !isFlag(flag)) throw broken('end-line');
      this.#begin(head);
      this.#finish(flag);
    } else if (line === '') {
      this.#begin(head);
      if (!head.isRequest) throw broken('response: it has no body');
      this.#delimiter = octetsOf(`\r\n${this.#endLine}`);
      this.#inBody = true;
    } else parseFieldLine(head, line, this.#limits);
  }

  #begin(head: Head): void {
    if (head.fromPath.length === 0) throw broken('head: no paths');
    this.#sink.head(head);
  }

  #finish(flag: ContinuationFlag): void {
    this.current = undefined;
    this.#inBody = false;
    this.#headBytes = 0;
    this.#sink.end(flag);
  }

  /** Passes the body on up to its end-line; undefined: all was used or kept. */
  #readBody(input: Uint8Array, at: number): number | undefined {
    const delimiter = this.#delimiter;
    for (let found = findDelimiter(input, at, delimiter); found !== -1; ) {
      const after = found + delimiter.length;
      const flag = String.fromCharCode(input[after] ?? 0);
      if (after + 3 <= input.length && isFlag(flag) && input[after + 1] === CR && input[after + 2] === LF) {
        if (found > at) this.#sink.body(input.subarray(at, found));
        this.#finish(flag);
        return after + 3;
      }
      if (after + 3 > input.length) break; // the rest will tell
      found = findDelimiter(input, after, delimiter); // the same text in the body: no end-line without a flag
    }
    // The last octets may be the beginning of an end-line: from the last CR that could be one they are kept.
    const keep = possibleStart(input, Math.max(at, input.length - delimiter.length - 2), delimiter);
    if (keep > at) this.#sink.body(input.subarray(at, keep));
    if (keep < input.length) this.#held = input.slice(keep);
    return undefined;
  }
}

/**
 * Where the delimiter (CRLF, seven dashes, transaction) stands, or -1. Looks at every seventh octet only: one of them is
 * one of its dashes. Linear whatever the input is.
 */
export function findDelimiter(input: Uint8Array, from: number, delimiter: Uint8Array): number {
  const last = input.length;
  for (let probe = from + 2 + DASHES - 1; probe < last; probe += DASHES) {
    if (input[probe] !== DASH) continue;
    for (let start = probe - 2; start >= probe - 2 - DASHES + 1 && start >= from; start--) {
      if (input[start] === CR && input[start + 1] === LF && matches(input, start, delimiter)) return start;
    }
  }
  return -1;
}

function matches(input: Uint8Array, start: number, delimiter: Uint8Array): boolean {
  if (start + delimiter.length > input.length) return false;
  for (let i = 2; i < delimiter.length; i++) if (input[start + i] !== delimiter[i]) return false;
  return true;
}

/** The first octet from `from` on with which a delimiter begins as far as can be seen; the end when there is none. */
function possibleStart(input: Uint8Array, from: number, delimiter: Uint8Array): number {
  for (let start = input.indexOf(CR, from); start !== -1; start = input.indexOf(CR, start + 1)) {
    const length = Math.min(input.length - start, delimiter.length);
    let same = 1;
    while (same < length && input[start + same] === delimiter[same]) same++;
    if (same === length) return start;
  }
  return input.length;
}

function isFlag(text: string): text is ContinuationFlag {
  return text === '$' || text === '+' || text === '#';
}

function broken(what: string): ProtocolError {
  return new ProtocolError('MSRP_SYNTAX', `Malformed ${what}.`, { status: 400, close: 1007 });
}

function latin1(octets: Uint8Array, start: number, end: number): ByteString {
  return String.fromCharCode.apply(null, octets.subarray(start, end) as unknown as number[]);
}

export function octetsOf(text: ByteString): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}
