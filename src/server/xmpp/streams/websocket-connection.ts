// XMPP over WebSocket (RFC 7395): the subprotocol `xmpp` of a web port. What src/transport/websocket.ts has learned holds
// here: shared listeners, one buffer and one write a frame, writes of one turn together, pings by one heartbeat for all.
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import { parseElement } from '../../../protocol/xmpp/tokenizer.ts';
import { XML_LIMITS } from '../../../protocol/xmpp/xml-limits.ts';
import { type Endpoint, type Identity, plainAddress } from '../../../transport/flow.ts';
import type { OpenedHandshake, Subprotocol } from '../../../transport/handshake.ts';
import { type Beating, Heartbeat } from '../../../transport/heartbeat.ts';
import type { TransportLimits } from '../../../transport/limits.ts';
import { FIN_TEXT, PING, payloadStart, writeFrameHead } from '../../../transport/websocket-frame.ts';
import type { ConnectionHandler, StreamHeader, XmppConnection } from './connection.ts';
import { alone, FRAMED_CLOSE, framedOpen, readHeader } from './framing.ts';
import type { XmppLimits } from './limits.ts';
import { Reception } from './reception.ts';

const CONNECTION = Symbol('xmpp.connection');

interface XmppSocket extends WebSocket {
  [CONNECTION]?: WebSocketConnection;
}

export interface ConnectionsOptions {
  limits: Pick<XmppLimits, 'stanzaBytes' | 'stanzaBytesBeforeLogin' | 'idleInterval'>;
  transport: TransportLimits;
  /** Who is told of a new connection's stream. */
  accept(connection: XmppConnection): ConnectionHandler;
  /** A handler threw. */
  fault(error: unknown): void;
}

export class XmppWebSockets implements Subprotocol {
  readonly messageBytes: number;
  readonly options: ConnectionsOptions;
  readonly heartbeat: Heartbeat;
  readonly fullLimits;
  readonly firstLimits;

  constructor(options: ConnectionsOptions) {
    this.options = options;
    this.messageBytes = options.limits.stanzaBytes;
    this.fullLimits = { ...XML_LIMITS, length: options.limits.stanzaBytes };
    this.firstLimits = { ...XML_LIMITS, length: options.limits.stanzaBytesBeforeLogin };
    this.heartbeat = new Heartbeat(options.transport.pingInterval);
  }

  accept(socket: XmppSocket, opened: OpenedHandshake): void {
    socket[CONNECTION] = new WebSocketConnection(this, socket, opened.request.socket, opened.identity);
    socket.on('message', onMessage);
    socket.on('ping', onPing);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  *connections(): Generator<XmppConnection> {
    for (const connection of this.heartbeat.members()) yield connection as WebSocketConnection;
  }
}

class WebSocketConnection implements XmppConnection, Beating {
  readonly transport: 'ws' | 'wss';
  readonly remote: Endpoint;
  readonly identity: Identity | undefined;
  readonly #owner: XmppWebSockets;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #reception: Reception;
  readonly #slot: number;
  #open = true;
  #trusted = false;
  /** We have sent `<open/>`. */
  #streaming = false;
  /** A ping is out and nothing has come since. */
  #awaiting = false;

