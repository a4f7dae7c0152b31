import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { isChannelData } from '../../protocol/turn/channel-data.ts';
import type { FiveTuple } from '../../protocol/turn/five-tuple.ts';
import { isSendIndication } from '../../protocol/turn/indications.ts';
import { type Endpoint, plainAddress } from '../../transport/flow.ts';
import { literalLookup } from '../../transport/udp.ts';
import { bindNow, bindReusably } from '../../transport/udp-bind.ts';
import { clientAddress, type TurnClient } from './client.ts';
import type { TurnServer } from './turn-server.ts';

const BUFFER = 4 * 1024 * 1024;
/** Octets waiting in user space beyond which packets are dropped: the kernel takes no more, so the wire is full. */
const QUEUE = 1024 * 1024;

/** Datagrams between two looks at what is waiting: a look costs a tenth of a send. */
const LOOK = 32;

/** Sends datagrams, unless too much is waiting already. Errors are those of UDP: the packet is lost. */
export class DatagramSender {
  readonly #socket: Socket;
  #count = 0;
  #full = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(message: Uint8Array, port: number, address: string): void {
    try {
      this.#count += 1;
      if (this.#count % LOOK === 0) this.#full = this.#socket.getSendQueueSize() > QUEUE;
      if (!this.#full) this.#socket.send(message, port, address); // no callback: one would cost a tick for each packet
    } catch {
      // the socket was closed meanwhile
    }
  }
}

/** Who else is at the same port, told apart by first octets (RFC 7983): gets what is not TURN's. */
export interface PortMate {
  /** The datagram is given away. False: STUN that is not his either. `address` as the socket says it. */
  receive(datagram: Uint8Array, address: string, port: number): boolean;
}

/** TURN and STUN on one UDP address. Only clients with an allocation are remembered. */
export class UdpPort {
  readonly endpoint: Endpoint;
  readonly socket: Socket;
  readonly sender: DatagramSender;
  /** Further sockets may be bound to the same address. */
  readonly reusable: boolean;
  readonly #mate: PortMate | undefined;
  readonly #server: TurnServer;
  /** By address as the socket says it, then by port: no key is made for a packet. */
  readonly #clients = new Map<string, Map<number, UdpClient>>();
  #closed: Promise<void> | undefined;

  constructor(server: TurnServer, socket: Socket, mate?: PortMate, reusable = false) {
    this.#server = server;
    this.#mate = mate;
    this.socket = socket;
    this.reusable = reusable;
    this.sender = new DatagramSender(socket);
    const { address, port } = socket.address();
    this.endpoint = { address: plainAddress(address), port };
    socket.on('message', (datagram, { address: remote, port: remotePort }) =>
      this.receive(datagram, remote, remotePort),
    );
    socket.on('error', ignore);
  }

  /** Once is enough; whoever found another port taken closes this one before its server does. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.socket.close(() => resolve()));
    return this.#closed;
  }

  send(message: Uint8Array, port: number, address: string): void {
    this.sender.send(message, port, address);
  }

  remember(client: UdpClient): void {
    let ports = this.#clients.get(client.rawAddress);
    if (ports === undefined) {
      ports = new Map();
      this.#clients.set(client.rawAddress, ports);
    }
    ports.set(client.port, client);
  }

  forget(client: UdpClient): void {
    const ports = this.#clients.get(client.rawAddress);
    if (ports?.delete(client.port) && ports.size === 0) this.#clients.delete(client.rawAddress);
  }

  /** `address` as the socket says it. Public for what came to another socket that is bound to the same address. */
  receive(datagram: Uint8Array, address: string, port: number): void {
    const first = datagram[0];
    if (first === undefined || port === 0) return; // an answer to port 0 cannot be sent
    const known = this.#clients.get(address)?.get(port);
    if (isChannelData(first)) {
      if (known?.allocation !== undefined) this.#server.path.channelData(known.allocation, datagram);
    } else if (isSendIndication(datagram)) {
      if (known?.allocation !== undefined) this.#server.path.sendIndication(known.allocation, datagram);
    } else if (this.#mate?.receive(datagram, address, port)) {
      // His.
    } else if (first < 4) this.#server.receive(datagram, known ?? new UdpClient(this, address, port));
  }
}

class UdpClient implements TurnClient {
  readonly transport = 'udp';
  readonly address: string;
  readonly port: number;
  /** As the socket says it, and wants it. */
  readonly rawAddress: string;
  allocation: FiveTuple['allocation'];
  opening: FiveTuple['opening'];
  readonly #port: UdpPort;
  readonly #sender: DatagramSender;

  constructor(port: UdpPort, rawAddress: string, remotePort: number) {
    this.#port = port;
    this.#sender = port.sender;
    this.rawAddress = rawAddress;
    this.address = clientAddress(rawAddress);
    this.port = remotePort;
  }

  write(message: Uint8Array): void {
    this.#sender.send(message, this.port, this.rawAddress);
  }

  changed(): void {
    if (this.allocation !== undefined || this.opening !== undefined) this.#port.remember(this);
    else this.#port.forget(this);
  }
}

/** Throws the system's error when the address cannot be bound. */
export function listenUdp(server: TurnServer, at: Endpoint, mate?: PortMate): UdpPort {
  const type = isIPv6(at.address) ? 'udp6' : 'udp4';
  const create = (reusePort: boolean) =>
    createSocket({
      type,
      lookup: literalLookup(type),
      recvBufferSize: BUFFER,
      sendBufferSize: BUFFER,
      ...(reusePort && { reusePort }),
    });
  if (mate !== undefined) {
    const { socket, reusable } = bindReusably(create, at);
    return new UdpPort(server, socket, mate, reusable);
  }
  const socket = create(false);
  bindNow(socket, at);
  return new UdpPort(server, socket);
}

function ignore(): void {}
