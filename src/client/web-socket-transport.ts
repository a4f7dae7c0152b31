import { type ByteString, decodeUtf8 } from '../protocol/byte-string.ts';
import { BackOff } from './back-off.ts';
import { type Clock, nativeClock } from './clock.ts';
import { Emitter } from './emitter.ts';
import { ClientError } from './errors.ts';
import { toByteString, toBytes } from './primitives.ts';

/** The part of the platform's WebSocket that is used: the browser's, Node's own, or `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols: string | string[]) => WebSocketLike;

/** Where the transport hears of the network: `window` in a browser. */
export interface NetworkEvents {
  addEventListener(name: 'online' | 'offline', listener: () => void): void;
  removeEventListener(name: 'online' | 'offline', listener: () => void): void;
}

export interface WebSocketTransportOptions {
  /** The URL of the next attempt; asked each time, since the credential in it expires. A ClientError of the code CREDENTIALS_REFUSED ends the attempts. */
  url: () => Promise<string>;
  WebSocket: WebSocketConstructor;
  clock?: Clock;
  backOff?: BackOff;
  network?: NetworkEvents | undefined;
}

export interface WebSocketTransportEvents {
  open: undefined;
  message: ByteString;
  /** The connection was lost, or an attempt failed; `retryIn` milliseconds until the next one, if there will be one. */
  close: {
    code: number;
    reason: string;
    retryIn: number | undefined;
    /** It had been open: false after a refused handshake, among others; a browser does not tell why it failed. */
    opened: boolean;
  };
  /** No further attempt will be made: the credential was refused. */
  refused: ClientError;
  /** The device changed networks: addresses that media used may be gone though the socket holds. */
  network: undefined;
}

const KEEP_ALIVE = '\r\n\r\n'; // RFC 5626 section 4.4.1: the double CRLF "ping" and the single CRLF "pong"
const KEEP_ALIVE_INTERVAL = 25_000;
const PONG_DEADLINE = 10_000;
const PROBE_DEADLINE = 3_000;
const OPEN_DEADLINE = 15_000;
/** A flow has to hold this long before the delays start from the bottom again: a server that accepts and drops is not hammered. */
const STABLE_AFTER = 5_000;
/** Bytes queued in the socket before it counts as dead. */
const QUEUE_BOUND = 4 * 1024 * 1024;

/**
 * The SIP WebSocket subprotocol's client side (RFC 7118), kept up: it reconnects with a jittered back-off, finds out
 * dead connections by keep-alive, and knocks at once when the network returns.
 */
export class WebSocketTransport extends Emitter<WebSocketTransportEvents> {
  readonly #options: WebSocketTransportOptions;
  readonly #clock: Clock;
  readonly #backOff: BackOff;
  #socket: WebSocketLike | undefined;
  #wanted = false;
  #attempting = false;
  #answersPings = false;
  #opened = false;
  #cancelRetry: (() => void) | undefined;
  #cancelKeepAlive: (() => void) | undefined;
  #cancelDeadline: (() => void) | undefined;
  #cancelStable: (() => void) | undefined;

