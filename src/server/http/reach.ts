import type { FastifyRequest } from 'fastify';
import type { Endpoint } from '../../transport/flow.ts';
import { formatHostPort, isLoopback, isWildcard } from '../configuration/listen.ts';
import type { Reach } from '../credentials/issuer.ts';
import { parseHost } from './host-policy.ts';

/** What this server knows of its own addresses; `stun` and `turn` list what listens. */
export interface Addresses {
  publicHost: string | undefined;
  publicAddress: string | undefined;
  web: () => { endpoint: Endpoint; tls: boolean };
  stun: () => Array<{ transport: string; address: string; port: number }>;
}

/** TLS to us, or to a proxy before us: then our own page's Origin says https. */
export function isSecure(request: FastifyRequest): boolean {
  if (request.protocol === 'https') return true;
  const origin = URL.parse(request.headers.origin ?? '');
  return origin?.protocol === 'https:' && origin.host === URL.parse(`https://${request.headers.host}`)?.host;
}

/**
 * Where the client that will use a credential reaches us. A page: as it reached us just now (the Host header has been
 * checked). A site's back end calls from elsewhere than its pages will: for it the public host, where one is known.
 */
export function reachOf(request: FastifyRequest, byKey: boolean, addresses: Addresses): Reach {
  const { publicHost } = addresses;
  const { endpoint, tls } = addresses.web();
  const ws =
    byKey && publicHost !== undefined
      ? webSocketUrl({ address: publicHost, port: endpoint.port }, tls)
      : `${isSecure(request) ? 'wss' : 'ws'}://${request.headers.host}`;
  return { ws, ...relays(addresses, parseHost(request.headers.host)?.name) };
}

/** The same without anybody who asks: by the public host, else where it listens. */
export function reachByConfiguration(addresses: Addresses): Reach {
  const { endpoint, tls } = addresses.web();
  const address = addresses.publicHost ?? (isWildcard(endpoint.address) ? '127.0.0.1' : endpoint.address);
  return { ws: webSocketUrl({ address, port: endpoint.port }, tls), ...relays(addresses, address) };
}

function webSocketUrl(at: Endpoint, tls: boolean): string {
  const host = formatHostPort(at);
  return tls ? `wss://${host.replace(/:443$/, '')}` : `ws://${host.replace(/:80$/, '')}`;
}

/** `asked`: the host by which somebody has reached us. */
function relays(addresses: Addresses, asked: string | undefined): Pick<Reach, 'stun' | 'turn'> {
  const { publicHost, publicAddress } = addresses;
  const { endpoint, tls } = addresses.web();
  const reachable = (address: string) =>
    isLoopback(address)
      ? address
      : (publicHost ?? publicAddress ?? (isWildcard(address) ? (asked ?? address) : address));
  const stun: string[] = [];
  const turn: string[] = [];
  for (const { transport, address, port } of addresses.stun()) {
    const at = formatHostPort({ address: reachable(address), port });
    if (transport === 'udp') stun.push(`stun:${at}`);
    turn.push(transport === 'tls' ? `turns:${at}?transport=tcp` : `turn:${at}?transport=${transport}`);
  }
  // Where nothing but HTTPS gets through, TURN does on the same port.
  if (tls)
    turn.push(`turns:${formatHostPort({ address: reachable(endpoint.address), port: endpoint.port })}?transport=tcp`);
  return { stun, turn };
}
