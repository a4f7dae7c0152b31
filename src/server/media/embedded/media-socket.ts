import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { plainAddress } from '../../../transport/flow.ts';
import { literalLookup } from '../../../transport/udp.ts';
import { connectNow } from '../../../transport/udp-bind.ts';
import type { PacketRing } from './packet-ring.ts';

/** A burst waits in the kernel, which cuts this to net.core.rmem_max. */
const BUFFER = 1024 * 1024;
/** Octets waiting in user space beyond which packets are dropped: the kernel takes no more, so the wire is full. */
const QUEUE = 256 * 1024;
/** Datagrams between two looks at what is waiting. */
const LOOK = 32;

export interface SocketAddress {
  address: string;
  port: number;
}

export interface MediaSocketOptions {
  /** Others may be bound to the same address. */
  reusePort?: boolean;
  /** Where `::` is IPv4 as well. Default: each family has a socket of its own. */
  bothFamilies?: boolean;
  receiveBuffer?: number;
}

/** Not bound yet. */
export function createMediaSocket(address: string, options: MediaSocketOptions = {}): Socket {
  const type = isIPv6(address) ? 'udp6' : 'udp4';
  return createSocket({
    type,
    lookup: literalLookup(type),
    recvBufferSize: options.receiveBuffer ?? BUFFER,
    sendBufferSize: BUFFER,
    ...(options.reusePort && { reusePort: true }),
    ...(type === 'udp6' && { ipv6Only: !options.bothFamilies }),
  });
}

/** A bound socket of a relaying thread. Errors are those of UDP: the packet is lost. */
export class MediaSocket {
  private readonly socket: Socket;
  private readonly ring: PacketRing;
  private connected: boolean;
  private count = 0;
  private full = false;

  constructor(
    socket: Socket,
    ring: PacketRing,
    connected: boolean,
    receive: (datagram: Buffer, from: RemoteInfo) => void,
  ) {
    this.socket = socket;
    this.ring = ring;
    this.connected = connected;
    socket.on('message', receive);
    socket.on('error', ignore); // an ICMP message, say
  }

  send(packet: Uint8Array, length: number, address: string, port: number): void {
    const { socket, ring } = this;
    try {
      this.count += 1;
      if (this.count % LOOK === 0) this.full = socket.getSendQueueSize() > QUEUE;
      if (this.full) return;
      const octets = ring.lasting(packet, length);
      ring.used(socket);
      // No callback: one would cost a tick for each packet.
      if (this.connected) socket.send(octets, 0, length);
      else socket.send(octets, 0, length, port, address);
    } catch {
      // An address to which nothing can be sent (port 0, another family), or the socket was closed meanwhile.
    }
  }

  /** From now on nobody else is heard, nor sent to. What a packet costs falls by a sixth. */
  connect(peer: SocketAddress): void {
    if (this.connected) this.disconnect();
    try {
      connectNow(this.socket, peer);
      this.connected = true;
    } catch {
      // It cannot be reached, as far as the system knows: packets are lost as before.
    }
  }

  disconnect(): void {
    if (!this.connected) return;
    this.connected = false;
    try {
      this.socket.disconnect();
    } catch {
      // closed already
    }
  }

  close(): void {
    try {
      this.socket.close();
    } catch {
      // closed already
    }
  }
}

/** The sender as everybody else writes it: a socket bound to both families has IPv4 addresses in their IPv6 form. */
export function senderOf({ address, port }: RemoteInfo): SocketAddress {
  return { address: plainAddress(address), port };
}

function ignore(): void {}
