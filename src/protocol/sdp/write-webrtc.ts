// A section as a browser wants it: RFC 8829 sections 5.2 and 5.3, RFC 9143, ICE-lite, DTLS.
import { serializeConnection } from './connection.ts';
import { sends } from './direction.ts';
import { type Setup, serializeFingerprint } from './dtls-attributes.ts';
import type { IceCredentials } from './ice.ts';
import type { LegTransport, WebRtcLeg } from './leg.ts';
import { attributeLine, type Line, LineBlock } from './line.ts';
import { MediaDescription } from './media-description.ts';
import { codecLines, extensionLines, type SectionContent } from './section-content.ts';
import { iceLines } from './write-ice.ts';

export const WEBRTC_PROFILE = 'UDP/TLS/RTP/SAVPF';

export interface WebRtcPlacing {
  index: number;
  mid: string;
  proto: string;
  transport: LegTransport;
  /** `tagged`: carries its transport; `shared`: bundled with one that does; `only`: offered for a bundle alone. */
  bundling: 'tagged' | 'shared' | 'only';
  ice: IceCredentials;
  setup: Setup;
}

export function writeWebRtcSection(leg: WebRtcLeg, content: SectionContent, placing: WebRtcPlacing): MediaDescription {
  const { index, mid, proto, transport, bundling } = placing;
  const lines: Line[] = [];
  const passed = [...content.passed];
  while (passed[0]?.type === 'i') lines.push(passed.shift() as Line);
  lines.push({ type: 'c', value: serializeConnection(transport.address) });
  while (passed[0] && passed[0].type !== 'a') lines.push(passed.shift() as Line);
  lines.push(attributeLine('mid', mid));
  if (bundling === 'only') lines.push(attributeLine('bundle-only'));
  // Candidates once a transport. COMPAT: the rest is repeated in bundled sections, as every browser does itself, though
  // RFC 9143 section 7.1.3 has it in the tagged one only: without it Chromium 156 rejects the second bundle-only section
  // and a tab of Firefox 153 crashes at the first.
  const ice = iceLines(placing.ice, transport, 1);
  lines.push(...(bundling === 'tagged' ? ice : ice.slice(0, 2)));
  lines.push(attributeLine('fingerprint', serializeFingerprint(leg.fingerprint)));
  lines.push(attributeLine('setup', placing.setup));
  lines.push(attributeLine('rtcp-mux'));
  if (content.reducedSizeRtcp) lines.push(attributeLine('rtcp-rsize'));
  lines.push(...extensionLines(content), attributeLine(content.direction));
  if (sends(content.direction)) lines.push(attributeLine('msid', `${leg.stream} ${leg.stream}-${mid}`));
  lines.push(...codecLines(content), ...passed);
  // COMPAT: on hold too. Chromium 156 takes the last packets of a source that is named no longer for those of an unknown one,
  // with its volume at zero, and leaves it there when the source is named again: nothing is heard after hold.
  const source = leg.source?.(index);
  if (source) {
    const { ssrc, cname, repair } = source;
    const repaired = repair !== undefined && content.codecs.some(({ name }) => /^rtx$/i.test(name));
    // RFC 5576 section 4.2, RFC 4588 section 8.3: a browser takes no retransmission for a source that it does not know.
    if (repaired) lines.push(attributeLine('ssrc-group', `FID ${ssrc} ${repair}`));
    lines.push(attributeLine('ssrc', `${ssrc} cname:${cname}`));
    if (repaired) lines.push(attributeLine('ssrc', `${repair} cname:${cname}`));
  }
  return new MediaDescription(
    {
      kind: content.kind,
      port: bundling === 'only' ? 0 : transport.port,
      portCount: 1,
      proto,
      formats: content.codecs.map(({ payloadType }) => String(payloadType)),
    },
    lines,
    new LineBlock([]),
  );
}
