import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import { type ContinuationFlag, findDelimiter, octetsOf } from './frame-reader.ts';
import type { Head } from './head.ts';

/** A frame to be sent: text, octets, text. Whoever writes it puts the three one after another, into one buffer. */
export interface Frame {
  /** With the empty line before the body when there is one. */
  head: ByteString;
  body?: Uint8Array;
  /** The end-line. */
  tail: ByteString;
}

/** `withBody` with a body: its Content-Type must be among the head's last fields. */
export function makeFrame(head: Head, flag: ContinuationFlag = '$', body?: Uint8Array): Frame {
  const text = head.serialize();
  const end = `-------${head.transaction}${flag}\r\n`;
  return body === undefined ? { head: text, tail: end } : { head: `${text}\r\n`, body, tail: `\r\n${end}` };
}

export function frameLength({ head, body, tail }: Frame): number {
  return head.length + (body?.length ?? 0) + tail.length;
}

export function serializeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { head, body, tail } = frame;
  const octets = new Uint8Array(frameLength(frame));
  for (let i = 0; i < head.length; i++) octets[i] = head.charCodeAt(i);
  if (body !== undefined) octets.set(body, head.length);
  const at = head.length + (body?.length ?? 0);
  for (let i = 0; i < tail.length; i++) octets[at + i] = tail.charCodeAt(i);
  return octets;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Names transactions, messages and sessions: random prefix, then a count, so that one name costs no entropy. */
export class Names {
  readonly #prefix: string;
  #last = 0;

  constructor(primitives: Pick<Primitives, 'random'>) {
    this.#prefix = randomName(primitives, 12);
  }

  next(): string {
    this.#last += 1;
    return `${this.#prefix}${this.#last.toString(36)}`;
  }

  /**
   * RFC 4975 section 7.1: a transaction whose end-line does not occur in the body. Whoever guesses our next name and
   * writes it into a body has it skipped.
   */
  transactionFor(body: Uint8Array | undefined): string {
    for (;;) {
      const name = this.next();
      if (body === undefined || findDelimiter(body, 0, octetsOf(`\r\n-------${name}`)) === -1) return name;
    }
  }
}

/** Letters and digits from a CSPRNG, some five bits each. */
export function randomName(primitives: Pick<Primitives, 'random'>, length: number): string {
  let name = '';
  for (const octet of primitives.random(length)) name += ALPHABET.charAt(octet.charCodeAt(0) % ALPHABET.length);
  return name;
}
