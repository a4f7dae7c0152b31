import { createServer, isIP, type Server, type Socket, connect as tcpConnect } from 'node:net';
import {
  createServer as createTlsServer,
  type TlsOptions,
  type Server as TlsServer,
  connect as tlsConnect,
} from 'node:tls';
import type { Frame } from '../../protocol/msrp/frame.ts';
import type { RelayLimits } from '../../protocol/msrp/limits.ts';
import { Relay } from '../../protocol/msrp/relay.ts';
import type { RelayEvent, RelayOutput } from '../../protocol/msrp/relay-event.ts';
import type { RelayLink } from '../../protocol/msrp/relay-link.ts';
import { DEFAULT_PORT, type MsrpUri } from '../../protocol/msrp/uri.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import { type Admission, handshakeDone } from '../../transport/admission.ts';
import type { Clock, Timer } from '../../transport/clock.ts';
import { type Endpoint, type Identity, nextFlowId } from '../../transport/flow.ts';
import { Heartbeat } from '../../transport/heartbeat.ts';
import type { TransportLimits } from '../../transport/limits.ts';
import { awaitFirstOctet } from '../../transport/tcp.ts';
import type { MsrpAuthentication } from './authentication.ts';
import type { MsrpConnection } from './connection.ts';
import { MsrpCounters } from './counters.ts';
import { listenStream } from './listen.ts';
import { StreamConnection } from './stream-connection.ts';

/** A peer that connections may be opened to. */
export interface AllowedPeer extends Endpoint {
  transport: 'tcp' | 'tls';
}

export interface MsrpServerOptions {
  authentication: MsrpAuthentication;
  primitives: Primitives;
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock: () => number;
  /** What Use-Path URIs are made of. */
  address: () => Omit<MsrpUri, 'sessionId'>;
  /** Default: none. */
  allowPeers: readonly AllowedPeer[];
  limits: Partial<RelayLimits>;
  transport: TransportLimits;
  admission: Admission;
  /** A frame without its body, for the inspector. */
  onFrame?: (out: boolean, connection: string, head: string) => void;
  onEvent?: (event: RelayEvent, connection: MsrpConnection | undefined) => void;
  onFault?: (error: unknown) => void;
}

/** The MSRP relay over WebSocket, TCP and TLS: the sockets and timers of a Relay. */
export class MsrpServer {
  readonly relay: Relay;
  readonly counters = new MsrpCounters();
  readonly heartbeat: Heartbeat;
  readonly options: MsrpServerOptions;
  readonly #timers = new Map<string, Timer>();
  readonly #connections = new Map<RelayLink, MsrpConnection>();
  readonly #tlsServers: TlsServer[] = [];
  readonly #listeners: { close(): Promise<void> }[] = [];

