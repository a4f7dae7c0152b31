/** What a stranger may make the parser hold. Sizes are octets. */
export interface FrameLimits {
  /** Start line and headers of one frame. */
  headBytes: number;
  /** URIs in a path: relays on the way and the endpoint. */
  pathHops: number;
  /** Header fields of one frame, paths included. */
  fields: number;
}

export const frameLimits: Readonly<FrameLimits> = { headBytes: 8192, pathHops: 8, fields: 32 };

/** Bounds of the relay. Sizes are octets, times seconds unless they say otherwise. */
export interface RelayLimits extends FrameLimits {
  /** One frame towards a peer. Kamailio's relay accepts 10,000 and no more. */
  chunkBytes: number;
  /** One message: beyond it 413. */
  messageBytes: number;
  /**
   * What one connection may have waiting for slower ones; beyond it, it is not read, and neither are its answers to others. Whoever
   * keeps to a window (ours is 48 chunks) stops before that, since its chunks are answered when they have gone on.
   */
  queuedBytes: number;
  /** Chunks sent to a peer that it has not answered; beyond it the others wait. */
  unanswered: number;
  /** Uses of the relay (Use-Path URIs) of one connection, of one account, and of all. */
  usesPerConnection: number;
  usesPerAccount: number;
  uses: number;
  /** Addresses of its own that a peer without a use may have on one connection. */
  peerAddresses: number;
  /** Least, usual and longest time a use is granted for. */
  expiresLeast: number;
  expires: number;
  expiresMost: number;
  /** Milliseconds for the answer to a chunk (RFC 4975 section 7.1: 30 s). */
  transactionTimeout: number;
  /** Milliseconds for which a reader may take nothing of what waits for it. */
  stallTimeout: number;
  /** Milliseconds a connection may stay without a use of the relay and without traffic for one. */
  idleTimeout: number;
  /** Messages and AUTHs of a connection that were refused, with nothing passed on between; then it is closed. */
  refusals: number;
}

export const relayLimits: Readonly<RelayLimits> = {
  ...frameLimits,
  chunkBytes: 10_000,
  messageBytes: 4 * 1024 ** 3,
  queuedBytes: 512 * 1024,
  unanswered: 256,
  usesPerConnection: 32,
  usesPerAccount: 256,
  uses: 100_000,
  peerAddresses: 32,
  expiresLeast: 60,
  expires: 900,
  expiresMost: 3600,
  transactionTimeout: 30_000,
  stallTimeout: 30_000,
  idleTimeout: 60_000,
  refusals: 32,
};
