/** Every bound of the transports, with its default. Times are milliseconds, sizes octets. */
export interface TransportLimits {
  /** Connections the kernel queues for us (it cuts that to net.core.somaxconn). */
  backlog: number;
  /** One SIP message: beyond it a WebSocket closes with 1009, a stream is answered 413. */
  messageBytes: number;
  /** Queued for a reader that does not read: beyond it the flow is cut. */
  queuedBytes: number;
  /** Open connections, over all addresses and for one. */
  connections: number;
  connectionsPerAddress: number;
  /** Connections that have not yet said which protocol they speak, or not finished their handshake. */
  handshakes: number;
  handshakesPerAddress: number;
  /** Time for a new connection to show its protocol. */
  firstByteTimeout: number;
  /** Time for a whole TLS handshake, and for a whole HTTP header. */
  tlsHandshakeTimeout: number;
  headersTimeout: number;
  /** An HTTP request's header section. */
  headerBytes: number;
  /** An HTTP request with its body. */
  requestTimeout: number;
  /** Time for an outgoing connection to be up, TLS included. */
  connectTimeout: number;
  /** A WebSocket is pinged this often, and cut when the answer to one ping is not there at the next. */
  pingInterval: number;
  /** A stream that stays in the middle of a message for this long is cut. */
  messageTimeout: number;
  /** After our close: what the peer gets to close too before the socket is destroyed. */
  closeGrace: number;
  /** UDP peers remembered. */
  udpFlows: number;
}

/**
 * The defaults. A storm of 5,000 clients of one address (a company behind a NAT) that all reconnect while the server
 * still holds their old connections is normal life and passes them.
 */
export const transportLimits: Readonly<TransportLimits> = {
  backlog: 4096,
  messageBytes: 64 * 1024,
  queuedBytes: 1024 * 1024,
  connections: 100_000,
  connectionsPerAddress: 20_000,
  handshakes: 20_000,
  handshakesPerAddress: 10_000,
  firstByteTimeout: 10_000,
  tlsHandshakeTimeout: 15_000,
  headersTimeout: 10_000,
  headerBytes: 16 * 1024,
  requestTimeout: 300_000,
  connectTimeout: 8_000,
  pingInterval: 25_000,
  messageTimeout: 30_000,
  closeGrace: 2_000,
  udpFlows: 65_536,
};
