import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls';
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import { BINDING } from '../../protocol/stun/message.ts';
import type { Allocation, Opening, Reservation } from '../../protocol/turn/allocation.ts';
import type { TurnCredentials } from '../../protocol/turn/authentication.ts';
import { type TurnLimits, turnLimits } from '../../protocol/turn/limits.ts';
import type { TurnEvent, TurnOutput } from '../../protocol/turn/outputs.ts';
import { PeerPolicy } from '../../protocol/turn/peer-policy.ts';
import { RelayPath } from '../../protocol/turn/relay-path.ts';
import { TurnMachine } from '../../protocol/turn/turn-machine.ts';
import { Admission, handshakeDone } from '../../transport/admission.ts';
import type { Clock, Timer } from '../../transport/clock.ts';
import { acceptFailed, type Endpoint, plainAddress } from '../../transport/flow.ts';
import { Heartbeat } from '../../transport/heartbeat.ts';
import { type TransportLimits, transportLimits } from '../../transport/limits.ts';
import type { TurnClient } from './client.ts';
import { ownAddresses, type RelayAddress, relayMtu } from './relay-addresses.ts';
import { type RelayPorts, type RelaySocket, RelaySockets } from './relay-sockets.ts';
import { StreamClient } from './stream-client.ts';
import { listenUdp, type PortMate, type UdpPort } from './udp-port.ts';
import type { WebSocketClient } from './websocket-client.ts';

export interface TurnServerOptions {
  realm: ByteString;
  credentials: TurnCredentials;
  primitives: Primitives;
  clock: Clock;
  /** The answer to a Binding request; undefined: silence. */
  binding: (message: Uint8Array, source: Endpoint) => Uint8Array | undefined;
  relay: { addresses: readonly RelayAddress[]; ports: RelayPorts };
  /** This host's addresses besides those of its interfaces and the relayed ones: no peers. */
  ownAddresses?: readonly string[];
  /** Ports of this host's media, which clients may reach at its own addresses. */
  isMediaPort?: (port: number) => boolean;
  allowPeers?: readonly string[];
  denyPeers?: readonly string[];
  /** What SOFTWARE says in answers to those who have proved themselves. */
  software?: ByteString;
  limits?: Partial<TurnLimits>;
  transport?: Partial<TransportLimits>;
  /** Shared with other listeners, so that an address is counted once. */
  admission?: Admission;
  onEvent?: (event: TurnEvent) => void;
  /** A fault of ours while a message was handled, for the log. The message got no answer. */
  onFault?: (error: unknown) => void;
}

type Subject = Allocation | Reservation;

/** TURN (RFC 8656) and STUN over UDP, TCP, TLS and WebSocket: the sockets and timers of a TurnMachine. */
export class TurnServer {
  readonly limits: TurnLimits;
  readonly path: RelayPath;
  readonly heartbeat: Heartbeat;
  /** Packets for clients on a stream who did not read them in time. */
  unread = 0;
  readonly #options: TurnServerOptions;
  readonly #machine: TurnMachine;
  readonly #relays: RelaySockets;
  readonly #transport: TransportLimits;
  readonly #admission: Admission;
  readonly #timers = new Map<Subject, Timer>();
  readonly #connections = new Set<StreamClient | WebSocketClient>();
  readonly #tlsServers: TlsServer[] = [];
  readonly #listeners: Array<{ close(): Promise<void> }> = [];
  #closed = false;

