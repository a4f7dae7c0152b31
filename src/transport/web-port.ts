import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { ProtocolError } from '../protocol/errors.ts';
import { Admission, handshakeDone } from './admission.ts';
import { type FirstProtocol, firstProtocol } from './first-bytes.ts';
import { acceptFailed, type Endpoint, plainAddress } from './flow.ts';
import {
  type HandshakePolicy,
  judgeHandshake,
  type OpenedHandshake,
  refuseHandshake,
  type Subprotocol,
} from './handshake.ts';
import { type TransportLimits, transportLimits } from './limits.ts';

export interface WebPortOptions extends HandshakePolicy {
  /** Certificate and key: TLS is then spoken to whoever begins with it, beside plain HTTP. */
  tls?: Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'minVersion'>;
  /** STUN over TCP (RFC 8489 section 6.2.2). `secure`: inside TLS. Absent: such connections are cut. */
  stun?: (socket: Socket, secure: boolean) => void;
  /** SIP over TCP or TLS. Absent: such connections are cut. */
  sip?: (socket: Socket, secure: boolean) => void;
  limits?: Partial<TransportLimits>;
  /** Shared with other listeners, so that an address is counted once. */
  admission?: Admission;
  /** A handshake was refused: for a log and a counter. The message holds no secret. */
  onRefused?: (error: ProtocolError, remote: Endpoint) => void;
  /** `verify` or a subprotocol threw: a fault of ours, for the log. The handshake was answered 500, or the socket cut. */
  onFault?: (error: unknown) => void;
}

const PENDING = Symbol('web-port.pending');

/** A connection that has not yet said what it speaks. */
interface Pending {
  port: WebPort;
  secure: boolean;
  deadline: NodeJS.Timeout;
  /** What has come so far, when that was not enough. */
  octets: Buffer | undefined;
}

interface PendingSocket extends Socket {
  [PENDING]?: Pending | undefined;
}

/** More pieces of one message, or of one frame, than these are an attack on memory: each piece is an object. */
const MAX_FRAGMENTS = 1024;
const MAX_CHUNKS = 16 * 1024;

/**
 * One TCP port for a browser's whole world: HTTP, HTTPS, WebSocket, STUN and SIP, told apart by their first octets.
 *
 * The HTTP server is the one that listens; its own `connection` listener is taken off, and gets a socket once its first
 * octets, read and put back, say HTTP. (A server that does not listen never applies headersTimeout: a connection that
 * sends a header for ever would stay.) The same listener serves the sockets inside TLS. fastify sits behind it by
 * `Fastify({ serverFactory: webPort.serverFactory })`, is made ready, and never listens itself: `listen` here does.
 */
export class WebPort {
  readonly server: Server;
  readonly limits: TransportLimits;
  readonly admission: Admission;
  readonly #options: WebPortOptions;
  #policy: HandshakePolicy;
  readonly #http: (socket: Socket) => void;
  readonly #tls: TlsServer | undefined;
  readonly #subprotocols = new Map<string, Subprotocol>();
  readonly #acceptors = new Map<string, WebSocketServer>();
  /** Connections that were handed to nobody yet, for close(). */
  readonly #pending = new Set<Socket>();
  /** The handshake being answered: ws asks for the subprotocol in the middle of it. */
  #offered: string | false = false;
  #draining = false;

  constructor(options: WebPortOptions) {
    this.#options = options;
    this.#policy = options;
    this.limits = { ...transportLimits, ...options.limits };
    this.admission = options.admission ?? new Admission(this.limits);
    const { headersTimeout, requestTimeout, headerBytes, tlsHandshakeTimeout } = this.limits;
    this.server = createServer({
      headersTimeout,
      requestTimeout: Math.max(requestTimeout, headersTimeout),
      connectionsCheckingInterval: Math.max(20, Math.min(headersTimeout / 2, 5_000)),
      maxHeaderSize: headerBytes,
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket', // not h2c: plain HTTP
      keepAliveTimeout: 65_000, // longer than the usual proxy's 60 s, so that it is the proxy who closes
      noDelay: true,
    });
    this.#http = this.server.listeners('connection')[0] as (socket: Socket) => void;
    this.server.removeAllListeners('connection');
    this.server.on('connection', (socket: Socket) => {
      if (this.admission.admit(socket)) this.#awaitFirstOctets(socket, false);
    });
    this.server.on('request', (request) => handshakeDone(underlying(request.socket)));
    this.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    if (options.tls !== undefined) {
      // No ALPN: every client of this port speaks HTTP/1.1 then.
      this.#tls = createTlsServer({ ...options.tls, handshakeTimeout: tlsHandshakeTimeout, allowHalfOpen: true });
      this.#tls.on('secureConnection', (socket) => this.#awaitFirstOctets(socket, true));
      this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    }
  }

  /** For `Fastify({ serverFactory })`. */
  readonly serverFactory = (handler: RequestListener): Server => this.server.on('request', handler);

  /** Names are compared in lower case. */
  registerSubprotocol(name: string, subprotocol: Subprotocol): void {
    const key = name.toLowerCase();
    if (this.#subprotocols.has(key)) throw new Error(`The subprotocol ${key} is registered already.`);
    this.#subprotocols.set(key, subprotocol);
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: subprotocol.messageBytes ?? this.limits.messageBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
      autoPong: false, // it costs a closure for each socket; whoever accepts it answers pings, within its queue's bound
      closeTimeout: this.limits.closeGrace,
      handleProtocols: () => this.#offered,
    };
    this.#acceptors.set(key, new WebSocketServer(options));
  }

