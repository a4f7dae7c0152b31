// What is told of one section at one leg (engine.ts).
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import type { LegStatistics } from '../engine.ts';
import type { Section } from './section.ts';

export function sectionStatistics(section: Section): LegStatistics {
  const { stream, incoming, outgoing, transport } = section;
  let [packets, octets] = [0, 0];
  let lost: number | undefined;
  let jitter: number | undefined;
  let roundTrip: number | undefined;
  for (const source of outgoing) {
    packets += source.packets;
    octets += source.octets;
    roundTrip ??= source.roundTrip;
    if (source.reported === undefined) continue;
    lost = (lost ?? 0) + Math.max(0, source.reported.lost);
    jitter ??= (source.reported.jitter * 1000) / source.projection.rate;
  }
  return {
    side: section.side,
    kind: stream?.kind ?? '',
    codec: section.codecs.get(section.lastPayloadType)?.name,
    profile: stream === undefined ? '' : profileOf(stream),
    received: {
      packets: section.packets,
      octets: section.octets,
      lost: incoming.lost,
      jitter: incoming.latest?.jitter ?? 0,
    },
    sent: { packets, octets, lost, jitter },
    roundTrip,
    // A bundle's strangers are told once: with the section whose transport it is.
    dropped: section.refused.report(transport?.index === section.index ? transport.refused : undefined),
  };
}

/** RFC 4566 section 8.2.2's registered names. */
function profileOf({ security, feedbackProfile }: MediaStream): string {
  const secure = security === undefined || security.type === 'none' ? '' : 'S';
  return `${security?.type === 'dtls' ? 'UDP/TLS/' : ''}RTP/${secure}AVP${feedbackProfile ? 'F' : ''}`;
}
