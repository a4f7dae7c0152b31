import type { Endpoint, Flow } from './flow.ts';
import { connectTcp, type TcpFlows } from './tcp.ts';
import { connectTls, type TlsConnectOptions } from './tls.ts';

/**
 * Outgoing TCP and TLS connections, one for each destination while it lives (RFC 3261 section 18: connections are
 * reused). Connections that peers opened are never taken for a destination: their source address proves nothing
 * (RFC 5923); a registration's flow is asked for by its token instead.
 */
export class OutgoingConnections {
  readonly #flows: TcpFlows;
  readonly #tls: Omit<TlsConnectOptions, 'servername'>;
  readonly #open = new Map<string, Flow>();

  constructor(flows: TcpFlows, tls: Omit<TlsConnectOptions, 'servername'> = {}) {
    this.#flows = flows;
    this.#tls = tls;
  }

  /** Synchronous: what is sent before the connection is up waits; failure is told by onClose. */
  flowTo(transport: 'tcp' | 'tls', remote: Endpoint, servername = remote.address): Flow {
    const key = `${transport} ${remote.address} ${remote.port} ${transport === 'tls' ? servername : ''}`;
    const known = this.#open.get(key);
    if (known?.open) return known;
    const flow =
      transport === 'tcp'
        ? connectTcp(remote, this.#flows)
        : connectTls(remote, { ...this.#tls, servername }, this.#flows);
    this.#sweep();
    this.#open.set(key, flow);
    return flow;
  }

  /** Dead flows leave when a new one comes, so that there are never more of them than of living ones for long. */
  #sweep(): void {
    for (const [key, flow] of this.#open) if (!flow.open) this.#open.delete(key);
  }
}
