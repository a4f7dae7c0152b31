// RFC 3550 section 7.2 and RFC 7667 section 3.8: RTCP of one leg ends here, and its meaning goes on. Each leg has reports of our
// own, on what came from it and what was sent to it, in its SSRCs; who asks for a picture or a packet asks whoever sends it.

import type { RtcpPacket } from '../../../protocol/rtp/rtcp/compound.ts';
import type {
  FullIntraRequest,
  NegativeAcknowledgement,
  PictureLossIndication,
} from '../../../protocol/rtp/rtcp/feedback.ts';
import type { ReceiverReport } from '../../../protocol/rtp/rtcp/report.ts';
import type { ReportBlock } from '../../../protocol/rtp/rtcp/report-block.ts';
import type { IncomingSource } from './incoming-source.ts';
import type { OutgoingSource } from './outgoing-source.ts';
import type { Section } from './section.ts';

/** Milliseconds between requests for a key frame of one source. */
const KEY_FRAME_PAUSE = 100;
/** A source that was not heard, or a report that was not renewed, for so long counts no more. */
const FRESH = 15_000;

/** What one peer said of the sections of its transport. */
export function receiveCompound(sections: readonly Section[], packets: readonly RtcpPacket[], now: number): void {
  for (const packet of packets) {
    switch (packet.type) {
      case 'SR':
        incomingOf(sections, packet.ssrc)?.receiveReport(packet, now);
        receiveBlocks(sections, packet.reports, now);
        break;
      case 'RR':
        receiveBlocks(sections, packet.reports, now);
        break;
      case 'BYE':
        for (const ssrc of packet.sources) receiveGoodbye(incomingOf(sections, ssrc));
        break;
      case 'PLI':
        requestKeyFrame(outgoingOf(sections, packet.media)?.owner, now);
        break;
      case 'FIR':
        for (const { ssrc } of packet.requests) requestKeyFrame(outgoingOf(sections, ssrc)?.owner, now);
        break;
      case 'NACK':
        requestRepetition(outgoingOf(sections, packet.media), packet.lost);
    }
    // REMB, TWCC: of one transport. SDES: we give sources our own names. Others: nobody was told that they pass.
  }
}

/** RFC 3550 section 6.4: a sender report for each source that is sent, one receiver report if there is none. */
export function sendReports(section: Section, now: number, epoch: number): void {
  const blocks: ReportBlock[] = [];
  for (const source of section.incoming.all) if (now - source.heardAt < FRESH) blocks.push(blockOf(source, now));
  const active = section.outgoing.filter(({ packets, sentAt }) => packets > 0 && now - sentAt < FRESH);
  const [first, ...rest] = active;
  if (first === undefined) section.sendRtcp([{ type: 'RR', ssrc: section.speaker.ssrc, reports: blocks }]);
  else {
    const reports = rest.map((source) => source.senderReport(now, epoch, []));
    section.sendRtcp([first.senderReport(now, epoch, blocks), ...reports]);
  }
}

/** What is lost behind us was lost on the way all the same: a sender that adapts has to know it. */
function blockOf(source: IncomingSource, now: number): ReportBlock {
  const block = source.statistics.report(now);
  const { sentAs } = source;
  const beyond = sentAs?.owner === source && now - sentAs.reportedAt < FRESH ? sentAs.reported : undefined;
  if (beyond === undefined) return block;
  return {
    ...block,
    fractionLost: Math.max(block.fractionLost, beyond.fractionLost),
    lost: Math.max(block.lost, beyond.lost),
  };
}

function receiveBlocks(sections: readonly Section[], blocks: readonly ReportBlock[], now: number): void {
  for (const block of blocks) outgoingOf(sections, block.ssrc)?.receiveReport(block, now);
}

/** RFC 3550 section 6.6. The first source of a section stays ours: whoever follows is sent under it. */
function receiveGoodbye(source: IncomingSource | undefined): void {
  if (source === undefined) return;
  source.section.incoming.remove(source);
  source.heardAt = Number.NEGATIVE_INFINITY;
  const { sentAs } = source;
  if (sentAs?.owner !== source || sentAs === sentAs.section.speaker) return;
  const { section } = sentAs;
  section.sendRtcp([emptyReport(section), { type: 'BYE', sources: [sentAs.ssrc] }]);
  section.removeOutgoing(sentAs);
}

/** RFC 4585 section 6.3.1 or RFC 5104 section 4.3.1, whichever the sender knows; neither: it sends key frames as it likes. */
export function requestKeyFrame(source: IncomingSource | undefined, now: number): void {
  if (source === undefined || now - source.askedAt < KEY_FRAME_PAUSE) return;
  const { section } = source;
  const sender = section.speaker.ssrc;
  let request: PictureLossIndication | FullIntraRequest;
  if (section.takes('nack pli')) request = { type: 'PLI', sender, media: source.ssrc };
  else if (section.takes('ccm fir')) {
    source.asked = (source.asked + 1) & 0xff;
    request = { type: 'FIR', sender, requests: [{ ssrc: source.ssrc, sequence: source.asked }] };
  } else return;
  source.askedAt = now;
  section.sendRtcp([emptyReport(section), request]);
}

/** RFC 4585 section 6.2.1. */
function requestRepetition(target: OutgoingSource | undefined, lost: readonly number[]): void {
  const source = target?.owner;
  // What was lost on the way from here was made here: nobody has it any more.
  if (target === undefined || source === undefined || target.transcoder !== undefined) return;
  if (!source.section.takes('nack')) return;
  const { section } = source;
  const request: NegativeAcknowledgement = {
    type: 'NACK',
    sender: section.speaker.ssrc,
    media: source.ssrc,
    lost: lost.map((sequence) => target.projection.sourceSequence(sequence)),
  };
  section.sendRtcp([emptyReport(section), request]);
}

function emptyReport(section: Section): ReceiverReport {
  return { type: 'RR', ssrc: section.speaker.ssrc, reports: [] };
}

function incomingOf(sections: readonly Section[], ssrc: number): IncomingSource | undefined {
  for (const section of sections) {
    const source = section.incoming.find(ssrc);
    if (source) return source;
  }
  return undefined;
}

function outgoingOf(sections: readonly Section[], ssrc: number): OutgoingSource | undefined {
  for (const section of sections) {
    const source = section.findOutgoing(ssrc);
    if (source) return source;
  }
  return undefined;
}