  /** Port 0 picks a free one. Rejects with the system's error (EADDRINUSE, EACCES...). */
  listen(endpoint: Endpoint): Promise<Endpoint> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: endpoint.address, port: endpoint.port, backlog: this.limits.backlog }, () => {
        this.server.off('error', reject);
        this.server.on('error', acceptFailed);
        const bound = this.server.address() as AddressInfo;
        resolve({ address: plainAddress(bound.address), port: bound.port });
      });
    });
  }

  /** New origins, hosts or rules, for the handshakes from now on. */
  reconfigure(policy: HandshakePolicy): void {
    this.#policy = policy;
  }

  /** A new certificate, for the connections that begin from now on. */
  renewCertificate(tls: NonNullable<WebPortOptions['tls']>): void {
    this.#tls?.setSecureContext(tls);
  }

  /** From now on a new WebSocket is answered 503; what is open stays. */
  drain(): void {
    this.#draining = true;
  }

  /**
   * Stops listening and cuts the HTTP connections. WebSockets and SIP flows belong to those who took them: it does not
   * wait for them.
   */
  async close(): Promise<void> {
    this.#draining = true;
    this.server.close();
    this.server.closeAllConnections();
    for (const socket of this.#pending) socket.destroy();
  }

  #awaitFirstOctets(socket: PendingSocket, secure: boolean): void {
    const deadline = setTimeout(destroy, this.limits.firstByteTimeout, socket);
    socket[PENDING] = { port: this, secure, deadline, octets: undefined };
    this.#pending.add(socket);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('end', onEnd);
    socket.on('readable', onReadable);
  }

  /** Something came (or the connection is over): decides if it can. */
  receive(socket: PendingSocket, pending: Pending): void {
    const more: Buffer | null = socket.read();
    if (more === null) return;
    const octets = pending.octets === undefined ? more : Buffer.concat([pending.octets, more]);
    const protocol = firstProtocol(octets);
    pending.octets = octets;
    if (protocol === undefined) return;
    this.forget(socket, pending);
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('close', onClose);
    socket.unshift(octets);
    this.#hand(socket, protocol, pending.secure);
  }

  forget(socket: PendingSocket, pending: Pending): void {
    clearTimeout(pending.deadline);
    socket[PENDING] = undefined;
    this.#pending.delete(socket);
  }

  #hand(socket: Socket, protocol: FirstProtocol, secure: boolean): void {
    const { stun, sip } = this.#options;
    if (protocol === 'http') {
      socket.off('error', onError);
      this.#http.call(this.server, socket);
    } else if (protocol === 'tls' && !secure && this.#tls !== undefined) {
      this.#tls.emit('connection', socket);
    } else if (protocol === 'stun' && stun !== undefined) {
      handshakeDone(underlying(socket));
      stun(socket, secure);
    } else if (protocol === 'sip' && sip !== undefined) {
      handshakeDone(underlying(socket));
      sip(socket, secure);
    } else socket.destroy();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', onError);
    handshakeDone(underlying(request.socket));
    try {
      if (this.#draining) throw new ProtocolError('WS_DRAINING', 'The server is shutting down.', { status: 503 });
      const { name, offered, identity } = judgeHandshake(request, this.#subprotocols, this.#policy);
      this.#offered = offered;
      this.#acceptors.get(name)?.handleUpgrade(request, socket, head, (webSocket) => {
        socket.off('error', onError);
        this.#accept(name, webSocket, identity === undefined ? { request } : { request, identity });
      });
    } catch (error) {
      const refusal =
        error instanceof ProtocolError ? error : new ProtocolError('WS_INTERNAL', 'Internal error.', { status: 500 });
      refuseHandshake(socket, refusal);
      if (refusal !== error) this.#options.onFault?.(error);
      const { remoteAddress, remotePort } = request.socket;
      this.#options.onRefused?.(refusal, { address: plainAddress(remoteAddress), port: remotePort ?? 0 });
    }
  }

  #accept(name: string, webSocket: WebSocket, opened: OpenedHandshake): void {
    try {
      this.#subprotocols.get(name)?.accept(webSocket, opened);
    } catch (error) {
      webSocket.on('error', () => {});
      webSocket.close(1011, 'Internal error.');
      this.#options.onFault?.(error);
    }
  }
}

/** Under a TLS socket there is the TCP socket that was counted when it came. */
function underlying(socket: Socket): Socket {
  return (socket as Socket & { _parent?: Socket | null })._parent ?? socket;
}

// Listeners are shared functions and the state is a property: a storm of connections makes no closures.

function onReadable(this: PendingSocket): void {
  const pending = this[PENDING];
  pending?.port.receive(this, pending);
}

function onClose(this: PendingSocket): void {
  const pending = this[PENDING];
  pending?.port.forget(this, pending);
}

function onEnd(this: Socket): void {
  this.destroy();
}

function onError(this: Socket): void {
  this.destroy();
}

function destroy(socket: Socket): void {
  socket.destroy();
}
