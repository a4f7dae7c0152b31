// RFC 8839 section 5.1, `a=candidate`; TCP by RFC 6544 section 4.5. Extensions are kept in order.
import type { ByteString } from '../byte-string.ts';

export interface Candidate {
  foundation: string;
  component: number;
  /** Lower case: `udp`, `tcp`. */
  transport: string;
  priority: number;
  /** An address, or a name (mDNS) that only its owner's network knows. */
  address: string;
  port: number;
  type: string;
  relatedAddress?: string;
  relatedPort?: number;
  extensions: readonly (readonly [name: string, value: string])[];
}

const FOUNDATION = /^[0-9A-Za-z+/]{1,32}$/;
const ADDRESS = /^[0-9A-Za-z:][0-9A-Za-z.:%_-]{0,254}$/;
const TOKEN = /^[!#$%&'*+.^_`{|}~0-9A-Za-z-]{1,64}$/;

/** Undefined when it is malformed: an agent ignores a candidate that it cannot read (RFC 8839 section 5.1). */
export function parseCandidate(value: ByteString): Candidate | undefined {
  const words = value.trim().split(/ +/, 64);
  const [foundation = '', component, transport = '', priority, address = '', port, typ, type = ''] = words;
  // COMPAT: RFC 8839 allows 32 ice-chars in a foundation; old Firefox wrote braces: such a candidate is ignored.
  if (!FOUNDATION.test(foundation) || !TOKEN.test(transport) || !ADDRESS.test(address)) return undefined;
  if (typ !== 'typ' || !TOKEN.test(type)) return undefined;
  const numbers = [number(component, 1, 256), number(priority, 0, 2 ** 32 - 1), number(port, 0, 65_535)] as const;
  if (numbers[0] === undefined || numbers[1] === undefined || numbers[2] === undefined) return undefined;
  const candidate: Candidate = {
    foundation,
    component: numbers[0],
    transport: transport.toLowerCase(),
    priority: numbers[1],
    address,
    port: numbers[2],
    type,
    extensions: [],
  };
  const extensions: [string, string][] = [];
  for (let i = 8; i + 1 < words.length; i += 2) {
    const name = words[i] as string;
    const word = words[i + 1] as string;
    if (name === 'raddr') candidate.relatedAddress = word;
    else if (name === 'rport') {
      const relatedPort = number(word, 0, 65_535);
      if (relatedPort === undefined) return undefined;
      candidate.relatedPort = relatedPort;
    } else extensions.push([name, word]);
  }
  candidate.extensions = extensions;
  return candidate;
}

export function serializeCandidate(candidate: Candidate): ByteString {
  const { foundation, component, transport, priority, address, port, type } = candidate;
  let text = `${foundation} ${component} ${transport} ${priority} ${address} ${port} typ ${type}`;
  if (candidate.relatedAddress !== undefined) text += ` raddr ${candidate.relatedAddress}`;
  if (candidate.relatedPort !== undefined) text += ` rport ${candidate.relatedPort}`;
  for (const [name, value] of candidate.extensions) text += ` ${name} ${value}`;
  return text;
}

/** RFC 8445 section 5.1.2.1, for a host candidate. */
export function hostPriority(component: number, localPreference = 65_535): number {
  return 126 * 2 ** 24 + localPreference * 2 ** 8 + (256 - component);
}

function number(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
