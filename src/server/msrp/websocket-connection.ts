import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { type Frame, frameLength } from '../../protocol/msrp/frame.ts';
import type { RelayLink } from '../../protocol/msrp/relay-link.ts';
import { plainAddress } from '../../transport/flow.ts';
import type { OpenedHandshake, Subprotocol } from '../../transport/handshake.ts';
import type { Beating } from '../../transport/heartbeat.ts';
import { FIN_BINARY, FIN_TEXT, payloadStart, writeFrameHead } from '../../transport/websocket-frame.ts';
import { ENOUGH_QUEUED, type MsrpConnection } from './connection.ts';
import type { MsrpServer } from './msrp-server.ts';

/** MSRP over WebSocket (RFC 7977): a message is a frame. Who the handshake proves needs no digest at AUTH. */
export function msrpSubprotocol(server: MsrpServer): Subprotocol {
  return {
    messageBytes: server.options.transport.messageBytes,
    accept: (webSocket, opened) => void new WebSocketConnection(server, webSocket, opened),
  };
}

class WebSocketConnection implements MsrpConnection, Beating {
  readonly name: string;
  readonly address: string;
  readonly #server: MsrpServer;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #link: RelayLink;
  readonly #slot: number;
  #open = true;
  #awaiting = false;
  /** COMPAT: clients that send text frames may understand no others (RFC 7977 section 5.2 wants both understood). */
  #text = false;

  constructor(server: MsrpServer, webSocket: WebSocket, { request: { socket }, identity }: OpenedHandshake) {
    this.#server = server;
    this.#webSocket = webSocket;
    this.#socket = socket;
    const secure = 'encrypted' in socket && socket.encrypted === true;
    this.address = plainAddress(socket.remoteAddress);
    this.name = `${secure ? 'wss' : 'ws'} ${this.address}:${socket.remotePort ?? 0}`;
    this.#slot = server.heartbeat.add(this);
    this.#link = server.open(this, 'message', identity);
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on('ping', (data) => {
      this.#awaiting = false;
      if (this.#socket.writableLength < ENOUGH_QUEUED) webSocket.pong(data);
    });
    webSocket.on('pong', () => {
      this.#awaiting = false;
    });
    webSocket.on('error', () => {}); // ws answers a violation with its close code
    webSocket.on('close', () => this.#gone());
    socket.on('drain', this.#drained);
  }

  write(frame: Frame): boolean {
    const socket = this.#socket;
    if (!this.#open) return true;
    if (socket.writableLength > this.#server.options.transport.queuedBytes) {
      this.close(1013, 'You do not read what is sent to you.');
      return false;
    }
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(uncork, socket);
    }
    return socket.write(dataFrame(frame, this.#text)) || socket.writableLength < ENOUGH_QUEUED;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  close(code: number, reason: string): void {
    this.#gone();
    this.#webSocket.close(code, reason);
  }

  /** The heartbeat: a peer that has not answered the last ping is gone. One that is not being read cannot answer. */
  beat(): void {
    if (this.#webSocket.isPaused) return;
    if (this.#awaiting) {
      this.#gone();
      this.#webSocket.terminate();
      return;
    }
    this.#awaiting = true;
    this.#webSocket.ping();
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#awaiting = false;
    this.#text = !isBinary;
    const octets = data as Buffer;
    if (this.#open && octets.length > 0) this.#server.receive(this.#link, octets);
  }

  readonly #drained = (): void => {
    if (this.#open) this.#server.writable(this.#link);
  };

  #gone(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.off('drain', this.#drained);
    this.#server.heartbeat.remove(this, this.#slot);
    this.#server.closed(this.#link);
  }
}

/** One buffer, so that the body is copied once. */
function dataFrame(frame: Frame, text: boolean): Buffer {
  const { head, body, tail } = frame;
  const length = frameLength(frame);
  const start = payloadStart(length);
  const octets = Buffer.allocUnsafe(start + length);
  let at = start + octets.write(head, start, 'latin1');
  if (body !== undefined) {
    octets.set(body, at);
    at += body.length;
  }
  octets.write(tail, at, 'latin1');
  writeFrameHead(octets, text && isUtf8(octets.subarray(start)) ? FIN_TEXT : FIN_BINARY, length);
  return octets;
}

function uncork(socket: Socket): void {
  socket.uncork();
}
