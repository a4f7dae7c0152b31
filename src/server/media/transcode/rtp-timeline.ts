// Timestamps of one clock as those of another (RFC 3550 section 5.1), modulo 2^32 on both sides.

/** The anchor is moved along before a distance from it could be taken for a negative one. */
const FAR = 2 ** 28;

export class RtpTimeline {
  private readonly outgoingRate: number;
  private incomingRate = 1;
  private incoming = 0;
  private outgoing = 0;

  constructor(outgoingRate: number) {
    this.outgoingRate = outgoingRate;
  }

  /** From now on `incoming`, by a clock of `rate`, is `outgoing`. */
  anchor(incoming: number, rate: number, outgoing: number): void {
    this.incoming = incoming;
    this.incomingRate = rate;
    this.outgoing = outgoing >>> 0;
  }

  map(incoming: number): number {
    const distance = (incoming - this.incoming) | 0;
    return (this.outgoing + Math.floor((distance * this.outgoingRate) / this.incomingRate)) >>> 0;
  }

  /** Media is at `incoming`: what is mapped next is near it. By whole seconds, so that nothing is rounded. */
  advance(incoming: number): void {
    const distance = (incoming - this.incoming) | 0;
    if (distance < FAR) return;
    const seconds = Math.floor(distance / this.incomingRate);
    this.incoming = (this.incoming + seconds * this.incomingRate) >>> 0;
    this.outgoing = (this.outgoing + seconds * this.outgoingRate) >>> 0;
  }
}
