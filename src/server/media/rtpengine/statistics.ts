// What `query` and `delete` say of a call, as LegStatistics.
import { otherSide, type Side } from '../../../protocol/sdp/payload-map.ts';
import type { LegStatistics } from '../engine.ts';
import type { Bencode, BencodeDictionary } from './bencode.ts';

/** A section at one side, and when it was last heard (Unix seconds). */
interface Section {
  kind: string;
  codec: string | undefined;
  profile: string;
  ssrc: number | undefined;
  packets: number;
  octets: number;
  /** Packets that could not be read or authenticated. */
  errors: number;
  lastPacket: number;
}

/** What a receiver's reports said of a source: of the path from its sender, by rtpengine, to that receiver. */
interface Reports {
  lost: number;
  jitter: number;
  /** Between rtpengine and the receiver. */
  roundTrip: number | undefined;
}

export interface CallFigures {
  statistics: LegStatistics[];
  /** Unix seconds by side; undefined: no section there. */
  lastPacket: Record<Side, number | undefined>;
}

/**
 * Of one dialog. rtpengine counts what it receives; what it has sent to a side is what it received from the other (it drops
 * nothing on the way), and losses are known as far as a receiver reports them.
 */
export function callFigures(answer: BencodeDictionary, tags: Readonly<Record<Side, string>>): CallFigures {
  const sides = { caller: sectionsOf(answer, tags.caller), callee: sectionsOf(answer, tags.callee) };
  const reports = dictionary(answer.get('SSRC'));
  const statistics: LegStatistics[] = [];
  for (const side of ['caller', 'callee'] as const) {
    sides[side].forEach((section, index) => {
      const other = sides[otherSide(side)][index];
      const received = reportsOf(reports, section.ssrc);
      const sent = reportsOf(reports, other?.ssrc);
      statistics.push({
        side,
        kind: section.kind,
        codec: section.codec,
        profile: section.profile,
        received: {
          packets: section.packets,
          octets: section.octets,
          lost: received?.lost ?? 0,
          jitter: received?.jitter ?? 0,
        },
        sent: {
          packets: other?.packets ?? 0,
          octets: other?.octets ?? 0,
          lost: sent?.lost,
          jitter: sent?.jitter,
        },
        roundTrip: sent?.roundTrip,
        dropped: section.errors > 0 ? { unauthentic: section.errors } : {},
      });
    });
  }
  const last = (side: Side): number | undefined => {
    const times = sides[side].map(({ lastPacket }) => lastPacket).filter((time) => time > 0);
    return times.length > 0 ? Math.max(...times) : undefined;
  };
  return { statistics, lastPacket: { caller: last('caller'), callee: last('callee') } };
}

function sectionsOf(answer: BencodeDictionary, tag: string): Section[] {
  const party = dictionary(dictionary(answer.get('tags'))?.get(tag));
  return list(party?.get('medias')).flatMap((entry) => {
    const media = dictionary(entry);
    const streams = list(media?.get('streams')).map(dictionary);
    const rtp = streams.find((stream) => list(stream?.get('flags')).includes('RTP'));
    if (media === undefined || rtp === undefined) return [];
    const stats = dictionary(rtp.get('stats'));
    const codec = text(media.get('codec'));
    return {
      kind: text(media.get('type')) ?? 'unknown',
      codec: codec?.split('/', 1)[0],
      profile: text(media.get('protocol')) ?? '',
      ssrc: whole(rtp.get('SSRC')),
      packets: whole(stats?.get('packets')) ?? 0,
      octets: whole(stats?.get('bytes')) ?? 0,
      errors: whole(stats?.get('errors')) ?? 0,
      // RTCP is a sign of life as well.
      lastPacket: Math.max(...streams.map((stream) => whole(stream?.get('last packet')) ?? 0)),
    };
  });
}

function reportsOf(reports: BencodeDictionary | undefined, ssrc: number | undefined): Reports | undefined {
  const entry = ssrc === undefined ? undefined : dictionary(reports?.get(`${ssrc}`));
  const mean = dictionary(entry?.get('average MOS'));
  if (entry === undefined || mean === undefined) return undefined;
  const microseconds = whole(mean.get('round-trip time leg')) ?? 0;
  return {
    lost: whole(entry.get('cumulative loss')) ?? 0,
    jitter: whole(mean.get('jitter')) ?? 0,
    roundTrip: microseconds > 0 ? microseconds / 1000 : undefined,
  };
}

function dictionary(value: Bencode | undefined): BencodeDictionary | undefined {
  return value instanceof Map ? value : undefined;
}

function list(value: Bencode | undefined): readonly Bencode[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Bencode | undefined): string | undefined {
  return typeof value === 'string' ? value.slice(0, 64) : undefined;
}

function whole(value: Bencode | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
