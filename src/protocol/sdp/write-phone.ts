// A section as a phone wants it: its own ports, RTP/AVP to UDP/TLS/RTP/SAVPF, ICE beside it.

import { serializeConnection } from './connection.ts';
import { type CryptoAttribute, SDES_SUITES, serializeCrypto } from './crypto-attribute.ts';
import { type Setup, serializeFingerprint } from './dtls-attributes.ts';
import type { IceCredentials } from './ice.ts';
import type { LegTransport, PhoneLeg, SdesKey } from './leg.ts';
import { attributeLine, type Line, LineBlock } from './line.ts';
import { MediaDescription } from './media-description.ts';
import { codecLines, extensionLines, type SectionContent } from './section-content.ts';
import { iceLines } from './write-ice.ts';

export interface PhonePlacing {
  proto: string;
  /** What c= at the session level says. */
  sessionAddress: string;
  transport: LegTransport;
  /** RTCP on RTP's port: `offered` still names the other one (RFC 5761 section 5.1.1). */
  mux: 'no' | 'offered' | 'agreed';
  ice: IceCredentials | undefined;
  security: { type: 'none' } | { type: 'sdes'; crypto: readonly CryptoAttribute[] } | { type: 'dtls'; setup: Setup };
}

/** Our keys as an offer lists them: AES_CM_128_HMAC_SHA1_80 first, GCM last (`SDES_SUITES`). */
export function offeredCrypto(keys: readonly SdesKey[]): CryptoAttribute[] {
  const order = Object.keys(SDES_SUITES);
  return [...keys]
    .sort((one, other) => order.indexOf(one.suite) - order.indexOf(other.suite))
    .map(({ suite, key }, i) => ({ tag: i + 1, suite, key, parameters: [] }));
}

export function writePhoneSection(leg: PhoneLeg, content: SectionContent, placing: PhonePlacing): MediaDescription {
  const { transport, security, mux, ice, sessionAddress } = placing;
  const lines: Line[] = [];
  const passed = [...content.passed];
  while (passed[0]?.type === 'i') lines.push(passed.shift() as Line);
  if (transport.address !== sessionAddress) lines.push({ type: 'c', value: serializeConnection(transport.address) });
  while (passed[0] && passed[0].type !== 'a') lines.push(passed.shift() as Line);
  lines.push(...codecLines(content), ...passed, ...extensionLines(content), attributeLine(content.direction));
  const rtcpPort = transport.rtcpPort ?? transport.port + 1;
  if (mux === 'agreed') lines.push(attributeLine('rtcp-mux'));
  else {
    // RFC 3605; RFC 8839 section 4.2.1.2 wants it with ICE whatever the port.
    if (ice || rtcpPort !== transport.port + 1) lines.push(attributeLine('rtcp', String(rtcpPort)));
    if (mux === 'offered') lines.push(attributeLine('rtcp-mux'));
  }
  if (content.reducedSizeRtcp) lines.push(attributeLine('rtcp-rsize'));
  if (security.type === 'sdes')
    for (const crypto of security.crypto) lines.push(attributeLine('crypto', serializeCrypto(crypto)));
  if (security.type === 'dtls' && leg.fingerprint) {
    lines.push(attributeLine('fingerprint', serializeFingerprint(leg.fingerprint)));
    lines.push(attributeLine('setup', security.setup));
  }
  if (ice) lines.push(...iceLines(ice, transport, mux === 'agreed' ? 1 : 2));
  return new MediaDescription(
    {
      kind: content.kind,
      port: transport.port,
      portCount: 1,
      proto: placing.proto,
      formats: content.codecs.map(({ payloadType }) => String(payloadType)),
    },
    lines,
    new LineBlock([]),
  );
}
