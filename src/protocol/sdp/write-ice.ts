// Our candidates: a host, ICE-lite (RFC 8445 section 2.5, RFC 8839 section 5).
import { hostPriority, serializeCandidate } from './candidate.ts';
import type { IceCredentials } from './ice.ts';
import type { LegTransport } from './leg.ts';
import { attributeLine, type Line } from './line.ts';

/** The first place is the default destination, which must be a candidate too (RFC 8839 section 4.2.1.2). */
export function iceLines(credentials: IceCredentials, transport: LegTransport, components: 1 | 2): Line[] {
  const lines = [attributeLine('ice-ufrag', credentials.ufrag), attributeLine('ice-pwd', credentials.password)];
  for (const [i, place] of [transport, ...(transport.others ?? [])].entries()) {
    for (let component = 1; component <= components; component++) {
      const candidate = serializeCandidate({
        foundation: String(i + 1),
        component,
        transport: 'udp',
        priority: hostPriority(component, 65_535 - i),
        address: place.address,
        port: component === 1 ? place.port : (place.rtcpPort ?? place.port + 1),
        type: 'host',
        extensions: [],
      });
      lines.push(attributeLine('candidate', candidate));
    }
  }
  lines.push(attributeLine('end-of-candidates'));
  return lines;
}
