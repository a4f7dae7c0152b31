// RFC 3550 section 11: RTP at an even port, its RTCP at the next one. Which pairs of the range are taken.
import { randomInt } from 'node:crypto';

/** FIRST-LAST, inclusive. */
export interface PortRange {
  first: number;
  last: number;
}

interface Resting {
  port: number;
  until: number;
}

/**
 * Pairs are given at random, so that nobody can foretell where the next call is heard (RFC 6056), and rest after use, so
 * that a call's last packets do not reach the next one. When all the others are taken, the one that has rested longest goes.
 */
export class PortPairs {
  private readonly free: number[] = [];
  private readonly resting: Resting[] = [];
  private readonly rest: number;

  /** `rest` in milliseconds. */
  constructor({ first, last }: PortRange, rest: number) {
    for (let port = first + (first % 2); port + 1 <= last; port += 2) this.free.push(port);
    this.rest = rest;
  }

  /** How many could be had. */
  get available(): number {
    return this.free.length + this.resting.length;
  }

  /** The even port of a pair; undefined: there is none left. */
  take(now: number): number | undefined {
    while (this.resting[0] !== undefined && this.resting[0].until <= now) this.free.push(this.resting.shift()!.port);
    if (this.free.length === 0) return this.resting.shift()?.port;
    const at = randomInt(this.free.length);
    const port = this.free[at]!;
    this.free[at] = this.free.at(-1)!;
    this.free.pop();
    return port;
  }

  /** It is not used any more, or somebody else was found to have it. */
  giveBack(port: number, now: number): void {
    this.resting.push({ port, until: now + this.rest });
  }
}
