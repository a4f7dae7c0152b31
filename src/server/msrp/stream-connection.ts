import type { Socket } from 'node:net';
import { type Frame, frameLength } from '../../protocol/msrp/frame.ts';
import type { RelayLink } from '../../protocol/msrp/relay-link.ts';
import { plainAddress } from '../../transport/flow.ts';
import { ENOUGH_QUEUED, type MsrpConnection } from './connection.ts';
import type { MsrpServer } from './msrp-server.ts';

/** MSRP over TCP or TLS (RFC 4975 section 5.4), whoever opened the connection. */
export class StreamConnection implements MsrpConnection {
  readonly name: string;
  readonly address: string;
  link: RelayLink | undefined;
  readonly #server: MsrpServer;
  readonly #socket: Socket;

  constructor(server: MsrpServer, socket: Socket, transport: 'tcp' | 'tls', to?: { host: string; port: number }) {
    this.#server = server;
    this.#socket = socket;
    this.address = to?.host ?? plainAddress(socket.remoteAddress);
    this.name = `${transport} ${this.address}:${to?.port ?? socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, server.options.transport.pingInterval);
    socket.on('data', (octets: Buffer) => {
      if (this.link !== undefined) server.receive(this.link, octets);
    });
    socket.on('drain', () => {
      if (this.link !== undefined) server.writable(this.link);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.link !== undefined) server.closed(this.link);
    });
  }

  write(frame: Frame): boolean {
    const socket = this.#socket;
    if (socket.writableLength > this.#server.options.transport.queuedBytes) {
      socket.destroy(); // asks, and does not read the answers
      return false;
    }
    const { head, body, tail } = frame;
    const octets = Buffer.allocUnsafe(frameLength(frame));
    const at = octets.write(head, 0, 'latin1');
    if (body !== undefined) octets.set(body, at);
    octets.write(tail, at + (body?.length ?? 0), 'latin1');
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(uncork, socket);
    }
    return socket.write(octets) || socket.writableLength < ENOUGH_QUEUED;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), this.#server.options.transport.closeGrace).unref();
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}