  constructor(options: MsrpServerOptions) {
    this.options = options;
    const { allowPeers, wallClock } = options;
    this.heartbeat = new Heartbeat(options.transport.pingInterval);
    this.relay = new Relay({
      primitives: options.primitives,
      limits: options.limits,
      address: options.address,
      authenticate: (head, link) =>
        options.authentication.judge(head, link, this.#connections.get(link)?.address ?? ''),
      unixTime: () => wallClock() / 1000,
      allows: (uri) => allowPeers.some((peer) => isPeer(peer, uri)),
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** A connection that is up. */
  open(connection: MsrpConnection, framing: 'message' | 'stream', identity?: Identity): RelayLink {
    const proved = identity === undefined ? {} : { identity };
    const { link, outputs } = this.relay.open({ name: nextFlowId(), framing, ...proved }, this.options.clock.now());
    this.#connections.set(link, connection);
    this.#carryOut(outputs);
    return link;
  }

  receive(link: RelayLink, octets: Uint8Array): void {
    this.counters.receivedOctets += octets.length;
    try {
      this.#carryOut(this.relay.receive(link, octets, this.options.clock.now()));
    } catch (error) {
      this.#fault(link, error);
    }
  }

  /** The connection takes more again, or is up. */
  writable(link: RelayLink): void {
    this.#carryOut(this.relay.writable(link, this.options.clock.now()));
  }

  closed(link: RelayLink): void {
    this.#connections.delete(link);
    this.#carryOut(this.relay.closed(link, this.options.clock.now()));
  }

  /** A TCP or TLS connection that somebody opened to us. */
  accept(socket: Socket, secure: boolean): void {
    const connection = new StreamConnection(this, socket, secure ? 'tls' : 'tcp');
    connection.link = this.open(connection, 'stream');
  }

  listenTcp(at: Endpoint): Promise<{ endpoint: Endpoint; close(): Promise<void> }> {
    const { admission, transport } = this.options;
    const server = createServer({ noDelay: true }, (socket) => {
      if (!admission.admit(socket)) return;
      awaitFirstOctet(socket, transport.firstByteTimeout);
      this.accept(socket, false);
    });
    return this.#listen(server, at);
  }

  listenTls(at: Endpoint, tls: Pick<TlsOptions, 'cert' | 'key'>) {
    const { admission, transport } = this.options;
    const server = createTlsServer({ ...tls, handshakeTimeout: transport.tlsHandshakeTimeout }, (socket) => {
      const under = (socket as Socket & { _parent?: Socket | null })._parent;
      if (under) handshakeDone(under);
      awaitFirstOctet(socket, transport.firstByteTimeout);
      this.accept(socket, true);
    });
    server.on('connection', (socket: Socket) => void admission.admit(socket));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tlsServers.push(server);
    return this.#listen(server, at);
  }

  /** For the connections that begin from now on. */
  renewCertificate(tls: Pick<TlsOptions, 'cert' | 'key'>): void {
    for (const server of this.#tlsServers) server.setSecureContext(tls);
  }

  metrics() {
    return {
      connections: this.connections,
      uses: this.relay.uses.size,
      ...this.counters.values(),
      authenticationFailures: this.options.authentication.failures,
    };
  }

  async close(): Promise<void> {
    this.heartbeat.stop();
    for (const connection of this.#connections.values()) connection.close(1012, 'The server is restarting.');
    for (const timer of this.#timers.values()) timer.close();
    this.#timers.clear();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  async #listen(server: Server, at: Endpoint) {
    const listener = await listenStream(server, at, this.options.transport.backlog);
    this.#listeners.push(listener);
    return listener;
  }

  #carryOut(outputs: readonly RelayOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          this.#send(output.message.link, output.message.frame);
          break;
        case 'setTimer':
          this.#setTimer(output.name, output.delay);
          break;
        case 'clearTimer':
          this.#timers.get(output.name)?.close();
          this.#timers.delete(output.name);
          break;
        case 'event':
          this.#happened(output.event);
      }
    }
  }

  #send(link: RelayLink, frame: Frame): void {
    const connection = this.#connections.get(link);
    if (connection === undefined) return;
    this.counters.sent(frame);
    const { onFrame } = this.options;
    if (onFrame !== undefined && isWorthTracing(frame)) onFrame(true, connection.name, frame.head + frame.tail);
    if (!connection.write(frame)) this.relay.blocked(link);
  }

  #setTimer(name: string, delay: number): void {
    this.#timers.get(name)?.close();
    const timer = this.options.clock.setTimer(delay, () => {
      this.#timers.delete(name);
      this.#carryOut(this.relay.timer(name, this.options.clock.now()));
    });
    this.#timers.set(name, timer);
  }

  #happened(event: RelayEvent): void {
    const connection = this.#connections.get(event.link);
    this.counters.happened(event);
    if (event.type === 'head') {
      const { head } = event;
      this.options.onFrame?.(false, connection?.name ?? '', `${head.serialize()}-------${head.transaction}\r\n`);
      return;
    }
    if (event.type === 'pause') connection?.pause();
    else if (event.type === 'resume') connection?.resume();
    else if (event.type === 'close') {
      connection?.close(event.code, event.reason);
      this.#connections.delete(event.link);
    } else if (event.type === 'connect') this.#connect(event.link, event.uri);
    this.options.onEvent?.(event, connection);
  }

  /** To an allowed peer. The certificate must carry the name that is in the allow-list. */
  #connect(link: RelayLink, uri: MsrpUri): void {
    const to = { host: uri.host.replace(/^\[|\]$/g, ''), port: uri.port ?? DEFAULT_PORT };
    // RFC 6066 section 3: no literal address in SNI; the certificate is checked against it all the same.
    const name = isIP(to.host) === 0 ? { servername: to.host } : {};
    const socket = uri.secure ? tlsConnect({ ...to, ...name }) : tcpConnect({ ...to, noDelay: true });
    const connection = new StreamConnection(this, socket, uri.secure ? 'tls' : 'tcp', to);
    connection.link = link;
    this.#connections.set(link, connection);
    const deadline = setTimeout(() => socket.destroy(), this.options.transport.connectTimeout);
    socket.once(uri.secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(deadline);
      this.writable(link);
    });
    socket.once('close', () => clearTimeout(deadline));
  }

  #fault(link: RelayLink, error: unknown): void {
    this.options.onFault?.(error);
    this.#connections.get(link)?.close(1011, 'Internal error.');
    this.closed(link);
  }
}

/** Chunks after the first and their answers are many, and tell nothing. */
function isWorthTracing({ head, body }: Frame): boolean {
  if (body !== undefined) return /\r\nByte-Range: 1-/.test(head);
  return !/^MSRP \S+ 200 /.test(head) || head.includes('\r\nUse-Path:');
}

function isPeer({ transport, address, port }: AllowedPeer, uri: MsrpUri): boolean {
  const host = uri.host.replace(/^\[|\]$/g, '');
  return (
    uri.transport === 'tcp' &&
    uri.secure === (transport === 'tls') &&
    host === address.toLowerCase() &&
    (uri.port ?? DEFAULT_PORT) === port
  );
}
