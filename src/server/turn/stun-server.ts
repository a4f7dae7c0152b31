import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { answerBinding } from '../../protocol/stun/binding.ts';
import { HEADER_LENGTH, stunLength } from '../../protocol/stun/message.ts';
import { Admission, handshakeDone } from '../../transport/admission.ts';
import { acceptFailed, type Endpoint, plainAddress } from '../../transport/flow.ts';
import { type TransportLimits, transportLimits } from '../../transport/limits.ts';
import { literalLookup } from '../../transport/udp.ts';

export interface StunServerOptions {
  /** What SOFTWARE says; absent: nothing. */
  software?: string;
  /** A stream on which no whole request came for so long (milliseconds) is closed. */
  idle?: number;
  limits?: Partial<TransportLimits>;
  /** Shared with other listeners, so that an address is counted once. */
  admission?: Admission;
}

/** A request of a stranger is never longer. */
const MAX_STREAM_MESSAGE = 1500;

/** STUN Binding (RFC 8489) over UDP, TCP and, behind the web port, TLS: tells a client its address as seen from here. */
export class StunServer {
  readonly #software: string | undefined;
  readonly #idle: number;
  readonly #limits: TransportLimits;
  readonly #admission: Admission;
  readonly #streams = new Set<Socket>();
  readonly #listeners: (UdpSocket | Server)[] = [];
  /** Binding requests answered. */
  answered = 0;

  constructor(options: StunServerOptions = {}) {
    this.#software = options.software;
    this.#idle = options.idle ?? 60_000;
    this.#limits = { ...transportLimits, ...options.limits };
    this.#admission = options.admission ?? new Admission(this.#limits);
  }

  /** The answer to one message; undefined: silence. For every UDP port that has STUN beside another protocol. */
  readonly respond = (message: Uint8Array, source: Endpoint): Uint8Array | undefined => {
    const answer = answerBinding(message, source, this.#software);
    if (answer !== undefined) this.answered += 1;
    return answer;
  };

  /** Rejects with the system's error when the address cannot be bound. */
  listenUdp(at: Endpoint): Promise<Endpoint> {
    const type = isIPv6(at.address) ? 'udp6' : 'udp4';
    const socket = createSocket({ type, lookup: literalLookup(type) });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: at.address, port: at.port }, () => {
        socket.off('error', reject);
        socket.on('error', ignore);
        socket.on('message', (datagram, { address, port }) => {
          const answer = port === 0 ? undefined : this.respond(datagram, { address: plainAddress(address), port });
          if (answer !== undefined) socket.send(answer, port, address, ignore);
        });
        this.#listeners.push(socket);
        resolve(endpointOf(socket.address()));
      });
    });
  }

  listenTcp(at: Endpoint): Promise<Endpoint> {
    const server = createServer({ noDelay: true }, (socket) => {
      if (!this.#admission.admit(socket)) return;
      handshakeDone(socket);
      this.accept(socket);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.address, port: at.port, backlog: this.#limits.backlog }, () => {
        server.off('error', reject);
        server.on('error', acceptFailed);
        this.#listeners.push(server);
        resolve(endpointOf(server.address() as AddressInfo));
      });
    });
  }

  /** A connection whose first octets are STUN (RFC 8489 section 6.2.2), also inside TLS. */
  readonly accept = (socket: Socket): void => {
    const source: Endpoint = { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    let rest: Buffer = Buffer.alloc(0);
    // Not the socket's own timeout: that one starts anew with each octet, and a slow loris sends some.
    let deadline = setTimeout(() => socket.destroy(), this.#idle);
    this.#streams.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearTimeout(deadline);
      this.#streams.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER_LENGTH) {
        const length = stunLength(rest);
        if (length === undefined || length > MAX_STREAM_MESSAGE) return void socket.destroy();
        if (rest.length < length) return;
        const answer = this.respond(rest.subarray(0, length), source);
        if (answer === undefined) return void socket.destroy(); // on a stream, silence would leave it out of step
        rest = rest.subarray(length);
        if (!socket.write(answer)) return void socket.destroy(); // does not read its answers
        clearTimeout(deadline);
        deadline = setTimeout(() => socket.destroy(), this.#idle);
      }
    });
  };

  async close(): Promise<void> {
    for (const socket of this.#streams) socket.destroy();
    await Promise.all(
      this.#listeners.splice(0).map((listener) => new Promise<void>((resolve) => listener.close(() => resolve()))),
    );
  }
}

function endpointOf(bound: AddressInfo): Endpoint {
  return { address: plainAddress(bound.address), port: bound.port };
}

function ignore(): void {}
