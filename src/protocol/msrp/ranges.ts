/** Which octets of a message are there: disjoint ranges in order, `[from, to)`. Bounded: what comes in order is one. */
export class Ranges {
  readonly #most: number;
  readonly #ranges: { from: number; to: number }[] = [];

  constructor(most = 64) {
    this.#most = most;
  }

  /** False: too many gaps. */
  add(from: number, to: number): boolean {
    if (to <= from) return true;
    const last = this.#ranges.at(-1);
    if (last !== undefined && from >= last.from && from <= last.to) {
      last.to = Math.max(last.to, to);
      return true;
    }
    let first = this.#ranges.findIndex((range) => range.to >= from);
    if (first === -1) first = this.#ranges.length;
    let after = first;
    const joined = { from, to };
    for (let range = this.#ranges[after]; range !== undefined && range.from <= to; range = this.#ranges[after]) {
      joined.from = Math.min(joined.from, range.from);
      joined.to = Math.max(joined.to, range.to);
      after += 1;
    }
    if (after === first && this.#ranges.length >= this.#most) return false;
    this.#ranges.splice(first, after - first, joined);
    return true;
  }

  /** Whether all of `[from, to)` is there. */
  covers(from: number, to: number): boolean {
    return to <= from || this.#ranges.some((range) => range.from <= from && range.to >= to);
  }

  /** The first octet from `from` on that is missing. */
  contiguousFrom(from: number): number {
    return this.#ranges.find((range) => range.from <= from && range.to >= from)?.to ?? from;
  }
}
