import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import type { Allocation, Reservation } from './allocation.ts';
import type { Answers } from './answers.ts';
import type { AddressFamily } from './attributes.ts';
import type { FiveTuple } from './five-tuple.ts';
import type { TurnLimits } from './limits.ts';
import type { TurnOutput } from './outputs.ts';
import type { PeerPolicy } from './peer-policy.ts';
import type { Relay } from './relay.ts';
import { Usage } from './usage.ts';

export interface TurnStateOptions {
  primitives: Primitives;
  limits: TurnLimits;
  answers: Answers;
  policy: PeerPolicy;
  /** Families of which this server has an address to relay from. */
  families: ReadonlySet<AddressFamily>;
  /**
   * Octets of the largest packet that leaves in one piece, where datagrams are sent with the DF bit set; undefined: they are
   * not (RFC 8656 section 7.2 step 4).
   */
  mtu?: number | undefined;
  /** Ports of this host, besides relayed ones, that clients may reach at its own addresses: those of its media. */
  isMediaPort?: ((port: number) => boolean) | undefined;
}

/** What all procedures share: the allocations, the quotas, the reservations. */
export class TurnState {
  readonly primitives: Primitives;
  readonly limits: TurnLimits;
  readonly answers: Answers;
  readonly policy: PeerPolicy;
  readonly families: ReadonlySet<AddressFamily>;
  readonly mtu: number | undefined;
  readonly isMediaPort: (port: number) => boolean;
  readonly allocations = new Set<Allocation>();
  readonly reservations = new Map<ByteString, Reservation>();
  /** Relayed addresses in use, by port, for each of our addresses. */
  readonly relays = new Map<string, Map<number, Relay>>();
  readonly #usages = new Map<string, Usage>();
  readonly #addresses = new Map<string, number>();
  /** Allocations with those that are being opened. */
  #taken = 0;

  constructor(options: TurnStateOptions) {
    this.primitives = options.primitives;
    this.limits = options.limits;
    this.answers = options.answers;
    this.policy = options.policy;
    this.families = options.families;
    this.mtu = options.mtu;
    this.isMediaPort = options.isMediaPort ?? (() => false);
  }

  /** Takes a place for an allocation of that account, from that address. */
  take(account: string, address: string): Usage | 'account' | 'address' | 'server' {
    const { limits } = this;
    const usage = this.#usages.get(account) ?? new Usage(account, limits.bandwidth);
    const atAddress = this.#addresses.get(address) ?? 0;
    if (usage.allocations >= limits.allocationsPerAccount) return 'account';
    if (atAddress >= limits.allocationsPerAddress) return 'address';
    if (this.#taken >= limits.allocations) return 'server';
    usage.allocations += 1;
    this.#usages.set(account, usage);
    this.#addresses.set(address, atAddress + 1);
    this.#taken += 1;
    return usage;
  }

  giveBack(usage: Usage, address: string): void {
    this.#taken -= 1;
    usage.allocations -= 1;
    if (usage.allocations === 0) this.#usages.delete(usage.account);
    const left = (this.#addresses.get(address) ?? 1) - 1;
    if (left === 0) this.#addresses.delete(address);
    else this.#addresses.set(address, left);
  }

  /** Places taken, for tests of leaks. */
  get taken(): number {
    return this.#taken;
  }

  addRelay(relay: Relay): void {
    let ports = this.relays.get(relay.address);
    if (ports === undefined) {
      ports = new Map();
      this.relays.set(relay.address, ports);
    }
    ports.set(relay.port, relay);
  }

  /** The relayed address of that name, of this server. */
  relayAt(address: string, port: number): Relay | undefined {
    return this.relays.get(address)?.get(port);
  }

  closeRelay(relay: Relay): TurnOutput {
    relay.allocation = undefined;
    this.relays.get(relay.address)?.delete(relay.port);
    return { type: 'closeRelay', relay };
  }

  /** It is used or has expired; its relayed address stays open. */
  endReservation(reservation: Reservation): boolean {
    if (!this.reservations.delete(reservation.token)) return false;
    this.giveBack(reservation.usage, reservation.clientAddress);
    return true;
  }

  /** Ends an allocation with all that belongs to it. */
  end(allocation: Allocation, reason: 'deleted' | 'expired' | 'closed'): TurnOutput[] {
    if (!this.allocations.delete(allocation)) return [];
    const { fiveTuple } = allocation;
    fiveTuple.allocation = undefined;
    for (const permission of allocation.permissions.values()) permission.active = false;
    allocation.channels.clear();
    this.giveBack(allocation.usage, fiveTuple.address);
    return [
      ...allocation.relays.splice(0).map((relay) => this.closeRelay(relay)),
      { type: 'clearTimer', subject: allocation },
      { type: 'event', event: { type: 'ended', allocation, reason } },
    ];
  }

  /** Makes sure that the allocation's timer is due when something of it ends. */
  schedule(allocation: Allocation, now: number): TurnOutput[] {
    const next = allocation.nextEnd;
    if (next >= allocation.due) return []; // it fires too early then, and is set anew
    allocation.due = next;
    return [{ type: 'setTimer', subject: allocation, delay: Math.max(0, next - now) }];
  }
}

/** The answer to a request, as the outputs of its procedure. */
export function reply(fiveTuple: FiveTuple, message: Uint8Array): TurnOutput {
  return { type: 'send', fiveTuple, message };
}
