// RFC 3550 section 6.2.1: the sources that one side sends in one section.
import { sequenceDistance } from '../../../protocol/rtp/header.ts';
import { ReceptionStatistics } from '../../../protocol/rtp/reception-statistics.ts';
import type { SenderReport } from '../../../protocol/rtp/rtcp/report.ts';
import type { OutgoingSource } from './outgoing-source.ts';
import { DISCONTINUOUS, EXCESS } from './refused-packets.ts';
import type { Section } from './section.ts';

export class IncomingSource {
  readonly ssrc: number;
  readonly section: Section;
  readonly statistics: ReceptionStatistics;
  /** Of its payload's clock, in Hz. */
  rate = 8000;
  /** When its last packet came. */
  heardAt = 0;
  /** What the peer's last sender report said, and when it came; -1: none has. */
  reportedAt = -1;
  ntpSeconds = 0;
  ntpFraction = 0;
  rtpTimestamp = 0;
  /** When a key frame was last asked for, and RFC 5104 section 4.3.1.1's count of that. */
  askedAt = Number.NEGATIVE_INFINITY;
  asked = 0;
  /** What it is sent on as: the last of several early branches. */
  sentAs: OutgoingSource | undefined;

  constructor(ssrc: number, section: Section) {
    this.ssrc = ssrc;
    this.section = section;
    this.statistics = new ReceptionStatistics(ssrc);
  }

  receiveReport({ ntpSeconds, ntpFraction, rtpTimestamp }: SenderReport, now: number): void {
    this.statistics.senderReport(ntpSeconds, ntpFraction, now);
    this.reportedAt = now;
    this.ntpSeconds = ntpSeconds;
    this.ntpFraction = ntpFraction;
    this.rtpTimestamp = rtpTimestamp;
  }

  /** In milliseconds. */
  get jitter(): number {
    return (this.statistics.jitter * 1000) / this.rate;
  }
}

/** Sources of a section at once: simulcast has three, with a repair stream each. */
const MOST = 16;
/** A source that was not heard for so long gives its place away, in milliseconds. */
const IDLE = 5000;

/**
 * What one side sends, by SSRC. In plain RTP, the first source is taken as it comes; another one only with its second packet
 * in sequence, so that single forged packets neither cost memory nor take the true stream's place.
 */
export class IncomingSources {
  private readonly sources: IncomingSource[] = [];
  private readonly section: Section;
  private last: IncomingSource | undefined;
  /** Why `receive` had no answer. */
  refusal = DISCONTINUOUS;
  private candidate = -1;
  private candidateSequence = 0;
  /** Of those whose places were given away. */
  private lostBefore = 0;

  constructor(section: Section) {
    this.section = section;
  }

  get all(): readonly IncomingSource[] {
    return this.sources;
  }

  get latest(): IncomingSource | undefined {
    return this.last;
  }

  get lost(): number {
    let lost = this.lostBefore;
    for (const { statistics } of this.sources) lost += Math.max(0, statistics.lost);
    return lost;
  }

  find(ssrc: number): IncomingSource | undefined {
    if (this.last !== undefined && this.last.ssrc === ssrc) return this.last;
    for (const source of this.sources) if (source.ssrc === ssrc) return source;
    return undefined;
  }

  /** Whose packet this is; undefined: `refusal` says why. `authentic`: it is the peer's for sure. */
  receive(ssrc: number, sequence: number, authentic: boolean, now: number): IncomingSource | undefined {
    const source = this.find(ssrc) ?? this.admit(ssrc, sequence, authentic, now);
    if (source === undefined) return undefined;
    this.last = source;
    source.heardAt = now;
    return source;
  }

  remove(source: IncomingSource): void {
    const index = this.sources.indexOf(source);
    if (index < 0) return;
    this.sources.splice(index, 1);
    this.lostBefore += Math.max(0, source.statistics.lost);
    if (this.last === source) this.last = undefined;
  }

  private admit(ssrc: number, sequence: number, authentic: boolean, now: number): IncomingSource | undefined {
    if (!authentic && this.sources.length > 0 && !this.follows(ssrc, sequence)) {
      this.refusal = DISCONTINUOUS;
      return undefined;
    }
    if (this.sources.length >= MOST && !this.makeRoom(now)) {
      this.refusal = EXCESS;
      return undefined;
    }
    const source = new IncomingSource(ssrc, this.section);
    this.sources.push(source);
    return source;
  }

  private follows(ssrc: number, sequence: number): boolean {
    const follows = ssrc === this.candidate && sequenceDistance(this.candidateSequence, sequence) === 1;
    this.candidate = follows ? -1 : ssrc;
    this.candidateSequence = sequence;
    return follows;
  }

  private makeRoom(now: number): boolean {
    const oldest = this.sources.reduce((a, b) => (b.heardAt < a.heardAt ? b : a));
    if (now - oldest.heardAt < IDLE) return false;
    this.remove(oldest);
    return true;
  }
}
