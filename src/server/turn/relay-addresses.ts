// Which addresses are relayed from, and which are this host's own.
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { addressOctets } from '../../protocol/stun/address.ts';
import type { AddressFamily } from '../../protocol/turn/attributes.ts';
import { plainAddress } from '../../transport/flow.ts';
import { isLoopback, isWildcard } from '../configuration/listen.ts';

export interface RelayAddress {
  family: AddressFamily;
  /** Where the sockets are bound. */
  bind: string;
  /** What clients and peers are told: another one behind a one-to-one NAT. */
  advertised: string;
}

export interface RelayAddressOptions {
  /** `turn.relay.address`: at most one of each family counts. */
  configured: readonly string[];
  publicAddress: string | undefined;
  /** Where TURN itself listens. */
  listening: readonly string[];
}

/** This machine's addresses; `internal`: loopback ones too. */
function machineAddresses(internal: boolean): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter((each) => internal || (!each.internal && !each.address.startsWith('fe80:')))
    .map(({ address }) => plainAddress(address));
}

/**
 * For each family: the configured address; else the public one, unless TURN is for this machine only; else where TURN
 * listens; else, where it listens everywhere, the machine's first address. An address that the machine does not have is
 * advertised, and the sockets are bound to where TURN listens.
 */
export function relayAddresses(options: RelayAddressOptions): RelayAddress[] {
  const { configured, publicAddress, listening } = options;
  const found: RelayAddress[] = [];
  for (const family of [4, 6] as const) {
    const fits = (address: string | undefined): address is string =>
      address !== undefined && isIPv6(address) === (family === 6);
    const heard = listening.filter(fits);
    const outward = heard.some((address) => !isLoopback(address));
    const advertised =
      configured.find(fits) ??
      (outward && fits(publicAddress) ? publicAddress : undefined) ??
      heard.find((address) => !isWildcard(address)) ??
      (heard.length > 0 ? machineAddresses(false).find(fits) : undefined);
    if (advertised === undefined || isWildcard(advertised)) continue;
    const bind = machineAddresses(true).includes(advertised)
      ? advertised
      : (heard.find((address) => !isLoopback(address)) ?? (family === 4 ? '0.0.0.0' : '::'));
    found.push({ family, bind, advertised });
  }
  return found;
}

/** How long the machine's list of addresses is believed. Milliseconds. */
const FRESH = 10_000;

/** Tells this host's own addresses, given as octets: those of its interfaces, now, and `more` (the public one). */
export function ownAddresses(more: readonly string[], now: () => number): (octets: Uint8Array) => boolean {
  const always = more.map(keyOf);
  let known = new Set<string>();
  let until = Number.NEGATIVE_INFINITY;
  return (octets) => {
    if (now() >= until) {
      known = new Set([...always, ...machineAddresses(true).map(keyOf)]);
      until = now() + FRESH;
    }
    return known.has(octets.join('.'));
  };
}

function keyOf(address: string): string {
  return addressOctets(address)?.join('.') ?? '';
}

/**
 * The largest packet that leaves the relay's interfaces whole. Linux sends a UDP datagram that fits with DF set
 * (IP_PMTUDISC_WANT), which is what DONT-FRAGMENT asks for. Undefined: another system, or the interface is unknown.
 */
export function relayMtu(addresses: readonly RelayAddress[]): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let smallest: number | undefined;
  for (const [name, list] of Object.entries(networkInterfaces())) {
    const used = addresses.some(({ bind }) => isWildcard(bind) || list?.some(({ address }) => address === bind));
    if (!used) continue;
    try {
      const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'latin1'));
      if (mtu > 0) smallest = Math.min(smallest ?? mtu, mtu);
    } catch {
      return undefined;
    }
  }
  return smallest;
}
