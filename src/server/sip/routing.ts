// Where a request may go (RFC 3261 section 16.5): a local user, or a domain with a configured route. Nothing else: no
// address that a message names. Discovery of other domains by DNS (RFC 3263) will have its place in Routing.peer().
import type { SipUri } from '../../protocol/sip/uri.ts';
import type { Flow, SipTransport } from '../../transport/flow.ts';
import type { MediaPolicy } from './media-policy.ts';
import type { Logger, Transports } from './ports.ts';
import type { Profile } from './profile.ts';

/** `sip.routes` of the configuration. */
export interface StaticRoute {
  domain: string;
  /** `udp:host:port`, `tcp:host:port` or `tls:host:port` with IPv6 in brackets, or that in its parts. */
  to: string | { transport: 'udp' | 'tcp' | 'tls'; address: string; port: number };
  /** RFC 3325: P-Asserted-Identity is given to it and believed from it. Default false. */
  trusted?: boolean;
  /** When media of its calls passes through this server; left out: as for all calls. */
  media?: MediaPolicy | undefined;
}

/** A domain reached by a configured route. */
export class Peer {
  readonly domain: string;
  readonly trusted: boolean;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  readonly media: MediaPolicy | undefined;
  addresses: readonly string[];
  /** How its descriptions are written, as far as it has been seen. */
  profile: Profile | undefined;
  #flow: Flow | undefined;

  constructor(route: StaticRoute) {
    const { transport, address, port } = typeof route.to === 'string' ? parseRoute(route.to) : route.to;
    this.domain = route.domain.toLowerCase();
    this.trusted = route.trusted ?? false;
    this.media = route.media;
    this.transport = transport;
    this.host = address.toLowerCase();
    this.port = port;
    this.addresses = /^[\d.]+$|:/.test(this.host) ? [this.host] : [];
  }

  equals(other: Peer): boolean {
    return (
      this.domain === other.domain &&
      this.trusted === other.trusted &&
      this.media === other.media &&
      this.transport === other.transport &&
      this.host === other.host &&
      this.port === other.port
    );
  }

  async resolve(transports: Transports, log: Logger): Promise<void> {
    if (this.addresses[0] === this.host || transports.resolve === undefined) return;
    try {
      this.addresses = await transports.resolve(this.host);
    } catch {
      log.warn({ domain: this.domain, host: this.host }, 'the host of a route has no address');
    }
  }

  /** The flow it came by is the peer's: for UDP its very endpoint, for a connection its address. */
  owns(flow: Flow): boolean {
    if (flow === this.#flow) return true;
    if (flow.transport !== this.transport) return false;
    if (!this.addresses.includes(flow.remote.address)) return false;
    return flow.transport !== 'udp' || flow.remote.port === this.port;
  }

  /** The way to the peer; undefined while its name has no address. A connection that is not up yet queues. */
  reach(transports: Transports): Flow | undefined {
    if (this.#flow?.open) return this.#flow;
    const address = this.addresses[0];
    if (address === undefined) return undefined;
    const remote = { address, port: this.port };
    this.#flow =
      this.transport === 'udp' ? transports.udpFlow(remote) : transports.connect?.(this.transport, remote, this.host);
    return this.#flow;
  }
}

/** Which hosts are this server, and which domains have a route. */
export class Routing {
  readonly domain: string;
  readonly #hosts = new Set<string>();
  readonly #ports = new Set<number>();
  #peers: readonly Peer[] = [];

  constructor(domain: string, hosts: readonly string[], routes: readonly StaticRoute[]) {
    this.domain = domain.toLowerCase();
    this.addLocal(domain);
    for (const host of hosts) this.addLocal(host);
    this.routes = routes;
  }

  /** A peer that stays keeps its addresses and its connection. */
  set routes(routes: readonly StaticRoute[]) {
    this.#peers = routes.map((route) => {
      const peer = new Peer(route);
      return this.#peers.find((known) => known.equals(peer)) ?? peer;
    });
  }

  get peers(): readonly Peer[] {
    return this.#peers;
  }

  addLocal(host: string, port?: number): void {
    this.#hosts.add(plainHost(host));
    if (port !== undefined) this.#ports.add(port);
  }

  /** The host part is this server's, whatever the port: good enough for an identity (From, To). */
  isLocalHost(host: string): boolean {
    return this.#hosts.has(host) || this.#hosts.has(plainHost(host));
  }

  /** The URI leads to this server: `sip:bob@127.0.0.1:5070` does not when we do not listen on 5070. */
  isLocal(uri: SipUri): boolean {
    if (!this.isLocalHost(uri.host)) return false;
    return uri.port === undefined || this.#ports.has(uri.port) || uri.host.toLowerCase() === this.domain;
  }

  peer(host: string): Peer | undefined {
    const domain = plainHost(host);
    return this.#peers.find((peer) => peer.domain === domain);
  }

  /** The peer whose endpoint a URI names. */
  peerAt(uri: SipUri): Peer | undefined {
    const host = plainHost(uri.host);
    const port = uri.port ?? 5060;
    return this.#peers.find((peer) => peer.port === port && (peer.host === host || peer.addresses.includes(host)));
  }

  peerOf(flow: Flow): Peer | undefined {
    return this.#peers.length === 0 ? undefined : this.#peers.find((peer) => peer.owns(flow));
  }

  /** The peer of this domain that the flow belongs to: what a From header's domain is believed by. */
  peerSpeakingFor(flow: Flow, host: string): Peer | undefined {
    if (this.#peers.length === 0) return undefined;
    const domain = plainHost(host);
    return this.#peers.find((peer) => peer.owns(flow) && (peer.domain === domain || peer.addresses.includes(domain)));
  }
}

function parseRoute(text: string): Exclude<StaticRoute['to'], string> {
  const match = /^(udp|tcp|tls):(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[4]);
  if (match === null || port < 1 || port > 65535) throw new Error(`not a route: ${text}`);
  return { transport: match[1]!.toLowerCase() as 'udp', address: match[2] ?? match[3]!, port };
}

/** Lower case, IPv6 without brackets, no trailing dot. */
function plainHost(host: string): string {
  const lower = host.toLowerCase();
  if (lower.startsWith('[')) return lower.slice(1, -1);
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** `transport` of a URI for each of ours. */
export function uriTransport(transport: SipTransport): string {
  return transport === 'wss' ? 'ws' : transport;
}
