import type { Socket } from 'node:net';
import { ProtocolError } from '../../protocol/errors.ts';
import { isChannelData } from '../../protocol/turn/channel-data.ts';
import type { FiveTuple } from '../../protocol/turn/five-tuple.ts';
import { isSendIndication } from '../../protocol/turn/indications.ts';
import { TurnStream } from '../../protocol/turn/stream.ts';
import { clientAddress, MAX_MESSAGE, MAX_STRANGER_MESSAGE, type TurnClient } from './client.ts';
import type { TurnServer } from './turn-server.ts';

/** How long a connection may be silent before the kernel asks whether it is still there. Milliseconds. */
const KEEP_ALIVE = 25_000;

/** A client over TCP or TLS (RFC 8656 section 3.1), for as long as its connection lasts. */
export class StreamClient implements TurnClient {
  readonly transport: 'tcp' | 'tls';
  readonly address: string;
  readonly port: number;
  allocation: FiveTuple['allocation'];
  opening: FiveTuple['opening'];
  readonly #server: TurnServer;
  readonly #socket: Socket;
  readonly #stream = new TurnStream(MAX_STRANGER_MESSAGE);
  #deadline: NodeJS.Timeout | undefined;
  /** Messages for the next write. */
  readonly #waiting: Uint8Array[] = [];
  #waitingOctets = 0;

  constructor(server: TurnServer, socket: Socket, secure: boolean) {
    this.#server = server;
    this.#socket = socket;
    this.transport = secure ? 'tls' : 'tcp';
    this.address = clientAddress(socket.remoteAddress);
    this.port = socket.remotePort ?? 0;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    this.#expect();
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      this.#flush();
      socket.end();
    });
    socket.on('close', () => {
      clearTimeout(this.#deadline);
      server.closed(this);
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  write(message: Uint8Array): void {
    const socket = this.#socket;
    if (socket.writableLength + this.#waitingOctets > this.#server.limits.queuedBytes) {
      this.#server.unread += 1; // a slow reader loses packets, as over UDP
      return;
    }
    // COMPAT: over TLS each message is a record of its own, for coturn's client takes a record for a message.
    if (this.transport === 'tls') {
      socket.write(message);
      return;
    }
    // What comes in one turn of the event loop goes out in one write.
    if (this.#waiting.length === 0) setImmediate(this.#flush);
    this.#waiting.push(message);
    this.#waitingOctets += message.length;
  }

  changed(): void {
    this.#stream.maximum = this.allocation === undefined ? MAX_STRANGER_MESSAGE : MAX_MESSAGE;
    this.#expect();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #flush = () => {
    const [first, ...more] = this.#waiting.splice(0);
    this.#waitingOctets = 0;
    if (first !== undefined && this.#socket.writable)
      this.#socket.write(more.length === 0 ? first : Buffer.concat([first, ...more]));
  };

  /** Without an allocation, a whole request is to come in time. Not the socket's own timeout: each octet restarts that. */
  #expect(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (this.allocation === undefined) {
      this.#deadline = setTimeout(() => this.destroy(), this.#server.limits.idle);
      this.#deadline.unref();
    }
  }

  #receive(chunk: Buffer): void {
    const { path } = this.#server;
    let messages: Uint8Array[];
    try {
      messages = this.#stream.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return void this.destroy();
    }
    for (const message of messages) {
      const { allocation } = this;
      if (isChannelData(message[0] as number)) {
        if (allocation !== undefined) path.channelData(allocation, message);
      } else if (isSendIndication(message)) {
        if (allocation !== undefined) path.sendIndication(allocation, message);
      } else if (this.#socket.writableLength > this.#server.limits.queuedBytes) {
        return void this.destroy(); // asks, and does not read the answers
      } else if (this.#server.receive(message, this)) this.#expect();
    }
  }
}
