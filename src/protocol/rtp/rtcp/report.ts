// RFC 3550 section 6.4: sender and receiver reports.
import { readUint32, writeUint32 } from '../octets.ts';
import { RECEIVER_REPORT, SENDER_REPORT } from './packet-type.ts';
import { parseReportBlock, REPORT_BLOCK, type ReportBlock, writeReportBlock } from './report-block.ts';
import { rtcpPacket } from './rtcp-packet.ts';

export interface SenderReport {
  type: 'SR';
  ssrc: number;
  ntpSeconds: number;
  /** In 2^-32 seconds. */
  ntpFraction: number;
  rtpTimestamp: number;
  packets: number;
  octets: number;
  reports: ReportBlock[];
}

export interface ReceiverReport {
  type: 'RR';
  ssrc: number;
  reports: ReportBlock[];
}

const SENDER_INFO = 20;
const MOST_BLOCKS = 31;

/** `body` is what follows the first 4 octets. Profile-specific extensions behind the blocks are left out. Undefined: cut short. */
export function parseSenderReport(count: number, body: Uint8Array): SenderReport | undefined {
  if (body.length < 4 + SENDER_INFO + count * REPORT_BLOCK) return undefined;
  return {
    type: 'SR',
    ssrc: readUint32(body, 0),
    ntpSeconds: readUint32(body, 4),
    ntpFraction: readUint32(body, 8),
    rtpTimestamp: readUint32(body, 12),
    packets: readUint32(body, 16),
    octets: readUint32(body, 20),
    reports: parseBlocks(count, body, 4 + SENDER_INFO),
  };
}

export function parseReceiverReport(count: number, body: Uint8Array): ReceiverReport | undefined {
  if (body.length < 4 + count * REPORT_BLOCK) return undefined;
  return { type: 'RR', ssrc: readUint32(body, 0), reports: parseBlocks(count, body, 4) };
}

function parseBlocks(count: number, body: Uint8Array, start: number): ReportBlock[] {
  return Array.from({ length: count }, (_, index) => parseReportBlock(body, start + index * REPORT_BLOCK));
}

/** Reports on more than 31 sources go into more packets: the rest is left out here. */
export function serializeReport(report: SenderReport | ReceiverReport): Uint8Array {
  const blocks = report.reports.slice(0, MOST_BLOCKS);
  const start = report.type === 'SR' ? 4 + SENDER_INFO : 4;
  const body = new Uint8Array(start + blocks.length * REPORT_BLOCK);
  writeUint32(body, 0, report.ssrc);
  if (report.type === 'SR') {
    writeUint32(body, 4, report.ntpSeconds);
    writeUint32(body, 8, report.ntpFraction);
    writeUint32(body, 12, report.rtpTimestamp);
    writeUint32(body, 16, report.packets);
    writeUint32(body, 20, report.octets);
  }
  blocks.forEach((block, index) => {
    writeReportBlock(body, start + index * REPORT_BLOCK, block);
  });
  return rtcpPacket(report.type === 'SR' ? SENDER_REPORT : RECEIVER_REPORT, blocks.length, body);
}
