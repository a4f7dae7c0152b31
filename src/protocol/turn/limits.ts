/** Every bound of the TURN server, with its default. */
export interface TurnLimits {
  /** Allocations, over all, of one account, and of one client address. */
  allocations: number;
  allocationsPerAccount: number;
  allocationsPerAddress: number;
  /** Peers that one allocation has permissions for, and channels it has bound. */
  permissions: number;
  channels: number;
  /** Seconds an allocation is granted by default, and at most (RFC 8656 section 7.2). */
  defaultLifetime: number;
  maxLifetime: number;
  /** Milliseconds for which a nonce is good. */
  nonceLifetime: number;
  /** Octets a second that are relayed for one account, both directions together, after a burst of one second's worth. */
  bandwidth: number;
  /** Wrong passwords from one address in a minute before no more are looked at. */
  failures: number;
  /** Milliseconds after which a connection without an allocation is cut. */
  idle: number;
  /** Binding requests of one address that are answered: how many at once, and how many a second come back. */
  bindingBurst: number;
  bindingRate: number;
  /** Octets queued for a client on a stream beyond which what its peers send is dropped. */
  queuedBytes: number;
}

export const turnLimits: Readonly<TurnLimits> = {
  allocations: 10_000,
  allocationsPerAccount: 200,
  allocationsPerAddress: 1_000,
  permissions: 100,
  channels: 100,
  defaultLifetime: 600,
  maxLifetime: 3_600,
  nonceLifetime: 600_000,
  bandwidth: 12_500_000,
  failures: 50,
  idle: 60_000,
  bindingBurst: 20_000,
  bindingRate: 1_000,
  queuedBytes: 256 * 1024,
};

/** RFC 8656 section 9: a permission lives for five minutes, and section 12 a channel for ten. Milliseconds. */
export const PERMISSION_LIFETIME = 300_000;
export const CHANNEL_LIFETIME = 600_000;
/** RFC 8656 section 7.2: a reserved port is kept for 30 seconds at least. Milliseconds. */
export const RESERVATION_LIFETIME = 30_000;
