import type { Element } from '../../../protocol/xmpp/element.ts';
import type { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { Endpoint, Identity } from '../../../transport/flow.ts';

/** What a stream's opening says (RFC 6120 section 4.7), however the transport writes it. */
export interface StreamHeader {
  to?: string | undefined;
  from?: string | undefined;
  id?: string | undefined;
  version?: string | undefined;
  lang?: string | undefined;
}

export type XmppTransport = 'tcp' | 'tls' | 'ws' | 'wss' | 'bosh' | 'boshs';

/** RFC 9266, RFC 5929: what ties an authentication to its TLS connection. Octets as a byte string. */
export type ChannelBinding = 'tls-exporter' | 'tls-server-end-point' | 'tls-unique';

/**
 * One client's way to us, whatever carries it: TCP and TLS (RFC 6120), WebSocket (RFC 7395), BOSH (XEP-0124, XEP-0206).
 * It frames and keeps itself alive; what is said over it is its handler's matter.
 */
export interface XmppConnection {
  /** Changes when TCP becomes TLS. */
  readonly transport: XmppTransport;
  readonly remote: Endpoint;
  /** What was proved before the stream began (at the WebSocket's handshake); undefined: nothing. */
  readonly identity: Identity | undefined;
  readonly open: boolean;
  /** Who is told of what comes; the negotiation hands it on to the session. */
  handler: ConnectionHandler;
  /** Our stream header. After `restart` the peer opens anew, and so do we. */
  openStream(header: StreamHeader): void;
  /** Writes one top-level element. False: the connection is gone, or is being cut because its peer does not read. */
  send(element: Element): boolean;
  /** RFC 6120 section 4.3.3: what comes next is a new stream header. */
  restart(): void;
  /** Ends the stream, with that error where given, and the connection after it. The handler still hears `gone`. */
  close(error?: StreamError): void;
  /** Nothing is given to the handler until `resume`: what has come waits, and the peer is no longer read. */
  pause(): void;
  resume(): void;
  /** RFC 6120 section 5: present where STARTTLS can be offered; called once `<proceed/>` is written. */
  startTls?: (() => void) | undefined;
  /** Its peer has proved who it is: stanzas may now be as large as they may. */
  trust(): void;
  /** Undefined: this connection has no such binding. */
  channelBinding?(type: ChannelBinding): string | undefined;
}

/** What a connection tells. Called synchronously, one after the other, never inside a call to the connection. */
export interface ConnectionHandler {
  /** The peer's stream header. */
  opened(header: StreamHeader): void;
  /** One whole top-level element. */
  received(element: Element): void;
  /** The peer broke the framing or the XML. The connection can still be written: it is to be closed with that error. */
  failed(error: StreamError): void;
  /** The peer has ended its stream. */
  ended(): void;
  /** The connection is over; `reason` is for a log, `unsent` what certainly has not left, where the transport knows. Once. */
  gone(reason: string, unsent?: readonly Element[]): void;
  /** Nothing has come for a while: something that asks for an answer is to be sent. (Where the transport has no ping.) */
  idle(): void;
}
