// RFC 8866 section 5.7 `c=` and section 5.2 `o=`.
import type { ByteString } from '../byte-string.ts';
import { malformed } from './sdp-error.ts';

export type AddressFamily = 'IP4' | 'IP6';

export interface Connection {
  family: AddressFamily;
  /** An address or a host name. */
  address: string;
}

export interface Origin {
  username: ByteString;
  sessionId: string;
  /** A decimal number that may pass 2^53 (section 5.2: an NTP timestamp is recommended). */
  version: string;
  family: AddressFamily;
  address: string;
}

const HOST = /^[0-9A-Za-z:][0-9A-Za-z.:%_-]{0,254}$/;

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'IP6' : 'IP4';
}

/** `IN IP4 192.0.2.1`, with a multicast TTL or count cut off. */
export function parseConnection(value: ByteString): Connection {
  const [net, family, host, more] = value.trim().split(/[ \t]+/, 4);
  if (net !== 'IN' || (family !== 'IP4' && family !== 'IP6') || host === undefined || more !== undefined)
    throw malformed('c=');
  const slash = host.indexOf('/');
  const address = slash < 0 ? host : host.slice(0, slash);
  if (!HOST.test(address) || (family === 'IP4' && address.includes(':'))) throw malformed('c=');
  return { family, address };
}

export function serializeConnection(address: string): ByteString {
  return `IN ${familyOf(address)} ${address}`;
}

/** RFC 2543's hold, kept alive by RFC 3264 section 8.4: the address nobody has. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '0:0:0:0:0:0:0:0';
}

export function parseOrigin(value: ByteString): Origin {
  const [username, sessionId, version, net, family, address, more] = value.trim().split(/[ \t]+/, 7);
  // COMPAT: only digits are allowed in ids (section 5.2); some phones write others, and nobody needs more than equality.
  if (!username || !sessionId || !version || net !== 'IN' || address === undefined || more !== undefined)
    throw malformed('o=');
  if (family !== 'IP4' && family !== 'IP6') throw malformed('o=');
  return { username, sessionId, version, family, address };
}

export function serializeOrigin(origin: Origin): ByteString {
  const { username, sessionId, version, family, address } = origin;
  return `${username} ${sessionId} ${version} IN ${family} ${address}`;
}
