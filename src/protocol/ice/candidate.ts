// RFC 8839 section 5.1: `a=candidate` as values, and RFC 8445 section 5.1.2.1: its priority; RFC 6544 for TCP.
import type { ByteString } from '../byte-string.ts';

export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

export interface Candidate {
  foundation: ByteString;
  /** 1 RTP (and RTCP with it, when multiplexed), 2 RTCP. */
  component: number;
  /** Lower case: `udp`, `tcp`. */
  transport: ByteString;
  priority: number;
  /** A literal address, or a name: browsers hide theirs behind one of `.local`. */
  address: ByteString;
  port: number;
  type: CandidateType;
  relatedAddress?: ByteString;
  relatedPort?: number;
  /** Extensions (`generation`, `ufrag`, `tcptype`), in order, as they came. */
  extensions: [name: ByteString, value: ByteString][];
}

const TYPES: ReadonlySet<string> = new Set(['host', 'srflx', 'prflx', 'relay']);
const LONGEST = 1024;
const NUMBER = /^\d{1,10}$/;

/**
 * The value of the attribute, with or without `candidate:` before it (trickled ones have it). Undefined: malformed, or of a
 * type that is unknown; such a line is ignored (RFC 8839 section 5.1).
 */
export function parseCandidate(value: ByteString): Candidate | undefined {
  if (value.length > LONGEST) return undefined;
  const words = value.replace(/^candidate:/, '').split(' ');
  const [foundation = '', component = '', transport = '', priority = '', address = '', port = '', typ, type = ''] =
    words;
  if (!/^[A-Za-z0-9+/]{1,32}$/.test(foundation) || !/^\d{1,3}$/.test(component)) return undefined;
  if (!/^[A-Za-z0-9-]{1,16}$/.test(transport) || !/^[0-9A-Za-z.:_-]{1,255}$/.test(address)) return undefined;
  if (!NUMBER.test(priority) || !NUMBER.test(port) || typ !== 'typ' || !TYPES.has(type)) return undefined;
  const candidate: Candidate = {
    foundation,
    component: Number(component),
    transport: transport.toLowerCase(),
    priority: Number(priority),
    address,
    port: Number(port),
    type: type as CandidateType,
    extensions: [],
  };
  if (candidate.component < 1 || candidate.component > 256 || candidate.port > 0xffff) return undefined;
  if (candidate.priority < 1 || candidate.priority > 0x7fffffff) return undefined;
  if (words.length % 2 !== 0) return undefined;
  for (let i = 8; i < words.length; i += 2) {
    const name = words[i]!;
    const text = words[i + 1]!;
    if (name === '' || text === '') return undefined;
    if (name === 'raddr') candidate.relatedAddress = text;
    else if (name === 'rport' && NUMBER.test(text) && Number(text) <= 0xffff) candidate.relatedPort = Number(text);
    else if (name === 'rport') return undefined;
    else candidate.extensions.push([name, text]);
  }
  return candidate;
}

/** The attribute's value, without `candidate:`. */
export function serializeCandidate(candidate: Candidate): ByteString {
  const { foundation, component, transport, priority, address, port, type } = candidate;
  const words: (string | number)[] = [foundation, component, transport, priority, address, port, 'typ', type];
  if (candidate.relatedAddress !== undefined) words.push('raddr', candidate.relatedAddress);
  if (candidate.relatedPort !== undefined) words.push('rport', candidate.relatedPort);
  for (const extension of candidate.extensions) words.push(...extension);
  return words.join(' ');
}

/** RFC 8445 section 5.1.2.2. */
const TYPE_PREFERENCE: Readonly<Record<CandidateType, number>> = { host: 126, prflx: 110, srflx: 100, relay: 0 };

/** `localPreference` tells the addresses of one host apart: 65535 where there is one. */
export function candidatePriority(type: CandidateType, component: number, localPreference = 65_535): number {
  return TYPE_PREFERENCE[type] * 2 ** 24 + localPreference * 2 ** 8 + (256 - component);
}
