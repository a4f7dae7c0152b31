import type { Socket } from 'node:net';
import type { ByteString } from '../protocol/byte-string.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { FramingError, MessageStream, type StreamFrame } from '../protocol/sip/stream.ts';
import { deliverCloseSoon, deliverError, deliverMessage, deliverOpen } from './deliver.ts';
import { type Endpoint, type Flow, type FlowHandler, nextFlowId, plainAddress } from './flow.ts';
import type { Beating, Heartbeat } from './heartbeat.ts';
import type { TransportLimits } from './limits.ts';

const FLOW = Symbol('stream.flow');

interface FlowSocket extends Socket {
  [FLOW]?: StreamFlow;
}

/** What the flows of one listener, or of one side's outgoing connections, share. */
export interface StreamFlows {
  readonly handler: FlowHandler;
  readonly limits: TransportLimits;
  readonly heartbeat: Heartbeat;
}

/** SIP over one TCP or TLS connection (RFC 3261 section 18.3), whoever opened it. */
export class StreamFlow implements Flow, Beating {
  readonly id = nextFlowId();
  readonly transport: 'tcp' | 'tls';
  readonly reliable = true;
  readonly remote: Endpoint;
  data: unknown = undefined;
  readonly #owner: StreamFlows;
  readonly #socket: FlowSocket;
  readonly #messages: MessageStream;
  readonly #slot: number;
  #open = true;
  /** The peer is in the middle of a message since that time (monotonic milliseconds); 0: it is not. */
  #unfinishedSince = 0;

  /** `remote` is given for a connection that is not up yet. */
  constructor(owner: StreamFlows, socket: FlowSocket, transport: 'tcp' | 'tls', remote?: Endpoint) {
    this.#owner = owner;
    this.#socket = socket;
    this.transport = transport;
    this.remote = remote ?? { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 };
    this.#messages = new MessageStream({
      maximum: owner.limits.messageBytes,
      role: remote === undefined ? 'server' : 'client', // RFC 5626 section 4.4.1: who connected is who pings
    });
    this.#slot = owner.heartbeat.add(this);
    socket[FLOW] = this;
    socket.setNoDelay(true);
    // Dead peers: the kernel probes an idle connection (Node: then each second, 10 times), so 35 s with the defaults.
    socket.setKeepAlive(true, owner.limits.pingInterval);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get local(): Endpoint {
    return { address: plainAddress(this.#socket.localAddress), port: this.#socket.localPort ?? 0 };
  }

  get open(): boolean {
    return this.#open;
  }

  opened(): void {
    if (this.#open) deliverOpen(this, this.#owner.handler);
  }

  /** While the connection is being made, messages wait in its queue. */
  send(text: ByteString): boolean {
    if (!this.#open) return false;
    if (this.#socket.writableLength + text.length > this.#owner.limits.queuedBytes) {
      this.gone('slow reader');
      this.#socket.destroy(); // what is queued cannot be read anyway
      return false;
    }
    this.#socket.write(text, 'latin1');
    return true;
  }

  close(_code?: number, reason = ''): void {
    if (this.#open) this.#end(`closed by us: ${reason}`);
  }

  receive(chunk: Buffer): void {
    if (!this.#open) return;
    let frames: StreamFrame[] = [];
    try {
      frames = this.#messages.push(chunk.toString('latin1'));
    } catch (error) {
      if (!(error instanceof FramingError)) throw error; // told as `failure` too
    }
    for (const frame of frames) {
      if (!this.#open) return;
      if ('message' in frame) deliverMessage(this, this.#owner.handler, frame.message);
      else if (frame.keepAlive === 'ping') this.send('\r\n');
    }
    const { failure } = this.#messages;
    if (failure !== undefined) {
      // Where the next message begins cannot be known any more: answer, then close (RFC 3261 section 18.3).
      deliverError(this, this.#owner.handler, failure, failure.text);
      this.close(undefined, failure.code);
      return;
    }
    if (this.#messages.pending === 0) this.#unfinishedSince = 0;
    else if (frames.length > 0 || this.#unfinishedSince === 0) this.#unfinishedSince = performance.now();
  }

  /** The heartbeat: cuts a peer that drips one message for ever. */
  beat(): void {
    const { messageTimeout } = this.#owner.limits;
    if (this.#unfinishedSince === 0 || performance.now() - this.#unfinishedSince < messageTimeout) return;
    const error = new ProtocolError('SIP_MESSAGE_TIMEOUT', 'The message was not finished in time.', { status: 408 });
    deliverError(this, this.#owner.handler, error);
    this.close(undefined, error.code);
  }

  gone(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.heartbeat.remove(this, this.#slot);
    deliverCloseSoon(this, this.#owner.handler, reason);
  }

  /** What is queued still goes out; a peer that does not close then is cut. */
  #end(reason: string): void {
    this.gone(reason);
    this.#socket.end();
    setTimeout(destroy, this.#owner.limits.closeGrace, this.#socket).unref();
  }
}

function onData(this: FlowSocket, chunk: Buffer): void {
  this[FLOW]?.receive(chunk);
}

function onEnd(this: FlowSocket): void {
  this[FLOW]?.gone('closed by the peer');
  this.end();
}

function onError(this: FlowSocket, error: Error): void {
  this[FLOW]?.gone(error.message);
}

function onClose(this: FlowSocket): void {
  this[FLOW]?.gone('closed');
}

function destroy(socket: Socket): void {
  socket.destroy();
}
