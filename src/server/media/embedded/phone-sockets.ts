// The sockets of phone legs in a relaying thread: one for RTP and one for RTCP, by the names that plans call them.
import { bindNow } from '../../../transport/udp-bind.ts';
import type { SocketName } from '../relay/plan.ts';
import { createMediaSocket, MediaSocket, senderOf } from './media-socket.ts';
import type { PacketRing } from './packet-ring.ts';
import type { PhoneSocket } from './thread-messages.ts';

export type PhoneReceive = (name: SocketName, datagram: Uint8Array, address: string, port: number) => void;

export class PhoneSockets {
  private readonly sockets = new Map<SocketName, MediaSocket>();
  private readonly ring: PacketRing;
  private readonly receive: PhoneReceive;

  constructor(ring: PacketRing, receive: PhoneReceive) {
    this.ring = ring;
    this.receive = receive;
  }

  /** All of them, or none and the system's error. */
  bind(address: string, wanted: readonly PhoneSocket[]): void {
    const bound = wanted.map(({ name, port }) => ({ name, port, socket: createMediaSocket(address) }));
    try {
      for (const { socket, port } of bound) bindNow(socket, { address, port });
    } catch (error) {
      for (const { socket } of bound) socket.on('error', () => {}).close();
      throw error;
    }
    for (const { name, socket } of bound) {
      this.sockets.set(
        name,
        new MediaSocket(socket, this.ring, false, (datagram, from) => {
          const sender = senderOf(from);
          this.receive(name, datagram, sender.address, sender.port);
        }),
      );
    }
  }

  unbind(names: readonly SocketName[]): void {
    for (const name of names) {
      this.sockets.get(name)?.close();
      this.sockets.delete(name);
    }
  }

  send(name: SocketName, packet: Uint8Array, length: number, address: string, port: number): void {
    this.sockets.get(name)?.send(packet, length, address, port);
  }

  connect(name: SocketName, address: string, port: number): void {
    this.sockets.get(name)?.connect({ address, port });
  }

  disconnect(name: SocketName): void {
    this.sockets.get(name)?.disconnect();
  }

  close(): void {
    this.unbind([...this.sockets.keys()]);
  }
}
