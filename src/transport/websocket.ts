import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { ByteString } from '../protocol/byte-string.ts';
import { deliverCloseSoon, deliverMessage, deliverOpen } from './deliver.ts';
import { type Endpoint, type Flow, type FlowHandler, type Identity, nextFlowId, plainAddress } from './flow.ts';
import type { OpenedHandshake, Subprotocol } from './handshake.ts';
import { type Beating, Heartbeat } from './heartbeat.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import { FIN_BINARY, FIN_TEXT, PING, payloadStart, writeFrameHead } from './websocket-frame.ts';

const FLOW = Symbol('websocket.flow');

interface FlowSocket extends WebSocket {
  [FLOW]?: WebSocketFlow;
}

/** SIP over WebSocket (RFC 7118): the subprotocol `sip` of a web port. */
export class WebSocketFlows implements Subprotocol {
  readonly messageBytes: number;
  readonly limits: TransportLimits;
  readonly handler: FlowHandler;
  readonly heartbeat: Heartbeat;

  constructor(handler: FlowHandler, limits: Partial<TransportLimits> = {}) {
    this.handler = handler;
    this.limits = { ...transportLimits, ...limits };
    this.messageBytes = this.limits.messageBytes;
    this.heartbeat = new Heartbeat(this.limits.pingInterval);
  }

  accept(socket: FlowSocket, opened: OpenedHandshake): void {
    const flow = new WebSocketFlow(this, socket, opened.request.socket, opened.identity);
    socket[FLOW] = flow;
    socket.on('message', onMessage);
    socket.on('ping', onPing);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.on('close', onClose);
    deliverOpen(flow, this.handler);
  }

  get size(): number {
    return this.heartbeat.size;
  }

  /** Closes every flow, with 1012 (service restart) by default. */
  close(code = 1012, reason = 'The server is restarting.'): void {
    for (const flow of this.heartbeat.members()) (flow as WebSocketFlow).close(code, reason);
    this.heartbeat.stop();
  }
}

class WebSocketFlow implements Flow, Beating {
  readonly id = nextFlowId();
  readonly transport: 'ws' | 'wss';
  readonly reliable = true;
  readonly remote: Endpoint;
  readonly handshake: { identity?: Identity };
  data: unknown = undefined;
  readonly #owner: WebSocketFlows;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #slot: number;
  #open = true;
  /** A ping is out and nothing has come since. */
  #awaiting = false;

  constructor(owner: WebSocketFlows, webSocket: WebSocket, socket: Socket, identity: Identity | undefined) {
    this.#owner = owner;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.transport = 'encrypted' in socket && socket.encrypted === true ? 'wss' : 'ws';
    this.remote = { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.handshake = identity === undefined ? NO_IDENTITY : { identity };
    this.#slot = owner.heartbeat.add(this);
  }

  get local(): Endpoint {
    return { address: plainAddress(this.#socket.localAddress), port: this.#socket.localPort ?? 0 };
  }

  get open(): boolean {
    return this.#open;
  }

  send(text: ByteString): boolean {
    if (!this.#open) return false;
    const frame = dataFrame(text);
    if (this.#socket.writableLength + frame.length > this.#owner.limits.queuedBytes) {
      this.#cut(1013, 'You do not read what is sent to you.', 'slow reader');
      return false;
    }
    const socket = this.#socket;
    if (socket.writableCorked === 0) {
      // What one segment brings for it (180 and 200, ACK and BYE) leaves in one write.
      socket.cork();
      process.nextTick(uncork, socket);
    }
    socket.write(frame);
    return true;
  }

  close(code = 1000, reason = ''): void {
    if (this.#open) this.#cut(code, reason, `closed by us: ${code} ${reason}`);
  }

  /** One whole message. */
  receive(data: Buffer): void {
    this.#awaiting = false;
    if (!this.#open) return; // our close is on its way: the peer may not know yet
    if (data.length <= 4 && isKeepAlive(data)) {
      if (data.length === 4) this.send('\r\n'); // RFC 7118 section 6, RFC 5626 section 4.4.1: ping and pong
      return;
    }
    deliverMessage(this, this.#owner.handler, data.toString('latin1'));
  }

  heard(): void {
    this.#awaiting = false;
  }

  /** RFC 6455 section 5.5.2; a peer that pings without reading is cut like any slow reader. */
  answerPing(data: Buffer): void {
    this.#awaiting = false;
    if (!this.#open) return;
    if (this.#socket.writableLength > this.#owner.limits.queuedBytes)
      this.#cut(1013, 'You do not read what is sent to you.', 'slow reader');
    else this.#webSocket.pong(data);
  }

  /** The heartbeat: a peer that has not answered the last ping is gone. */
  beat(): void {
    if (this.#awaiting) {
      this.#forget('no answer to a ping');
      this.#webSocket.terminate();
      return;
    }
    this.#awaiting = true;
    if (this.#open) this.#socket.write(PING);
  }

  /** The connection is over, or has broken the protocol and ws is closing it. */
  gone(reason: string): void {
    this.#forget(reason);
  }

  /** Starts the closing handshake; ws destroys the socket when the peer has not finished it within the grace. */
  #cut(code: number, reason: string, why: string): void {
    this.#forget(why);
    this.#webSocket.close(code, reason);
  }

  #forget(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.heartbeat.remove(this, this.#slot);
    deliverCloseSoon(this, this.#owner.handler, reason);
  }
}

const NO_IDENTITY = Object.freeze({});

/** A text frame if it is UTF-8. */
function dataFrame(text: ByteString): Buffer {
  const start = payloadStart(text.length);
  const frame = Buffer.allocUnsafe(start + text.length);
  frame.write(text, start, 'latin1');
  writeFrameHead(frame, isUtf8(frame.subarray(start)) ? FIN_TEXT : FIN_BINARY, text.length);
  return frame;
}

/** Nothing, CRLF, or CRLF CRLF. */
function isKeepAlive(data: Buffer): boolean {
  for (let i = 0; i < data.length; i++) if (data[i] !== (i % 2 === 0 ? 13 : 10)) return false;
  return data.length % 2 === 0;
}

function uncork(socket: Socket): void {
  socket.uncork();
}

// Listeners are shared functions and the flow is a property of the socket: an idle socket holds no closures.

function onMessage(this: FlowSocket, data: RawData): void {
  this[FLOW]?.receive(data as Buffer);
}

function onPing(this: FlowSocket, data: Buffer): void {
  this[FLOW]?.answerPing(data);
}

function onPong(this: FlowSocket): void {
  this[FLOW]?.heard();
}

/** ws has sent the close frame that the violation asks for (1002, 1007, 1009). */
function onError(this: FlowSocket, error: Error & { code?: string }): void {
  this[FLOW]?.gone(`${error.code ?? 'error'}: ${error.message}`);
}

function onClose(this: FlowSocket, code: number): void {
  this[FLOW]?.gone(`closed by the peer: ${code}`);
}
