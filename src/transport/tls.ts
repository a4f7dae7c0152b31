import { isIP } from 'node:net';
import { connect, createServer, type TlsOptions } from 'node:tls';
import { Admission, handshakeDone } from './admission.ts';
import type { Endpoint, Flow, FlowHandler } from './flow.ts';
import { StreamFlow } from './stream-flow.ts';
import { awaitFirstOctet, connecting, listening, type StreamOptions, type StreamPort, TcpFlows } from './tcp.ts';

export interface TlsListenOptions extends Endpoint, StreamOptions {
  tls: Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'minVersion'>;
}

export interface TlsPort extends StreamPort {
  /** For the connections that begin from now on. */
  renewCertificate(tls: TlsListenOptions['tls']): void;
}

/** SIP over TLS (RFC 3261 section 26.2.1), on a port of its own. */
export async function listenTls(options: TlsListenOptions, handler: FlowHandler): Promise<TlsPort> {
  const flows = new TcpFlows(handler, options.limits);
  const admission = options.admission ?? new Admission(flows.limits);
  const server = createServer({ ...options.tls, handshakeTimeout: flows.limits.tlsHandshakeTimeout });
  // `connection` comes before the handshake, with the TCP socket: that is where strangers are counted.
  server.prependListener('connection', (socket) => {
    admission.admit(socket);
  });
  server.on('secureConnection', (socket) => {
    const counted = (socket as typeof socket & { _parent?: typeof socket | null })._parent;
    if (counted) handshakeDone(counted);
    awaitFirstOctet(socket, flows.limits.firstByteTimeout);
    flows.accept(socket, true);
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const port = await listening(server, options, flows);
  return { ...port, renewCertificate: (tls) => server.setSecureContext(tls) };
}

export interface TlsConnectOptions {
  /** The name the certificate must carry: the domain that was asked for, not what DNS made of it (RFC 5922). */
  servername: string;
  /** Trusted authorities; default: Node's. */
  ca?: string | Buffer | (string | Buffer)[];
  /** For a peer that asks for a certificate of ours. */
  cert?: string | Buffer;
  key?: string | Buffer;
  /** False trusts any certificate: for a closed lab. */
  rejectUnauthorized?: boolean;
}

/** An outgoing flow, at once, as connectTcp; it is up when the certificate has been checked. */
export function connectTls(remote: Endpoint, options: TlsConnectOptions, flows: TcpFlows): Flow {
  const { servername, ...rest } = options;
  const socket = connect({
    ...rest,
    host: remote.address,
    port: remote.port,
    // RFC 6066 section 3: no literal address in SNI; the certificate is checked against it all the same.
    ...(isIP(servername) === 0 ? { servername } : {}),
  });
  const flow = new StreamFlow(flows, socket, 'tls', remote);
  return connecting(socket, 'secureConnect', flow, flows.limits.connectTimeout);
}
