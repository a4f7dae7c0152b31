import type { ByteString } from '../byte-string.ts';
import { addressText } from '../stun/address.ts';
import type { AddressFamily } from './attributes.ts';
import type { FiveTuple } from './five-tuple.ts';
import type { Channel, Permission } from './permission.ts';
import type { Relay } from './relay.ts';
import type { AuthenticatedRequest } from './request.ts';
import type { Usage } from './usage.ts';

/** An Allocate request whose relayed addresses are being made; the driver answers with `opened`. */
export interface Opening {
  readonly request: AuthenticatedRequest;
  readonly usage: Usage;
  readonly families: readonly AddressFamily[];
  /** RFC 8656 section 18.7. */
  readonly evenPort: boolean;
  /** The place that the reserved port takes within the quotas. */
  readonly reserveNext: Usage | undefined;
  /** Its lifetime. */
  readonly seconds: number;
  /** The connection is gone meanwhile. */
  abandoned: boolean;
}

/** A port that is kept for whoever brings its token. */
export interface Reservation {
  readonly kind: 'reservation';
  readonly token: ByteString;
  readonly relay: Relay;
  /** The place that it takes within the quotas of whoever reserved it. */
  readonly usage: Usage;
  readonly clientAddress: string;
  expires: number;
}

/** An allocation (RFC 8656 section 2): what a client has of this server. Times are those of the machine, milliseconds. */
export class Allocation {
  readonly kind = 'allocation';
  readonly fiveTuple: FiveTuple;
  readonly usage: Usage;
  /** One, or one of each family. */
  readonly relays: Relay[];
  /** The transaction that made it, and its answer, for retransmissions (RFC 8656 section 7.2 step 2). */
  readonly transactionId: ByteString;
  readonly answer: Uint8Array;
  expires: number;
  /** When its timer is due. */
  due = Number.POSITIVE_INFINITY;
  /** By the peer's address as literal text, as the driver is given it with each datagram. */
  readonly permissions = new Map<string, Permission>();
  /** IPv4 ones, by the address as a number: what a Send indication says without a text being made of it. */
  readonly #byNumber = new Map<number, Permission>();
  readonly channels = new Map<number, Channel>();

  constructor(made: {
    fiveTuple: FiveTuple;
    usage: Usage;
    relays: Relay[];
    transactionId: ByteString;
    answer: Uint8Array;
    expires: number;
  }) {
    this.fiveTuple = made.fiveTuple;
    this.usage = made.usage;
    this.relays = made.relays;
    this.transactionId = made.transactionId;
    this.answer = made.answer;
    this.expires = made.expires;
  }

  relayOf(family: AddressFamily): Relay | undefined {
    for (const relay of this.relays) if (relay.family === family) return relay;
    return undefined;
  }

  /** The permission for that peer, active or not; `octets` are 4, or 16 (of which only `family` says how many count). */
  permissionFor(family: AddressFamily, octets: Uint8Array): Permission | undefined {
    return family === 4 ? this.#byNumber.get(ipv4Number(octets)) : this.permissions.get(addressText(octets));
  }

  addPermission(permission: Permission): void {
    this.permissions.set(permission.address, permission);
    if (permission.octets.length === 4) this.#byNumber.set(ipv4Number(permission.octets), permission);
  }

  removePermission(permission: Permission): void {
    permission.active = false;
    this.permissions.delete(permission.address);
    if (permission.octets.length === 4) this.#byNumber.delete(ipv4Number(permission.octets));
  }

  /** The next instant at which something of it ends. */
  get nextEnd(): number {
    let next = this.expires;
    for (const { active, expires } of this.permissions.values()) if (active && expires < next) next = expires;
    for (const { expires } of this.channels.values()) if (expires < next) next = expires;
    return next;
  }
}

/** A small integer, which needs no object. */
function ipv4Number(octets: Uint8Array): number {
  return (
    ((octets[0] as number) << 24) | ((octets[1] as number) << 16) | ((octets[2] as number) << 8) | (octets[3] as number)
  );
}
