// XMPP over TCP and TLS (RFC 6120 sections 3 to 5).
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import { type StreamToken, StreamTokenizer } from '../../../protocol/xmpp/tokenizer.ts';
import { XML_LIMITS } from '../../../protocol/xmpp/xml-limits.ts';
import { type Endpoint, plainAddress } from '../../../transport/flow.ts';
import type { Beating, Heartbeat } from '../../../transport/heartbeat.ts';
import { channelBinding } from './channel-binding.ts';
import type { ChannelBinding, ConnectionHandler, StreamHeader, XmppConnection } from './connection.ts';
import { inStream, readHeader, STREAM_END, streamStart } from './framing.ts';
import { Reception } from './reception.ts';
import { Utf8Stream } from './utf8-stream.ts';
import type { ConnectionsOptions } from './websocket-connection.ts';

const CONNECTION = Symbol('xmpp.connection');

export interface XmppSocket extends Socket {
  [CONNECTION]?: TcpConnection | undefined;
}

/** What the connections of one listener share. */
export interface TcpConnections {
  readonly options: ConnectionsOptions;
  readonly heartbeat: Heartbeat;
  /** Begins TLS on it and then calls `secured`; undefined: there is no certificate. */
  readonly beginTls: ((socket: Socket) => void) | undefined;
}

export class TcpConnection implements XmppConnection, Beating {
  readonly remote: Endpoint;
  readonly identity = undefined;
  readonly #owner: TcpConnections;
  readonly #reception: Reception;
  readonly #slot: number;
  readonly #limits;
  #socket: XmppSocket;
  #transport: 'tcp' | 'tls';
  #tokenizer: StreamTokenizer;
  #utf8 = new Utf8Stream();
  #open = true;
  /** We have sent our header. */
  #streaming = false;
  /** In the middle of becoming TLS: what comes is not for us. */
  #securing = false;
  /** Tokens that were read with the one that paused us, or restarted the stream, count for what comes after it. */
  #silent = 0;

  constructor(owner: TcpConnections, socket: XmppSocket, secure: boolean) {
    this.#owner = owner;
    this.#socket = socket;
    this.#transport = secure ? 'tls' : 'tcp';
    this.remote = { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    const { limits, accept, fault, transport } = owner.options;
    this.#limits = { ...XML_LIMITS, length: limits.stanzaBytesBeforeLogin };
    this.#tokenizer = new StreamTokenizer(this.#limits);
    this.#slot = owner.heartbeat.add(this);
    this.#reception = new Reception(this, NOBODY, fault);
    this.#reception.handler = accept(this);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, transport.pingInterval);
    this.#listen(socket);
  }

  get transport(): 'tcp' | 'tls' {
    return this.#transport;
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
    this.#write(streamStart(header));
  }

  send(element: Element): boolean {
    return this.#write(inStream(element));
  }

  restart(): void {
    this.#tokenizer = new StreamTokenizer(this.#limits);
  }

  trust(): void {
    this.#limits.length = this.#owner.options.limits.stanzaBytes;
  }

  close(error?: StreamError): void {
    if (!this.#open) return;
    if (!this.#streaming) this.openStream({ version: '1.0' }); // RFC 6120 section 4.9.1.2
    if (error !== undefined) this.#write(inStream(error.toElement()));
    this.#write(STREAM_END);
    this.#forget(error === undefined ? 'closed by us' : `${error.condition}: ${error.message}`);
    this.#socket.end();
    this.#socket.resume(); // what the peer still says is read and dropped, or its FIN would never come
    setTimeout(destroy, this.#owner.options.transport.closeGrace, this.#socket).unref();
  }

  pause(): void {
    this.#reception.pause();
    this.#socket.pause();
  }

  resume(): void {
    if (this.#reception.resume()) this.#socket.resume();
  }

  get startTls(): (() => void) | undefined {
    const { beginTls } = this.#owner;
    if (beginTls === undefined || this.#transport === 'tls') return undefined;
    return () => {
      const socket = this.#socket;
      this.#securing = true;
      socket.off('data', onData);
      socket.pause();
      beginTls(socket);
    };
  }

  /** The handshake is done: the stream begins anew inside (RFC 6120 section 5.4.3.3). */
  secured(socket: TLSSocket): void {
    if (!this.#open) return;
    this.#socket[CONNECTION] = undefined;
    this.#socket = socket;
    this.#transport = 'tls';
    this.#securing = false;
    this.#utf8 = new Utf8Stream();
    this.restart();
    this.#listen(socket);
  }

  channelBinding(type: ChannelBinding): string | undefined {
    return this.#transport === 'tls' ? channelBinding(this.#socket as TLSSocket, type) : undefined;
  }

  receive(chunk: Buffer): void {
    this.#silent = 0;
    if (!this.#open) return;
    let tokens: StreamToken[];
    const tokenizer = this.#tokenizer;
    try {
      tokens = tokenizer.push(this.#utf8.push(chunk));
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#reception.tell({ error });
      return;
    }
    for (const token of tokens) {
      // CVE-2011-0411 and kin: what was sent in the clear behind <starttls/> is not taken for what came inside TLS.
      if (this.#securing || this.#tokenizer !== tokenizer) {
        this.close(new StreamError('policy-violation', 'Wait for the answer.'));
        return;
      }
      if ('element' in token || 'error' in token) this.#reception.tell(token);
      else if ('open' in token) this.#reception.tell(header(token.open));
      else this.#reception.tell('ended');
    }
  }

  /** The heartbeat: who says nothing for two intervals, although asked, is gone. */
  beat(): void {
    if (!this.#open || this.#reception.paused) return;
    this.#silent += 1;
    if (this.#silent === 2) this.#reception.tell('idle');
    else if (this.#silent > 2) {
      this.#forget('silent');
      this.#socket.destroy();
    }
  }

  gone(reason: string): void {
    this.#forget(reason);
  }

  #write(text: string): boolean {
    if (!this.#open) return false;
    const socket = this.#socket;
    if (socket.writableLength + text.length > this.#owner.options.transport.queuedBytes) {
      this.#forget('slow reader');
      socket.destroy(); // what is queued cannot be read anyway
      return false;
    }
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(uncork, socket);
    }
    socket.write(text, 'utf8');
    return true;
  }

  #listen(socket: XmppSocket): void {
    socket[CONNECTION] = this;
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  #forget(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.heartbeat.remove(this, this.#slot);
    this.#reception.over(reason);
  }
}

/** RFC 6120 section 4.8.1. */
function header(element: Element): { header: StreamHeader } | { error: StreamError } {
  return element.is('stream', NS.STREAMS)
    ? { header: readHeader(element) }
    : { error: new StreamError('invalid-namespace') };
}

const NOBODY: ConnectionHandler = { opened() {}, received() {}, failed() {}, ended() {}, gone() {}, idle() {} };

/** The connection that a socket carries. */
export function connectionOf(socket: XmppSocket): TcpConnection | undefined {
  return socket[CONNECTION];
}

function onData(this: XmppSocket, chunk: Buffer): void {
  this[CONNECTION]?.receive(chunk);
}

function onEnd(this: XmppSocket): void {
  this[CONNECTION]?.gone('closed by the peer');
  this.end();
}

function onError(this: XmppSocket, error: Error): void {
  this[CONNECTION]?.gone(error.message);
}

function onClose(this: XmppSocket): void {
  this[CONNECTION]?.gone('closed');
}

function uncork(socket: Socket): void {
  socket.uncork();
}

function destroy(socket: Socket): void {
  socket.destroy();
}
