import { decodeUtf8, encodeUtf8 } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Output } from '../../protocol/machine.ts';
import { type Frame, randomName, serializeFrame } from '../../protocol/msrp/frame.ts';
import { FrameReader } from '../../protocol/msrp/frame-reader.ts';
import type { Head } from '../../protocol/msrp/head.ts';
import { RelayClient, type RelayClientEvent } from '../../protocol/msrp/relay-client.ts';
import { responseFrame } from '../../protocol/msrp/response.ts';
import { ClientError } from '../errors.ts';
import { primitives } from '../primitives.ts';
import type { SessionPort } from '../session-port.ts';
import type { WebSocketLike } from '../web-socket-transport.ts';
import { messageDescription } from './description.ts';
import { MsrpEndpoint } from './endpoint.ts';
import type { EndpointHandlers, MsrpLink } from './link.ts';

const OPEN_DEADLINE = 15_000;
/** A connection without a session is closed after this. */
const IDLE = 20_000;

/**
 * Our WebSocket to the relay (RFC 7977), shared by all sessions: made when one needs it, closed when none does. The
 * handshake carries the credential, so AUTH needs none.
 */
export class RelayConnections {
  readonly #port: SessionPort;
  #current: RelayConnection | undefined;

  constructor(port: SessionPort) {
    this.#port = port;
  }

  async link(): Promise<MsrpLink> {
    if (this.#current === undefined || this.#current.over) this.#current = new RelayConnection(this.#port);
    const connection = this.#current;
    connection.keep();
    await connection.ready;
    return new RelayLink(connection, this.#port);
  }

  close(): void {
    this.#current?.close();
  }
}

class RelayConnection {
  readonly ready: Promise<void>;
  over = false;
  /** The Use-Path. */
  usePath: string[] = [];
  readonly endpoints = new Map<string, MsrpEndpoint>();
  readonly #port: SessionPort;
  /** RFC 7977 section 5.1: nobody can connect to us, so the host is a name that cannot be. */
  readonly #host = `${randomName(primitives, 16)}.invalid`;
  #client: RelayClient | undefined;
  #socket: WebSocketLike | undefined;
  #settle: { resolve: () => void; reject: (error: ClientError) => void } | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelIdle: (() => void) | undefined;
  #target: MsrpEndpoint | 'auth' | undefined;
  #head: Head | undefined;

  constructor(port: SessionPort) {
    this.#port = port;
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.ready.catch(() => {}); // whoever waits for it hears of it
    void this.#open();
  }

  ownUri(session: string): string {
    return `msrp://${this.#host}:2855/${session};ws`;
  }

  send(octets: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === 1) this.#socket.send(octets);
  }

  /** A session is coming. */
  keep(): void {
    this.#cancelIdle?.();
  }

  attach(uri: string, endpoint: MsrpEndpoint): void {
    this.keep();
    this.endpoints.set(uri, endpoint);
  }

  detach(uri: string): void {
    this.endpoints.delete(uri);
    if (this.endpoints.size > 0 || this.over) return;
    this.#cancelIdle?.();
    this.#cancelIdle = this.#port.clock.after(IDLE, () => this.close());
  }

  close(): void {
    this.#lost('closed');
  }

  async #open(): Promise<void> {
    try {
      const url = await this.#port.webSocketUrl();
      const socket = new this.#port.WebSocket(url, 'msrp');
      this.#socket = socket;
      socket.binaryType = 'arraybuffer';
      const cancel = this.#port.clock.after(OPEN_DEADLINE, () => this.#lost('the handshake took too long'));
      const reader = new FrameReader({
        head: (head) => this.#receive(head),
        body: (octets) => {
          if (this.#target instanceof MsrpEndpoint) this.#target.body(octets);
        },
        end: (flag) => {
          if (this.#target instanceof MsrpEndpoint) this.#target.end(flag);
          else if (this.#head !== undefined) this.#ended(this.#head);
        },
      });
      socket.onopen = () => {
        cancel();
        this.#authenticate(url);
      };
      socket.onmessage = ({ data }) => {
        try {
          reader.push(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          this.#lost(error.message);
        }
      };
      socket.onclose = () => {
        cancel();
        this.#lost('the connection was lost');
      };
      socket.onerror = () => {};
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : 'no connection');
    }
  }

  #authenticate(url: string): void {
    const { protocol, host, hostname } = new URL(url);
    const at = /:\d+$/.test(host) ? host : `${hostname}:${protocol === 'wss:' ? 443 : 80}`;
    this.#client = new RelayClient({
      primitives,
      relay: `msrp${protocol === 'wss:' ? 's' : ''}://${at};ws`,
      own: this.ownUri('auth'),
      authorize: () => undefined,
    });
    this.#run(this.#client.start());
  }

