import type { ContinuationFlag } from './frame-reader.ts';

/** Takes a piece of a chunk: `at` octets after the chunk's beginning; `flag` is of the last one, else it goes on (`+`). */
export type TakePiece = (octets: Uint8Array | undefined, at: number, flag: ContinuationFlag, last: boolean) => void;

/**
 * Cuts one chunk of any length into pieces of a bounded one (RFC 4975 section 5.1: whoever forwards may cut anew), as its octets come. It
 * holds one piece at most.
 */
export class ChunkCutter {
  readonly #most: number;
  readonly #take: TakePiece;
  #at = 0;
  #rest: Uint8Array | undefined;
  #hasBody = false;

  constructor(most: number, take: TakePiece) {
    this.#most = most;
    this.#take = take;
  }

  body(octets: Uint8Array): void {
    this.#hasBody = true;
    let input = octets;
    if (this.#rest !== undefined) {
      const room = this.#most - this.#rest.length;
      const joined = new Uint8Array(this.#rest.length + Math.min(room, octets.length));
      joined.set(this.#rest);
      joined.set(octets.subarray(0, room), this.#rest.length);
      this.#rest = joined;
      if (octets.length <= room) return;
      this.#pass(joined);
      this.#rest = undefined;
      input = octets.subarray(room);
    }
    // The last piece waits: whether it is the last is not known yet.
    while (input.length > this.#most) {
      this.#pass(input.subarray(0, this.#most));
      input = input.subarray(this.#most);
    }
    this.#rest = input;
  }

  /** How many octets the chunk had. */
  end(flag: ContinuationFlag, withBody: boolean): number {
    const rest = this.#rest ?? (withBody || this.#hasBody ? new Uint8Array(0) : undefined);
    this.#take(rest, this.#at, flag, true);
    return this.#at + (rest?.length ?? 0);
  }

  #pass(piece: Uint8Array): void {
    this.#take(piece, this.#at, '+', false);
    this.#at += piece.length;
  }
}
