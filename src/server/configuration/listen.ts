import { isIP } from 'node:net';

/** `udp:127.0.0.1:5060` taken apart. IPv6 without brackets. */
export interface Listen<Transport extends string = string> {
  transport: Transport;
  address: string;
  port: number;
}

export interface HostPort {
  address: string;
  port: number;
}

/** `HOST:PORT`; IPv6 in brackets. Undefined when it is not that. */
export function parseHostPort(text: string): HostPort | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/@]+)):(\d{1,5})$/.exec(text);
  if (found === null) return undefined;
  const address = found[1] ?? (found[2] as string);
  const port = Number(found[3]);
  if (port > 65535 || (found[1] !== undefined && isIP(found[1]) !== 6)) return undefined;
  return { address, port };
}

/** `TRANSPORT:HOST:PORT`. */
export function parseListen(text: string): Listen | undefined {
  const colon = text.indexOf(':');
  const rest = colon < 0 ? undefined : parseHostPort(text.slice(colon + 1));
  return rest && { transport: text.slice(0, colon).toLowerCase(), ...rest };
}

/** An address of this machine to bind to: an IP address, `localhost`, or `*` for all of them. */
export function bindAddress(host: string): string | undefined {
  if (host === 'localhost') return '127.0.0.1';
  if (host === '*') return '0.0.0.0';
  return isIP(host) === 0 ? undefined : host;
}

/** The form in a URL or a listen address. */
export function formatHostPort({ address, port }: HostPort): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function formatListen(listen: Listen): string {
  return `${listen.transport}:${formatHostPort(listen)}`;
}

/** Reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
