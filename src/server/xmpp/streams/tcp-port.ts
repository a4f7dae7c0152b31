// XMPP's own ports: TCP with STARTTLS (RFC 6120 section 5), and TLS from the first octet (XEP-0368).
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { type Admission, handshakeDone } from '../../../transport/admission.ts';
import { acceptFailed, type Endpoint, plainAddress } from '../../../transport/flow.ts';
import { Heartbeat } from '../../../transport/heartbeat.ts';
import { awaitFirstOctet } from '../../../transport/tcp.ts';
import { connectionOf, TcpConnection, type TcpConnections } from './tcp-connection.ts';
import type { ConnectionsOptions } from './websocket-connection.ts';

export type XmppTls = Pick<TlsOptions, 'cert' | 'key'>;

export class XmppTcp implements TcpConnections {
  readonly options: ConnectionsOptions;
  readonly heartbeat: Heartbeat;
  readonly beginTls: ((socket: Socket) => void) | undefined;
  readonly #admission: Admission;
  /** It never listens: it makes TLS of connections. */
  readonly #tls: TlsServer | undefined;

  constructor(options: ConnectionsOptions, admission: Admission, tls: XmppTls | undefined) {
    this.options = options;
    this.#admission = admission;
    this.heartbeat = new Heartbeat(options.limits.idleInterval);
    if (tls === undefined) return;
    const made = createTlsServer({
      ...tls,
      handshakeTimeout: options.transport.tlsHandshakeTimeout,
      ALPNCallback: ({ protocols }) => (protocols.includes('xmpp-client') ? 'xmpp-client' : undefined),
    });
    made.on('secureConnection', (secure) => this.#secured(secure));
    made.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tls = made;
    this.beginTls = (socket) => void made.emit('connection', socket);
  }

  /** A connection that was accepted elsewhere, and whose first octets say XMPP. `secure`: inside TLS. */
  accept(socket: Socket, secure: boolean): void {
    new TcpConnection(this, socket, secure);
  }

  /** Rejects with the system's error when the address cannot be bound. `direct`: TLS from the first octet. */
  listen(at: Endpoint, direct: boolean): Promise<{ endpoint: Endpoint; close(): Promise<void> }> {
    const server: Server = createServer({ noDelay: true });
    const { backlog, firstByteTimeout } = this.options.transport;
    server.on('connection', (socket) => {
      if (!this.#admission.admit(socket)) return;
      if (direct) this.beginTls?.(socket);
      else {
        awaitFirstOctet(socket, firstByteTimeout);
        this.accept(socket, false);
      }
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.address, port: at.port, backlog }, () => {
        server.off('error', reject);
        server.on('error', acceptFailed);
        const bound = server.address() as AddressInfo;
        resolve({
          endpoint: { address: plainAddress(bound.address), port: bound.port },
          close: () => new Promise((closed) => server.close(() => closed())),
        });
      });
    });
  }

  /** For the connections that begin from now on. */
  renewCertificate(tls: XmppTls): void {
    this.#tls?.setSecureContext(tls);
  }

  *connections(): Generator<TcpConnection> {
    for (const connection of this.heartbeat.members()) yield connection as TcpConnection;
  }

  #secured(secure: TLSSocket): void {
    const socket = (secure as TLSSocket & { _parent?: Socket | null })._parent;
    const begun = socket ? connectionOf(socket) : undefined;
    if (begun !== undefined) {
      begun.secured(secure);
      return;
    }
    if (socket) handshakeDone(socket);
    awaitFirstOctet(secure, this.options.transport.firstByteTimeout);
    this.accept(secure, true);
  }
}