  constructor(options: TurnServerOptions) {
    this.#options = options;
    this.limits = { ...turnLimits, ...options.limits };
    this.#transport = { ...transportLimits, ...options.transport };
    this.#admission = options.admission ?? new Admission(this.#transport);
    this.heartbeat = new Heartbeat(this.#transport.pingInterval);
    const { addresses, ports } = options.relay;
    const now = () => options.clock.now();
    const isOwn = ownAddresses(
      [...(options.ownAddresses ?? []), ...addresses.map(({ advertised }) => advertised)],
      now,
    );
    this.#machine = new TurnMachine({
      realm: options.realm,
      credentials: options.credentials,
      primitives: options.primitives,
      policy: new PeerPolicy({ allow: options.allowPeers ?? [], deny: options.denyPeers ?? [], isOwn }),
      limits: this.limits,
      families: addresses.map(({ family }) => family),
      mtu: relayMtu(addresses),
      isMediaPort: options.isMediaPort,
      ...(options.software !== undefined && { software: options.software }),
    });
    this.path = new RelayPath(this.#machine.state, {
      now,
      buffer: (size) => Buffer.allocUnsafe(size),
      toPeer: (relay, data, port, address) => (relay as RelaySocket).sender.send(data, port, address),
      toClient: (fiveTuple, message) => (fiveTuple as TurnClient).write(message),
    });
    const { path } = this;
    this.#relays = new RelaySockets(addresses, ports, (relay, datagram, address, port) =>
      path.fromPeer(relay, address, port, datagram),
    );
  }

  metrics() {
    const { allocations } = this.#machine.state;
    const { sentPackets, sentOctets, receivedPackets, receivedOctets, dropped } = this.path;
    return {
      allocations: allocations.size,
      authenticationFailures: this.#machine.failures,
      relayedPackets: sentPackets + receivedPackets,
      relayedOctets: sentOctets + receivedOctets,
      dropped: dropped + this.unread,
    };
  }

  /** One STUN message that is no Send indication. False: there was nothing to answer. */
  receive(message: Uint8Array, client: TurnClient): boolean {
    if (message[0] === BINDING >> 8 && message[1] === BINDING) {
      const answer = this.#options.binding(message, client);
      if (answer !== undefined) client.write(answer);
      return answer !== undefined;
    }
    try {
      const outputs = this.#machine.receive(message, client, this.#options.clock.now());
      if (outputs === undefined) return false;
      this.#carryOut(outputs);
    } catch (error) {
      this.#options.onFault?.(error);
    }
    return true;
  }

  /** The client's connection is gone. */
  closed(client: StreamClient | WebSocketClient): void {
    this.#connections.delete(client);
    this.#carryOut(this.#machine.closed(client));
  }

  /** A WebSocket client, which is closed with the server. */
  adopt(client: WebSocketClient): void {
    this.#connections.add(client);
  }

  /** A connection whose first octets are STUN (RFC 8489 section 6.2.2), also inside TLS. */
  readonly accept = (socket: Socket, secure = false): void => {
    this.#connections.add(new StreamClient(this, socket, secure));
  };

  /** `mate` is at the same port. Rejects with the system's error when the address cannot be bound. */
  async listenUdp(at: Endpoint, mate?: PortMate): Promise<UdpPort> {
    const port = listenUdp(this, at, mate);
    this.#listeners.push(port);
    return port;
  }

  listenTcp(at: Endpoint): Promise<{ endpoint: Endpoint; close(): Promise<void> }> {
    const server = createServer((socket) => {
      if (!this.#admission.admit(socket)) return;
      handshakeDone(socket);
      this.accept(socket, false);
    });
    return this.#listen(server, at);
  }

  listenTls(at: Endpoint, tls: Pick<TlsOptions, 'cert' | 'key'>) {
    const server = createTlsServer({ ...tls, handshakeTimeout: this.#transport.tlsHandshakeTimeout }, (socket) => {
      const under = (socket as Socket & { _parent?: Socket | null })._parent;
      if (under) handshakeDone(under);
      this.accept(socket, true);
    });
    this.#tlsServers.push(server);
    server.on('connection', (socket: Socket) => void this.#admission.admit(socket));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return this.#listen(server, at);
  }

  /** A new certificate, for the connections that begin from now on. */
  renewCertificate(tls: Pick<TlsOptions, 'cert' | 'key'>): void {
    for (const server of this.#tlsServers) server.setSecureContext(tls);
  }

  #listen(server: Server, at: Endpoint): Promise<{ endpoint: Endpoint; close(): Promise<void> }> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.address, port: at.port, backlog: this.#transport.backlog }, () => {
        server.off('error', reject);
        server.on('error', acceptFailed);
        const { address, port } = server.address() as AddressInfo;
        const listener = {
          endpoint: { address: plainAddress(address), port },
          close: () => {
            for (const socket of sockets) socket.destroy(); // also those in the middle of a TLS handshake
            return new Promise<void>((closed) => void server.close(() => closed()));
          },
        };
        this.#listeners.push(listener);
        resolve(listener);
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.heartbeat.stop();
    for (const connection of this.#connections) connection.destroy();
    for (const allocation of [...this.#machine.state.allocations])
      this.#carryOut(this.#machine.closed(allocation.fiveTuple));
    for (const { relay } of this.#machine.state.reservations.values()) (relay as RelaySocket).socket.close();
    for (const timer of this.#timers.values()) timer.close();
    this.#timers.clear();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  #carryOut(outputs: readonly TurnOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          (output.fiveTuple as TurnClient).write(output.message);
          break;
        case 'openRelays':
          (output.opening.request.fiveTuple as TurnClient).changed();
          void this.#open(output.opening);
          break;
        case 'closeRelay':
          (output.relay as RelaySocket).socket.close();
          break;
        case 'setTimer':
          this.#setTimer(output.subject, output.delay);
          break;
        case 'clearTimer':
          this.#timers.get(output.subject)?.close();
          this.#timers.delete(output.subject);
          break;
        case 'event':
          if (output.event.type !== 'refused') (output.event.allocation.fiveTuple as TurnClient).changed();
          this.#options.onEvent?.(output.event);
      }
    }
  }

  async #open(opening: Opening): Promise<void> {
    try {
      const opened = await this.#relays.open(opening);
      if (this.#closed) opening.abandoned = true;
      this.#carryOut(this.#machine.opened(opening, opened, this.#options.clock.now()));
      (opening.request.fiveTuple as TurnClient).changed();
    } catch (error) {
      this.#options.onFault?.(error);
    }
  }

  #setTimer(subject: Subject, delay: number): void {
    const { clock } = this.#options;
    this.#timers.get(subject)?.close();
    const timer = clock.setTimer(delay, () => {
      this.#timers.delete(subject);
      this.#carryOut(this.#machine.timer(subject, clock.now()));
    });
    this.#timers.set(subject, timer);
  }
}