  #run(outputs: Output<Frame, string, RelayClientEvent>[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.send(serializeFrame(output.message));
      else if (output.type === 'event') {
        const { event } = output;
        if (event.type === 'granted') {
          this.usePath = event.path;
          this.#settle?.resolve();
        } else this.#lost(`the relay refused: ${event.status}`, event.status);
      } else {
        this.#cancelTimer?.();
        if (output.type === 'setTimer')
          this.#cancelTimer = this.#port.clock.after(output.delay, () => this.#run(this.#client?.timer() ?? []));
      }
    }
  }

  #receive(head: Head): void {
    this.#head = head;
    const [to = ''] = head.toPath;
    this.#target = this.endpoints.get(to) ?? (to === this.ownUri('auth') ? 'auth' : undefined);
    if (this.#target instanceof MsrpEndpoint) this.#target.head(head);
  }

  /** A frame for nobody, or the answer to AUTH. */
  #ended(head: Head): void {
    if (this.#target === 'auth') this.#run(this.#client?.receive(head) ?? []);
    else if (head.method === 'SEND' && head.failureReport !== 'no') this.send(serializeFrame(responseFrame(head, 481)));
  }

  #lost(reason: string, status?: number): void {
    if (this.over) return;
    this.over = true;
    this.#cancelTimer?.();
    this.#cancelIdle?.();
    this.#settle?.reject(new ClientError('NOT_CONNECTED', `MSRP relay: ${reason}`, status));
    if (this.#socket !== undefined) {
      this.#socket.onclose = null;
      this.#socket.onmessage = null;
      this.#socket.close();
    }
    for (const endpoint of [...this.endpoints.values()]) endpoint.lost();
    this.endpoints.clear();
  }
}

class RelayLink implements MsrpLink {
  readonly #connection: RelayConnection;
  readonly #port: SessionPort;
  readonly #own: string;
  #endpoint: MsrpEndpoint | undefined;

  constructor(connection: RelayConnection, port: SessionPort) {
    this.#connection = connection;
    this.#port = port;
    this.#own = connection.ownUri(randomName(primitives, 20));
  }

  async describe(attributes: readonly string[], remote?: string): Promise<string> {
    return decodeUtf8(messageDescription(this.#path, attributes.map(encodeUtf8), remote && encodeUtf8(remote))) ?? '';
  }

  async answered(): Promise<void> {}

  async open(remotePath: readonly string[], handlers: EndpointHandlers): Promise<MsrpEndpoint> {
    if (this.#connection.over) throw new ClientError('NOT_CONNECTED', 'MSRP relay: the connection was lost');
    const connection = this.#connection;
    this.#endpoint = new MsrpEndpoint({
      ...handlers,
      primitives,
      clock: this.#port.clock,
      localPath: this.#path,
      remotePath,
      send: (octets) => connection.send(octets),
    });
    connection.attach(this.#own, this.#endpoint);
    return this.#endpoint;
  }

  close(): void {
    this.#endpoint?.close();
    this.#connection.detach(this.#own);
  }

  get #path(): string[] {
    return [...this.#connection.usePath, this.#own];
  }
}
