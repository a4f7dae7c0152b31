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
  const { publicHost, publicAddress } = addresses;
  const { endpoint, tls } = addresses.web();
  let ws = `${isSecure(request) ? 'wss' : 'ws'}://${request.headers.host}`;
  if (byKey && publicHost !== undefined) {
    const host = formatHostPort({ address: publicHost, port: endpoint.port });
    ws = `${tls ? 'wss' : 'ws'}://${tls ? host.replace(/:443$/, '') : host.replace(/:80$/, '')}`;
  }
  const asked = parseHost(request.headers.host)?.name;
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
  return { ws, stun, turn };
}
