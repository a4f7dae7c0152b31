// RFC 3711 section 3.3.2: which packet indices have come. Index numbers are of 48 bits: safe integers.

const SIZE = 1024;

/** The last 1024 indices: packets that are sent again on request come late. */
export class ReplayWindow {
  /** -1: nothing came yet. */
  highest = -1;
  /** Bit `index` modulo SIZE, for the indices of the window. */
  private readonly seen = new Int32Array(SIZE / 32);

  /** Neither seen nor too old. */
  fresh(index: number): boolean {
    if (index > this.highest) return true;
    if (this.highest - index >= SIZE) return false;
    const bit = index % SIZE;
    return (this.seen[bit >> 5]! & (1 << (bit & 31))) === 0;
  }

  /** Only once the packet was found authentic: a forged one must not move the window. */
  accept(index: number): void {
    const ahead = index - this.highest;
    if (ahead >= SIZE) this.seen.fill(0);
    else for (let between = this.highest + 1; between < index; between++) this.clear(between % SIZE);
    if (ahead > 0) this.highest = index;
    const bit = index % SIZE;
    this.seen[bit >> 5]! |= 1 << (bit & 31);
  }

  private clear(bit: number): void {
    this.seen[bit >> 5]! &= ~(1 << (bit & 31));
  }
}
