// RFC 6347 section 4.1.2.6: a record is taken once, by a sliding window of the last 64 sequence numbers.

/** `fresh` first, `accept` only once the record's tag was verified: a forged record must not move the window. */
export class ReplayWindow {
  private highest = -1;
  /** Bit n of `recent` is `highest - n`, of `older` is `highest - 32 - n`. */
  private recent = 0;
  private older = 0;

  fresh(sequence: number): boolean {
    const age = this.highest - sequence;
    if (age < 0) return true;
    if (age >= 64) return false;
    return age < 32 ? (this.recent & (1 << age)) === 0 : (this.older & (1 << (age - 32))) === 0;
  }

  accept(sequence: number): void {
    const ahead = sequence - this.highest;
    if (ahead > 0) {
      this.advance(ahead);
      this.highest = sequence;
      this.recent |= 1;
      return;
    }
    const age = -ahead;
    if (age < 32) this.recent |= 1 << age;
    else if (age < 64) this.older |= 1 << (age - 32);
  }

  private advance(by: number): void {
    if (by >= 64) {
      this.older = 0;
      this.recent = 0;
    } else if (by >= 32) {
      this.older = this.recent << (by - 32);
      this.recent = 0;
    } else {
      this.older = (this.older << by) | (this.recent >>> (32 - by));
      this.recent <<= by;
    }
  }
}