  constructor(options: WebSocketTransportOptions) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? nativeClock;
    this.#backOff = options.backOff ?? new BackOff();
  }

  get connected(): boolean {
    return this.#socket !== undefined && this.#socket.readyState === 1;
  }

  /** Starts, and from then on keeps the connection up until `close`. */
  connect(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#options.network?.addEventListener('online', this.#online);
    this.#options.network?.addEventListener('offline', this.#offline);
    void this.#attempt();
  }

  /** False when the message cannot go out now: not connected, or the queue is over its bound and the socket given up. */
  send(text: ByteString): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== 1) return false;
    if (socket.bufferedAmount > QUEUE_BOUND) {
      this.#lost(1006, 'the send queue is full');
      return false;
    }
    const decoded = decodeUtf8(text);
    socket.send(decoded ?? toBytes(text));
    return true;
  }

  close(code = 1000, reason = ''): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#options.network?.removeEventListener('online', this.#online);
    this.#options.network?.removeEventListener('offline', this.#offline);
    this.#cancelRetry?.();
    const socket = this.#detach();
    socket?.close(code, reason);
    if (socket) this.emit('close', { code, reason, retryIn: undefined, opened: true });
  }

  /** Drops the connection and makes a new one now, with a new URL. */
  reconnect(): void {
    if (!this.#wanted) return;
    this.#cancelRetry?.();
    this.#detach()?.close(1000, 'reconnecting');
    void this.#attempt();
  }

  /** Asks whether the connection still lives, and gives it up unless an answer comes soon. */
  probe(): void {
    if (this.connected) this.#ping(PROBE_DEADLINE);
  }

  async #attempt(): Promise<void> {
    if (this.#attempting || this.#socket) return;
    this.#attempting = true;
    let url: string;
    try {
      url = await this.#options.url();
    } catch (error) {
      this.#attempting = false;
      if (!this.#wanted) return;
      if (error instanceof ClientError && error.code === 'CREDENTIALS_REFUSED') {
        this.close();
        this.emit('refused', error);
      } else this.#retry(1006, error instanceof Error ? error.message : 'no credential');
      return;
    }
    this.#attempting = false;
    if (this.#wanted && !this.#socket) this.#open(url);
  }

  #open(url: string): void {
    let socket: WebSocketLike;
    try {
      socket = new this.#options.WebSocket(url, 'sip');
    } catch (error) {
      this.#retry(1006, error instanceof Error ? error.message : 'no socket');
      return;
    }
    this.#socket = socket;
    this.#answersPings = false;
    this.#opened = false;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      this.#opened = true;
      this.#cancelDeadline?.();
      this.#cancelStable = this.#clock.after(STABLE_AFTER, () => this.#backOff.reset());
      this.#scheduleKeepAlive();
      this.emit('open', undefined);
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    };
    socket.onerror = () => {}; // a close event follows and says as much
    this.#cancelDeadline = this.#clock.after(OPEN_DEADLINE, () => this.#lost(1006, 'the handshake took too long'));
  }

  #receive(data: unknown): void {
    this.#cancelDeadline?.();
    this.#scheduleKeepAlive();
    const text =
      typeof data === 'string'
        ? fromUtf16(data)
        : data instanceof ArrayBuffer
          ? toByteString(new Uint8Array(data))
          : undefined;
    if (text === undefined) return;
    if (text === '\r\n') this.#answersPings = true;
    else if (text === KEEP_ALIVE) this.send('\r\n');
    else this.emit('message', text);
  }

  #scheduleKeepAlive(): void {
    this.#cancelKeepAlive?.();
    this.#cancelKeepAlive = this.#clock.after(KEEP_ALIVE_INTERVAL, () => this.#ping(PONG_DEADLINE));
  }

  #ping(deadline: number): void {
    this.#cancelKeepAlive?.();
    this.#cancelDeadline?.();
    if (!this.send(KEEP_ALIVE)) return;
    // COMPAT: not every server answers CRLF over WebSocket; only one that has answered before is held to it.
    if (this.#answersPings)
      this.#cancelDeadline = this.#clock.after(deadline, () => this.#lost(1006, 'no answer to keep-alive'));
    else this.#scheduleKeepAlive();
  }

  #lost(code: number, reason: string): void {
    const socket = this.#detach();
    if (socket && socket.readyState <= 1) socket.close();
    if (this.#wanted) this.#retry(code, reason, this.#opened);
  }

  #retry(code: number, reason: string, opened = false): void {
    const retryIn = this.#backOff.next();
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.after(retryIn, () => void this.#attempt());
    this.emit('close', { code, reason, retryIn, opened });
  }

  /** Takes the socket out of use: nothing it still says is heard. */
  #detach(): WebSocketLike | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#cancelKeepAlive?.();
    this.#cancelDeadline?.();
    this.#cancelStable?.();
    return socket;
  }

  readonly #online = (): void => {
    this.emit('network', undefined);
    if (this.connected) this.probe();
    else {
      this.#cancelRetry?.();
      this.#backOff.reset();
      void this.#attempt();
    }
  };

  readonly #offline = (): void => this.probe();
}

const ENCODER = new TextEncoder();

function fromUtf16(text: string): ByteString {
  return /^[\x00-\x7f]*$/.test(text) ? text : toByteString(ENCODER.encode(text));
}
