import type { ByteString } from '../byte-string.ts';
import { all, HOST, malformed, parseNumber } from './lexis.ts';

/** `host [ ":" port ]` (RFC 3261 section 25.1); an IPv6 host keeps its brackets. */
export interface HostPort {
  host: string;
  port?: number;
}

/** RFC 4291 section 2.2, with an IPv4 tail; no zone (RFC 5954 section 4.1). */
export function isIpv6(address: string): boolean {
  if (address.length < 2 || address.length > 45) return false;
  let groups = 0;
  let compressed = false;
  let at = 0;
  if (address.startsWith('::')) {
    compressed = true;
    at = 2;
  }
  while (at < address.length) {
    let stop = address.indexOf(':', at);
    if (stop === -1) stop = address.length;
    const group = address.slice(at, stop);
    if (group.includes('.')) {
      if (stop !== address.length || !isIpv4(group)) return false;
      groups += 2;
      at = stop;
      break;
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return false;
    groups++;
    at = stop + 1;
    if (stop === address.length) break;
    if (at === address.length) return false; // a single colon at the end
    if (address.charCodeAt(at) === 58) {
      if (compressed) return false;
      compressed = true;
      at++;
    }
  }
  return compressed ? groups <= 7 : groups === 8;
}

export function isIpv4(address: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(address);
}

/** Parses exactly the span. White space around the colon is allowed where the caller's grammar has COLON (Via). */
export function parseHostPort(text: ByteString, what: string): HostPort {
  let host: string;
  let rest: string;
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']');
    if (close === -1 || !isIpv6(text.slice(1, close))) throw malformed(what);
    host = text.slice(0, close + 1);
    rest = text.slice(close + 1);
  } else {
    const colon = text.indexOf(':');
    host = colon === -1 ? text : text.slice(0, colon);
    rest = colon === -1 ? '' : text.slice(colon);
    if (!all(host, HOST)) {
      host = host.trimEnd();
      if (!all(host, HOST)) throw malformed(what);
    }
  }
  if (rest === '') return { host };
  rest = rest.trimStart();
  if (rest.charCodeAt(0) !== 58) throw malformed(what);
  const port = parseNumber(rest.slice(1).trimStart(), 65535);
  if (port === undefined) throw malformed(what);
  return { host, port };
}

/** The address a socket wants: an IPv6 host without its brackets. */
export function hostAddress(host: string): string {
  return host.charCodeAt(0) === 91 ? host.slice(1, -1) : host;
}
