// RFC 7667 section 3.7: what a middlebox sends as one source, whichever it comes from. A receiver, and SRTP's rollover counter,
// then see one stream that neither jumps nor begins anew: when another phone answers, or one restarts its numbers.
import {
  sequenceDistance,
  sequenceNumber,
  setSequenceNumber,
  setSsrc,
  setTimestamp,
  ssrc,
  timestamp,
} from './header.ts';

/** RFC 3550 A.1: how far a source may jump ahead, or lag, and be the same stream. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

const NONE = -1;
const LEFT = -2;

/** Numbers only: nothing is made for a packet. */
export class SourceProjection {
  /** Of what is sent. */
  readonly ssrc: number;
  /** In Hz, of the payload format. */
  rate: number;
  private source = NONE;
  /** Added to what comes. */
  private sequenceOffset = 0;
  private timestampOffset = 0;
  private highest = 0;
  private lastTimestamp = 0;
  private lastArrival = 0;
  /** The number that would confirm a jump; -1: none is awaited. */
  private awaited = -1;

  constructor(outgoing: number, rate: number) {
    this.ssrc = outgoing;
    this.rate = rate;
  }

  /**
   * Rewrites SSRC, sequence number and timestamp of a whole RTP packet in place; `now` in milliseconds. False: drop it, since it
   * is far from its stream; if the next one follows on it, the source has begun anew.
   */
  project(packet: Uint8Array, now: number): boolean {
    const id = ssrc(packet);
    const sequence = sequenceNumber(packet);
    const time = timestamp(packet);
    if (id !== this.source) {
      if (this.source !== NONE) this.join(sequence, time, now);
      this.source = id;
      this.highest = sequence;
    } else {
      const distance = sequenceDistance(this.highest, sequence);
      if (distance >= MAX_DROPOUT || distance <= -MAX_MISORDER) {
        if (sequence !== this.awaited) {
          this.awaited = (sequence + 1) & 0xffff;
          return false;
        }
        this.join(sequence, time, now);
        this.highest = sequence;
      } else if (distance > 0) this.highest = sequence;
    }
    this.awaited = -1;
    if (sequence === this.highest) {
      this.lastTimestamp = (time + this.timestampOffset) >>> 0;
      this.lastArrival = now;
    }
    setSsrc(packet, this.ssrc);
    setSequenceNumber(packet, (sequence + this.sequenceOffset) & 0xffff);
    setTimestamp(packet, (time + this.timestampOffset) >>> 0);
    return true;
  }

  /** What comes next is another stream, even under the same SSRC: two phones may both have chosen 0. */
  leave(): void {
    if (this.source !== NONE) this.source = LEFT;
  }

  /** A sequence number of the present source as it is sent. */
  projectSequence(sequence: number): number {
    return (sequence + this.sequenceOffset) & 0xffff;
  }

  /** The present source's own number of what was sent under this one: for what is asked for again. */
  sourceSequence(sent: number): number {
    return (sent - this.sequenceOffset) & 0xffff;
  }

  /** A timestamp of the present source as it is sent: for sender reports. */
  projectTimestamp(time: number): number {
    return (time + this.timestampOffset) >>> 0;
  }

  /** The next number after the last, at the time that has passed; one unit at least. */
  private join(sequence: number, time: number, now: number): void {
    const last = (this.highest + this.sequenceOffset) & 0xffff;
    const passed = Math.max(1, Math.round(((now - this.lastArrival) * this.rate) / 1000));
    this.sequenceOffset = (last + 1 - sequence) & 0xffff;
    this.timestampOffset = (this.lastTimestamp + passed - time) | 0;
  }
}
