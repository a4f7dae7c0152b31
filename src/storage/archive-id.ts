/**
 * Ids that sort as their times do: 9 characters of milliseconds, 3 of a counter, 4 of this process, all from an alphabet
 * in the order of ASCII. Unique among the nodes of a site as far as four random characters go.
 */
const DIGITS = '0123456789abcdefghijklmnopqrstuv';

export class ArchiveIds {
  readonly #node: string;
  #time = 0;
  #counter = 0;

  /** `node`: four random characters of 0-9, a-v. */
  constructor(node: string) {
    this.#node = node;
  }

  /** Never the same twice, and never less than the one before, even when the clock is put back. */
  next(now: number): string {
    if (now > this.#time) {
      this.#time = now;
      this.#counter = 0;
    } else if (++this.#counter === 32 ** 3) {
      this.#time += 1;
      this.#counter = 0;
    }
    return digits(this.#time, 9) + digits(this.#counter, 3) + this.#node;
  }
}

/** The least id of that time: for a query by time. */
export function firstIdOf(time: number): string {
  return digits(Math.max(0, Math.floor(time)), 9);
}

function digits(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let i = 0; i < length; i++) {
    text = DIGITS.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
