// What an ICE-lite agent is made of, and what it tells.
import type { ByteString } from '../byte-string.ts';
import type { Output } from '../machine.ts';
import type { Primitives } from '../primitives.ts';
import type { IceCredentials } from './credentials.ts';

/** A candidate pair, as the driver knows it: one of its sockets, and where the peer is. */
export interface IcePath {
  /** The driver's name of its socket, or of the local candidate. */
  local: string;
  address: string;
  port: number;
}

export interface LiteOptions {
  primitives: Primitives;
  local: IceCredentials;
  /** The peer's fragment, once its description came; until then any is taken, since checks may come before the answer. */
  remoteUfrag?: ByteString;
  /**
   * Milliseconds without a check on a pair before it is not sent to any more. Default 30 s (RFC 7675 section 5.1). `Infinity`
   * for a peer that sends none after its nomination (RFC 5245 asks for indications only).
   */
  consent?: number;
  /** Pairs at most. Default 16. */
  pairs?: number;
}

export type IceEvent =
  /** The peer has proved that it is there: DTLS and SRTP may be taken from this path. */
  | { type: 'valid'; path: IcePath }
  /** What is sent goes this way from now on. */
  | { type: 'selected'; path: IcePath }
  /** Nothing may be taken from this path any more; sent to is only what is selected. */
  | { type: 'discarded'; path: IcePath }
  /** There is no path left that may be sent to, until the next `selected`. */
  | { type: 'consentLost' };

export type IceOutput = Output<{ octets: Uint8Array; path: IcePath }, 'consent', IceEvent>;
