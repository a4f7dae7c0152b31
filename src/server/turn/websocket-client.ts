import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { isChannelData } from '../../protocol/turn/channel-data.ts';
import type { FiveTuple } from '../../protocol/turn/five-tuple.ts';
import { isSendIndication } from '../../protocol/turn/indications.ts';
import type { OpenedHandshake, Subprotocol } from '../../transport/handshake.ts';
import type { Beating } from '../../transport/heartbeat.ts';
import { clientAddress, MAX_MESSAGE, MAX_STRANGER_MESSAGE, type TurnClient } from './client.ts';
import type { TurnServer } from './turn-server.ts';

/**
 * TURN over WebSocket, for clients that get nothing else through: the subprotocol `turn`, in which a binary frame is one
 * STUN message or one ChannelData message, without padding. The handshake needs no credential, since TURN has its own.
 */
export function turnSubprotocol(server: TurnServer): Subprotocol {
  return {
    messageBytes: MAX_MESSAGE,
    handshake: 'optional',
    accept: (webSocket, opened) => void server.adopt(new WebSocketClient(server, webSocket, opened)),
  };
}

export class WebSocketClient implements TurnClient, Beating {
  readonly transport: 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  allocation: FiveTuple['allocation'];
  opening: FiveTuple['opening'];
  readonly #server: TurnServer;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #slot: number;
  #deadline: NodeJS.Timeout | undefined;
  #awaiting = false;

  constructor(server: TurnServer, webSocket: WebSocket, { request: { socket } }: OpenedHandshake) {
    this.#server = server;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.transport = 'encrypted' in socket && socket.encrypted === true ? 'wss' : 'ws';
    this.address = clientAddress(socket.remoteAddress);
    this.port = socket.remotePort ?? 0;
    this.#slot = server.heartbeat.add(this);
    this.#expect();
    webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on('ping', (data) => {
      this.#awaiting = false;
      if (!this.#isBehind()) webSocket.pong(data);
    });
    webSocket.on('pong', () => {
      this.#awaiting = false;
    });
    webSocket.on('error', ignore); // ws answers a violation with its close code
    webSocket.on('close', () => {
      clearTimeout(this.#deadline);
      server.heartbeat.remove(this, this.#slot);
      server.closed(this);
    });
  }

  write(message: Uint8Array): void {
    if (this.#isBehind()) this.#server.unread += 1;
    else this.#webSocket.send(message);
  }

  changed(): void {
    this.#expect();
  }

  /** A peer that has not answered the last ping is gone. */
  beat(): void {
    if (this.#awaiting) return void this.#webSocket.terminate();
    this.#awaiting = true;
    this.#webSocket.ping();
  }

  destroy(): void {
    this.#webSocket.close(1012, 'The server is restarting.');
  }

  #isBehind(): boolean {
    return this.#socket.writableLength > this.#server.limits.queuedBytes;
  }

  #expect(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (this.allocation === undefined) {
      this.#deadline = setTimeout(() => this.#webSocket.close(1008, 'No allocation.'), this.#server.limits.idle);
      this.#deadline.unref();
    }
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#awaiting = false;
    if (!isBinary) return void this.#webSocket.close(1003, 'Binary frames only.');
    const message = data as Buffer;
    const first = message[0];
    const { allocation } = this;
    if (first === undefined) return;
    if (allocation === undefined && message.length > MAX_STRANGER_MESSAGE)
      return void this.#webSocket.close(1009, 'Too long without an allocation.');
    if (isChannelData(first)) {
      if (allocation !== undefined) this.#server.path.channelData(allocation, message);
    } else if (isSendIndication(message)) {
      if (allocation !== undefined) this.#server.path.sendIndication(allocation, message);
    } else if (first < 4) {
      if (this.#isBehind()) this.#webSocket.close(1013, 'You do not read what is sent to you.');
      else if (this.#server.receive(message, this)) this.#expect();
    } else this.#webSocket.close(1003, 'Neither STUN nor ChannelData.');
  }
}

function ignore(): void {}
