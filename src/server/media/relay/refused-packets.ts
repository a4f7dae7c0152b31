// Why packets went no further, counted.

/** By index: the first six are those of srtp/refusal.ts, from -1 on. */
const REASONS = [
  'malformed',
  'replayed',
  'unauthentic',
  'excess',
  'exhausted',
  'unencrypted',
  'stranger',
  'unexpected',
  'unnegotiated',
  'held',
  'unheard',
  'discontinuous',
  'looped',
] as const;

export const MALFORMED = 0;
/** From another address than the peer's. */
export const STRANGER = 6;
/** Before there are keys, or somewhere to send it. */
export const UNEXPECTED = 7;
/** A payload type that nobody agreed on, or a section that is not carried. */
export const UNNEGOTIATED = 8;
/** Against the direction: on hold. */
export const HELD = 9;
/** Early media of a branch while another one is heard. */
export const UNHEARD = 10;
/** Far from its stream, or the first packet of a new source beside a known one: the next shows whether it was meant. */
export const DISCONTINUOUS = 11;
/** Our own, come back (RFC 3550 section 8.2). */
export const LOOPED = 12;
/** One more source than there is room for, or more packets than anybody sends. */
export const EXCESS = 3;

export class RefusedPackets {
  private readonly counts = new Float64Array(REASONS.length);
  private readonly whole: RefusedPackets | undefined;

  /** What is counted here counts in `whole` too. */
  constructor(whole?: RefusedPackets) {
    this.whole = whole;
  }

  count(reason: number): void {
    this.counts[reason] = this.counts[reason]! + 1;
    if (this.whole !== undefined) this.whole.count(reason);
  }

  /** A negative number of srtp/refusal.ts. */
  countRefusal(refusal: number): void {
    this.count(-1 - refusal);
  }

  /** Those above zero, together with another's. */
  report(other?: RefusedPackets): Record<string, number> {
    const record: Record<string, number> = {};
    for (const [index, reason] of REASONS.entries()) {
      const count = this.counts[index]! + (other?.counts[index] ?? 0);
      if (count > 0) record[reason] = count;
    }
    return record;
  }
}
