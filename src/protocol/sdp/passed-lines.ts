// What a translation lets through as it is: everything that is about the media itself and not about its transport.
import { splitPayloadType } from './codec.ts';
import { attributeLine, attributeName, type Line } from './line.ts';
import type { MediaDescription } from './media-description.ts';

/** Attributes that belong to one leg, or that the translation writes itself. */
const OWN_TO_A_LEG = new Set([
  'candidate',
  'remote-candidates',
  'end-of-candidates',
  'ice-ufrag',
  'ice-pwd',
  'ice-options',
  'ice-lite',
  'ice-mismatch',
  'ice-pacing',
  'fingerprint',
  'setup',
  'tls-id',
  'identity',
  'connection',
  'crypto',
  'key-mgmt',
  'zrtp-hash',
  'rtcp',
  'rtcp-mux',
  'rtcp-mux-only',
  'rtcp-rsize',
  'rtcp-xr',
  'rtcp-fb',
  'rtpmap',
  'fmtp',
  'mid',
  'group',
  'bundle-only',
  'msid',
  'msid-semantic',
  'ssrc',
  'ssrc-group',
  'extmap',
  'extmap-allow-mixed',
  'rid',
  'simulcast',
  'sendrecv',
  'sendonly',
  'recvonly',
  'inactive',
  'tool',
  'rtpengine',
  'nortpproxy',
  'direction',
  'alt',
  'source-filter',
]);

/** Attributes whose value begins with a payload type. */
const BY_PAYLOAD_TYPE = new Set(['imageattr', 'framesize']);

export function passedLines(section: MediaDescription, payloadTypes: ReadonlyMap<number, number>): Line[] {
  const lines: Line[] = [];
  for (const line of section.lines) {
    if (line.type === 'i' || line.type === 'b') lines.push(line);
    const name = attributeName(line);
    if (name === undefined || OWN_TO_A_LEG.has(name) || name.startsWith('x-google')) continue;
    if (!BY_PAYLOAD_TYPE.has(name)) {
      lines.push(line);
      continue;
    }
    const [format, rest] = splitPayloadType(line.value.slice(name.length + 1));
    const payloadType = format === '*' ? '*' : payloadTypes.get(Number(format));
    if (payloadType !== undefined) lines.push(attributeLine(name, `${payloadType} ${rest}`));
  }
  // RFC 8866 section 5: i=, c=, b= before the attributes.
  return [...lines.filter(({ type }) => type !== 'a'), ...lines.filter(({ type }) => type === 'a')];
}

export function passedSessionLines(lines: readonly Line[]): Line[] {
  return lines.filter((line) => {
    if (line.type === 'b') return true;
    const name = attributeName(line);
    return name !== undefined && !OWN_TO_A_LEG.has(name) && !name.startsWith('x-');
  });
}