  constructor(owner: XmppWebSockets, webSocket: WebSocket, socket: Socket, identity: Identity | undefined) {
    this.#owner = owner;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.transport = 'encrypted' in socket && socket.encrypted === true ? 'wss' : 'ws';
    this.remote = { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.identity = identity;
    this.#slot = owner.heartbeat.add(this);
    const { accept, fault } = owner.options;
    this.#reception = new Reception(this, NOBODY, fault);
    this.#reception.handler = accept(this);
  }

  get open(): boolean {
    return this.#open;
  }

  get handler(): ConnectionHandler {
    return this.#reception.handler;
  }

  set handler(handler: ConnectionHandler) {
    this.#reception.handler = handler;
  }

  openStream(header: StreamHeader): void {
    this.#streaming = true;
    this.#write(framedOpen(header));
  }

  send(element: Element): boolean {
    return this.#write(alone(element));
  }

  restart(): void {}

  trust(): void {
    this.#trusted = true;
  }

  close(error?: StreamError): void {
    if (!this.#open) return;
    if (error !== undefined) {
      if (!this.#streaming) this.openStream({ version: '1.0' }); // RFC 6120 section 4.9.1.2
      this.#write(alone(error.toElement()));
    }
    this.#write(FRAMED_CLOSE);
    this.#cut(1000, '', error === undefined ? 'closed by us' : `${error.condition}: ${error.message}`);
  }

  pause(): void {
    this.#reception.pause();
    this.#webSocket.pause();
  }

  resume(): void {
    if (this.#reception.resume()) this.#webSocket.resume();
  }

  /** One whole message. */
  receive(data: Buffer, binary: boolean): void {
    this.#awaiting = false;
    if (!this.#open) return; // our close is on its way: the peer may not know yet
    let element: Element;
    try {
      if (binary) throw new StreamError('bad-format', 'XMPP is text.');
      const { firstLimits, fullLimits } = this.#owner;
      element = parseElement(data.toString('utf8'), this.#trusted ? fullLimits : firstLimits);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#reception.tell({ error });
      return;
    }
    if (element.namespace !== NS.FRAMING) this.#reception.tell({ element });
    else if (element.name === 'open') this.#reception.tell({ header: readHeader(element) });
    else if (element.name === 'close') this.#reception.tell('ended');
    else this.#reception.tell({ error: new StreamError('bad-format', 'Neither open nor close.') });
  }

  heard(): void {
    this.#awaiting = false;
  }

  /** RFC 6455 section 5.5.2; a peer that pings without reading is cut like any slow reader. */
  answerPing(data: Buffer): void {
    this.#awaiting = false;
    if (!this.#open) return;
    if (this.#socket.writableLength > this.#owner.options.transport.queuedBytes) this.#slow();
    else this.#webSocket.pong(data);
  }

  /** The heartbeat: a peer that has not answered the last ping is gone. */
  beat(): void {
    if (this.#reception.paused) return; // it may have answered: we do not read
    if (this.#awaiting) {
      this.#forget('no answer to a ping');
      this.#webSocket.terminate();
      return;
    }
    this.#awaiting = true;
    if (this.#open) this.#socket.write(PING);
  }

  /** The connection is over, or has broken the WebSocket protocol and ws is closing it. */
  gone(reason: string): void {
    this.#forget(reason);
  }

  #write(text: string): boolean {
    if (!this.#open) return false;
    const frame = textFrame(text);
    const socket = this.#socket;
    if (socket.writableLength + frame.length > this.#owner.options.transport.queuedBytes) {
      this.#slow();
      return false;
    }
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(uncork, socket);
    }
    socket.write(frame);
    return true;
  }

  #slow(): void {
    this.#cut(1008, 'You do not read what is sent to you.', 'slow reader');
  }

  /** Starts the closing handshake; ws destroys the socket when the peer has not finished it within the grace. */
  #cut(code: number, reason: string, why: string): void {
    this.#forget(why);
    this.#webSocket.resume();
    this.#webSocket.close(code, reason);
  }

  #forget(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.heartbeat.remove(this, this.#slot);
    this.#reception.over(reason);
  }
}

const NOBODY: ConnectionHandler = { opened() {}, received() {}, failed() {}, ended() {}, gone() {}, idle() {} };

function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const start = payloadStart(length);
  const frame = Buffer.allocUnsafe(start + length);
  frame.write(text, start, 'utf8');
  writeFrameHead(frame, FIN_TEXT, length);
  return frame;
}

function uncork(socket: Socket): void {
  socket.uncork();
}

// Listeners are shared functions and the connection is a property of the socket: an idle socket holds no closures.

function onMessage(this: XmppSocket, data: RawData, binary: boolean): void {
  this[CONNECTION]?.receive(data as Buffer, binary);
}

function onPing(this: XmppSocket, data: Buffer): void {
  this[CONNECTION]?.answerPing(data);
}

function onPong(this: XmppSocket): void {
  this[CONNECTION]?.heard();
}

function onError(this: XmppSocket, error: Error & { code?: string }): void {
  this[CONNECTION]?.gone(`${error.code ?? 'error'}: ${error.message}`);
}

function onClose(this: XmppSocket, code: number): void {
  this[CONNECTION]?.gone(`closed by the peer: ${code}`);
}
