// RFC 3550 section 6.4.1: a reception report block, the same in SR and RR.
import { readUint24, readUint32, writeUint24, writeUint32 } from '../octets.ts';

export interface ReportBlock {
  /** The source that is reported on. */
  ssrc: number;
  /** Since the last report, in 1/256. */
  fractionLost: number;
  /** Since the beginning: -2^23 to 2^23-1. */
  lost: number;
  /** The extended highest sequence number. */
  highest: number;
  /** In timestamp units. */
  jitter: number;
  /** LSR: the compact NTP time of the last sender report; 0: none came. */
  lastReport: number;
  /** DLSR: since it came, in 2^-16 seconds. */
  delay: number;
}

export const REPORT_BLOCK = 24;

export function parseReportBlock(octets: Uint8Array, at: number): ReportBlock {
  return {
    ssrc: readUint32(octets, at),
    fractionLost: octets[at + 4]!,
    lost: (readUint24(octets, at + 5) << 8) >> 8,
    highest: readUint32(octets, at + 8),
    jitter: readUint32(octets, at + 12),
    lastReport: readUint32(octets, at + 16),
    delay: readUint32(octets, at + 20),
  };
}

export function writeReportBlock(octets: Uint8Array, at: number, block: ReportBlock): void {
  writeUint32(octets, at, block.ssrc);
  octets[at + 4] = block.fractionLost;
  writeUint24(octets, at + 5, block.lost);
  writeUint32(octets, at + 8, block.highest);
  writeUint32(octets, at + 12, block.jitter);
  writeUint32(octets, at + 16, block.lastReport);
  writeUint32(octets, at + 20, block.delay);
}
