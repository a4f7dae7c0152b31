// A TURN client on real sockets, over UDP, TCP, TLS or WebSocket.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import * as turn from '../../src/protocol/turn/numbers.ts';
import { TurnStream } from '../../src/protocol/turn/stream.ts';
import { Answer, type Peer, request, requestedTransport, type TurnUser } from './turn-messages.ts';

export interface Wire {
  send(message: Uint8Array): void;
  onMessage: (message: Uint8Array) => void;
  close(): void;
  /** Resolves when the other side has ended it. */
  closed: Promise<unknown>;
  port: number;
}

export async function udpWire(port: number, host = '127.0.0.1'): Promise<Wire> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const wire: Wire = {
    send: (message) => socket.send(message, port, host),
    onMessage: () => {},
    close: () => socket.close(),
    closed: new Promise(() => {}),
    port: socket.address().port,
  };
  socket.on('message', (message) => wire.onMessage(message));
  return wire;
}

export async function streamWire(socket: Socket, ready = 'connect'): Promise<Wire> {
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, ready);
  const stream = new TurnStream(100_000);
  const wire: Wire = {
    send: (message) => void socket.write(message),
    onMessage: () => {},
    close: () => socket.destroy(),
    closed,
    port: socket.localPort ?? 0,
  };
  socket.on('data', (chunk) => {
    for (const message of stream.push(chunk)) wire.onMessage(message);
  });
  return wire;
}

export const tcpWire = (port: number): Promise<Wire> => streamWire(connect(port, '127.0.0.1'));
export const tlsWire = (port: number): Promise<Wire> =>
  streamWire(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), 'secureConnect');

export async function webSocketWire(url: string): Promise<Wire> {
  const socket = new WebSocket(url, 'turn');
  socket.on('error', () => {});
  const closed = once(socket, 'close').then(([code]) => code);
  await once(socket, 'open');
  const wire: Wire = {
    send: (message) => socket.send(message),
    onMessage: () => {},
    close: () => socket.terminate(),
    closed,
    port: 0,
  };
  socket.on('message', (data) => wire.onMessage(data as Buffer));
  return wire;
}

export class TurnTestClient {
  readonly wire: Wire;
  user: TurnUser;
  readonly #messages: Uint8Array[] = [];
  #wake: (() => void) | undefined;

  constructor(wire: Wire, user: TurnUser) {
    this.wire = wire;
    this.user = user;
    wire.onMessage = (message) => {
      this.#messages.push(message);
      this.#wake?.();
    };
  }

  async next(timeout = 5000): Promise<Uint8Array> {
    const end = performance.now() + timeout;
    while (this.#messages.length === 0) {
      const left = end - performance.now();
      if (left <= 0) throw new Error('nothing came from the TURN server');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#messages.shift() as Uint8Array;
  }

  async exchange(message: Uint8Array): Promise<Answer> {
    this.wire.send(message);
    return new Answer(await this.next());
  }

  /** Asks, takes the challenge if there is one, and asks again. */
  async ask(method: number, attributes: Parameters<typeof request>[1] = []): Promise<Answer> {
    const answer = await this.exchange(
      request(method, attributes, this.user.nonce === undefined ? undefined : this.user),
    );
    if (answer.code !== 401 && answer.code !== 438) return answer;
    this.user = { ...this.user, realm: answer.text(turn.REALM), nonce: answer.text(turn.NONCE) };
    return this.exchange(request(method, attributes, this.user));
  }

  allocate(attributes: Parameters<typeof request>[1] = []): Promise<Answer> {
    return this.ask(turn.ALLOCATE, [requestedTransport(), ...attributes]);
  }

  permit(...peers: Peer['peer'][]): Promise<Answer> {
    return this.ask(
      turn.CREATE_PERMISSION,
      peers.map((peer) => ({ peer })),
    );
  }
}

/** A peer: a UDP socket that answers everything with itself in capitals. */
export async function echoPeer(host = '127.0.0.1'): Promise<{ address: string; port: number; close(): void }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, { port, address }) => socket.send(String(message).toUpperCase(), port, address));
  socket.bind(0, host);
  await once(socket, 'listening');
  return { address: host, port: socket.address().port, close: () => socket.close() };
}
