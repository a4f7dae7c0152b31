import type { ByteString } from '../protocol/byte-string.ts';
import type { ProtocolError } from '../protocol/errors.ts';

export type SipTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** A transport address. IPv6 without brackets; an IPv4-mapped address is given as IPv4. */
export interface Endpoint {
  address: string;
  port: number;
}

/** Who a credential proves the peer to be. */
export interface Identity {
  /** Canonical (PRECIS UsernameCaseMapped). */
  name: string;
  /** An account of that name exists here. */
  account: boolean;
  admin: boolean;
  /** Unix seconds, of an ephemeral credential. */
  expires?: number;
}

/**
 * The way to one peer (RFC 5626 section 1: a flow): a connection, or for UDP our socket and the peer's address.
 * All that the parts above know of a transport.
 */
export interface Flow {
  /** Unique in this process. */
  readonly id: string;
  readonly transport: SipTransport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** RFC 3261 section 17: no retransmissions over it. */
  readonly reliable: boolean;
  readonly open: boolean;
  /** WebSocket only: what the handshake carried. */
  readonly handshake?: { identity?: Identity };
  /** Sends one whole SIP message. False: the flow is dead, or its send queue is over the bound (it is then being closed). */
  send(text: ByteString): boolean;
  /** WebSocket: with that close code (default 1000) and reason; a stream just ends; a UDP flow is forgotten. */
  close(code?: number, reason?: string): void;
  /** A place for the edge's own state of this flow, so that no map lookup is needed for each message. */
  data: unknown;
}

/** What a transport tells the edge. Its methods are called synchronously. */
export interface FlowHandler {
  /** A connection is up (not called for UDP, whose flows come and go unseen). */
  onOpen?(flow: Flow): void;
  /** One whole SIP message, not yet parsed. */
  onMessage(flow: Flow, text: ByteString): void;
  /**
   * The peer broke the framing. The flow is still writable within this call, so that an answer can be sent (400, 413);
   * then the transport closes it if it cannot go on. `text`: what was received of the message, as far as known.
   */
  onError?(flow: Flow, error: ProtocolError, text?: ByteString): void;
  /** The connection is gone; `reason` is for a log. Once for each flow that was opened. */
  onClose(flow: Flow, reason: string): void;
  /** UDP: the system refused to send (no route, a port that is closed). The flow stays usable. */
  onSendFailed?(flow: Flow, reason: string): void;
  /** One of these methods threw: a fault of ours, for the log. A connection has been closed (WebSocket: 1011). */
  onFault?(flow: Flow, error: unknown): void;
}

let lastFlow = 0;

/** The next Flow.id of this process. */
export function nextFlowId(): string {
  lastFlow += 1;
  return lastFlow.toString(36);
}

/** `::ffff:192.0.2.1` is 192.0.2.1: a dual-stack socket must not give one peer two names. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * The `error` listener of a server that listens: accept() failed (no file descriptors left, say), which costs that
 * connection. Without a listener it would cost the process.
 */
export function acceptFailed(): void {}
