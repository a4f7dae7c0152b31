import type { Relay } from './relay.ts';

/** A channel: a number for one peer address and port (RFC 8656 section 12). */
export interface Channel {
  readonly number: number;
  readonly permission: Permission;
  readonly port: number;
  expires: number;
}

/**
 * A permission: peers of one IP address may send through the allocation, and be sent to (RFC 8656 section 9). It outlives
 * its time, inactive, while a channel is bound to it: a channel lives for ten minutes and its permission for five.
 */
export interface Permission {
  /** As literal text, and as octets. */
  readonly address: string;
  readonly octets: Uint8Array;
  /** Through which relayed address. */
  readonly relay: Relay;
  /**
   * The relayed addresses of this server that have this IP address, by port: packets for those are handed over without
   * sockets between them.
   */
  readonly relays: ReadonlyMap<number, Relay> | undefined;
  /** The address is this host's own: nothing but those, and its media, may be reached. */
  readonly own: boolean;
  active: boolean;
  expires: number;
  /** Channels bound, by the peer's port. */
  readonly channels: Map<number, Channel>;
}
