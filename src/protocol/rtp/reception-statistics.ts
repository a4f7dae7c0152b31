// RFC 3550 appendix A: what a receiver knows of one source. A.1 validity and counting, A.3 loss, A.8 jitter.
import type { ReportBlock } from './rtcp/report-block.ts';

const MODULUS = 0x10000;
/** A.1: the source is believed after this many packets in sequence. */
const MIN_SEQUENTIAL = 2;
/** A.1: how far a source may jump ahead, or lag, and be the same stream. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

/** Numbers only: one object for a source, none for a packet. */
export class ReceptionStatistics {
  readonly ssrc: number;
  /** Packets that came, late and doubled ones too. */
  received = 0;
  /** Interarrival jitter in timestamp units, times 16 (A.8). */
  private scaledJitter = 0;
  private transit = 0;
  private jitterBegun = false;
  private begun = false;
  private highest = 0;
  /** Shifted count of sequence number cycles. */
  private cycles = 0;
  private base = 0;
  private bad = MODULUS + 1;
  private probation = MIN_SEQUENTIAL;
  private expectedBefore = 0;
  private receivedBefore = 0;
  private lastReport = 0;
  private lastReportAt = 0;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /**
   * One packet. `arrival` is the time it came at in units of its payload's clock, from any origin (milliseconds * rate / 1000).
   * False: not yet, or not at the moment, a valid stream (A.1); such a packet is not counted.
   */
  receive(sequence: number, timestamp: number, arrival: number): boolean {
    const valid = this.updateSequence(sequence);
    if (valid) this.updateJitter(timestamp, arrival);
    return valid;
  }

  /** A sender report came: its NTP time goes back in our reports, so that the sender can compute the round trip. */
  senderReport(ntpSeconds: number, ntpFraction: number, now: number): void {
    this.lastReport = (((ntpSeconds & 0xffff) << 16) | (ntpFraction >>> 16)) >>> 0;
    this.lastReportAt = now;
  }

  get extendedHighest(): number {
    return this.cycles + this.highest;
  }

  /** In units of the payload's clock. */
  get jitter(): number {
    return Math.min(0xffffffff, Math.floor(this.scaledJitter / 16));
  }

  get expected(): number {
    return this.probation > 0 ? 0 : this.extendedHighest - this.base + 1;
  }

  /** Negative when packets were doubled on the way. */
  get lost(): number {
    return this.expected - this.received;
  }

  /** A.3: the report block for the interval since the last one; `now` in milliseconds. */
  report(now: number): ReportBlock {
    const { expected } = this;
    const expectedInterval = expected - this.expectedBefore;
    const lostInterval = expectedInterval - (this.received - this.receivedBefore);
    this.expectedBefore = expected;
    this.receivedBefore = this.received;
    const fraction =
      expectedInterval <= 0 || lostInterval <= 0
        ? 0
        : Math.min(255, Math.floor((lostInterval * 256) / expectedInterval));
    return {
      ssrc: this.ssrc,
      fractionLost: fraction,
      lost: Math.max(-0x800000, Math.min(0x7fffff, this.lost)),
      highest: this.extendedHighest >>> 0,
      jitter: this.jitter,
      lastReport: this.lastReport,
      delay: this.lastReport === 0 ? 0 : Math.round(((now - this.lastReportAt) * 65_536) / 1000) >>> 0,
    };
  }

  private updateSequence(sequence: number): boolean {
    if (!this.begun) {
      this.begun = true;
      this.start(sequence);
      this.highest = (sequence - 1) & 0xffff;
    }
    const ahead = (sequence - this.highest) & 0xffff;
    if (this.probation > 0) {
      // A source is not valid until MIN_SEQUENTIAL packets came in sequence.
      if (ahead === 1) {
        this.probation--;
        this.highest = sequence;
        if (this.probation === 0) {
          this.start(sequence);
          this.received++;
          return true;
        }
      } else {
        this.probation = MIN_SEQUENTIAL - 1;
        this.highest = sequence;
      }
      return false;
    }
    if (ahead < MAX_DROPOUT) {
      if (sequence < this.highest) this.cycles += MODULUS;
      this.highest = sequence;
    } else if (ahead <= MODULUS - MAX_MISORDER) {
      // The sequence number made a very large jump.
      if (sequence !== this.bad) {
        this.bad = (sequence + 1) & 0xffff;
        return false;
      }
      // Two in sequence: the other side has restarted without telling us.
      this.start(sequence);
    }
    this.received++;
    return true;
  }

  private start(sequence: number): void {
    this.base = sequence;
    this.highest = sequence;
    this.bad = MODULUS + 1;
    this.cycles = 0;
    this.received = 0;
    this.receivedBefore = 0;
    this.expectedBefore = 0;
    this.transit = 0;
    this.jitterBegun = false;
  }

  private updateJitter(timestamp: number, arrival: number): void {
    const transit = (Math.round(arrival) - timestamp) | 0;
    if (this.jitterBegun) {
      const difference = Math.abs((transit - this.transit) | 0);
      this.scaledJitter += difference - Math.floor((this.scaledJitter + 8) / 16);
    }
    this.jitterBegun = true;
    this.transit = transit;
  }
}
