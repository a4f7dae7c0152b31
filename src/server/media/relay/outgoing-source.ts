// RFC 7667 section 3.7: the sources under which one section is sent to one side, each of one incoming source at a time.
import { compactNtp, type NtpTime, ntpTime } from '../../../protocol/rtp/ntp.ts';
import type { SenderReport } from '../../../protocol/rtp/rtcp/report.ts';
import type { ReportBlock } from '../../../protocol/rtp/rtcp/report-block.ts';
import { SourceProjection } from '../../../protocol/rtp/source-projection.ts';
import type { Transcoder } from '../transcode/transcoder.ts';
import type { IncomingSource } from './incoming-source.ts';
import type { Section } from './section.ts';

/** Sender reports that a round trip may still be told by. */
const REMEMBERED = 4;
/** RFC 3550 section 6.4.1: NTP fractions a millisecond. */
const FRACTIONS = 2 ** 32 / 1000;

export class OutgoingSource {
  readonly section: Section;
  readonly projection: SourceProjection;
  /** A repair stream (RFC 4588) of the section's first source. */
  readonly repair: boolean;
  /** The description names it: no other sign of its section is needed. */
  readonly signalled: boolean;
  owner: IncomingSource | undefined;
  /** What makes it of its owner's packets, if they are not passed on as they are. */
  transcoder: Transcoder | undefined;
  packets = 0;
  /** Of payload. */
  octets = 0;
  /** What the peer last said of it, and when. */
  reported: ReportBlock | undefined;
  reportedAt = 0;
  /** In milliseconds. */
  roundTrip: number | undefined;
  /** Timestamp and time of the last packet. */
  timestamp = 0;
  sentAt = 0;
  private readonly reports: { compact: number; at: number }[] = [];

  constructor(section: Section, ssrc: number, rate: number, repair: boolean, signalled: boolean) {
    this.section = section;
    this.projection = new SourceProjection(ssrc, rate);
    this.repair = repair;
    this.signalled = signalled;
  }

  get ssrc(): number {
    return this.projection.ssrc;
  }

  /** From now on it carries this source. */
  carry(source: IncomingSource): void {
    if (this.owner !== undefined) this.projection.leave();
    this.owner = source;
  }

  /** What the peer says of it. */
  receiveReport(block: ReportBlock, now: number): void {
    this.reported = block;
    this.reportedAt = now;
    const report = this.reports.find(({ compact }) => compact === block.lastReport);
    if (report) this.roundTrip = Math.max(0, now - report.at - (block.delay * 1000) / 65_536);
  }

  /**
   * In the time of day of the source itself, if it reports one, so that what it sends in several sections stays in step
   * (RFC 3550 section 6.4.1); else in ours. `epoch` as in RelayPorts.
   */
  senderReport(now: number, epoch: number, reports: ReportBlock[]): SenderReport {
    const { owner, projection } = this;
    let ntp: NtpTime;
    let rtpTimestamp: number;
    if (owner !== undefined && owner.reportedAt >= 0) {
      const passed = now - owner.reportedAt;
      ntp = later({ seconds: owner.ntpSeconds, fraction: owner.ntpFraction }, passed);
      const reported = this.transcoder?.projectTimestamp(owner.rtpTimestamp) ?? owner.rtpTimestamp;
      rtpTimestamp = projection.projectTimestamp(reported + Math.round((passed * projection.rate) / 1000));
    } else {
      ntp = ntpTime(epoch + now);
      rtpTimestamp = (this.timestamp + Math.round(((now - this.sentAt) * projection.rate) / 1000)) >>> 0;
    }
    this.reports.push({ compact: compactNtp(ntp), at: now });
    if (this.reports.length > REMEMBERED) this.reports.shift();
    return {
      type: 'SR',
      ssrc: this.ssrc,
      ntpSeconds: ntp.seconds,
      ntpFraction: ntp.fraction,
      rtpTimestamp,
      packets: this.packets >>> 0,
      octets: this.octets >>> 0,
      reports,
    };
  }
}

function later({ seconds, fraction }: NtpTime, milliseconds: number): NtpTime {
  const units = fraction + milliseconds * FRACTIONS;
  return {
    seconds: (seconds + Math.floor(units / 2 ** 32)) % 2 ** 32,
    fraction: Math.floor(units % 2 ** 32) >>> 0,
  };
}
