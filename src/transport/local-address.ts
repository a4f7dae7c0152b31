import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** What os.networkInterfaces() gives of an interface's address. */
export interface InterfaceAddress {
  address: string;
  cidr: string | null;
  internal: boolean;
}

/** How long the machine's list of addresses is believed. Milliseconds. */
const FRESH = 10_000;

/**
 * By which of its addresses this machine is reached by a peer. From an interface's own network it is the address that the
 * socket is bound to, or for one bound to a wildcard that interface's; from elsewhere it is the public one, if there is
 * one, else the socket's, else the first that leads out.
 */
export class LocalAddresses {
  readonly #publicAddress: string | undefined;
  readonly #read: () => InterfaceAddress[];
  #known: InterfaceAddress[] = [];
  #until = Number.NEGATIVE_INFINITY;

  constructor(publicAddress: string | undefined, read: () => InterfaceAddress[] = interfaceAddresses) {
    this.#publicAddress = publicAddress;
    this.#read = read;
  }

  /** `bound`: the socket's address; undefined: a wildcard. The answer is undefined when there is none of that family. */
  towards(remote: string, bound: string | undefined): string | undefined {
    if (bound !== undefined && this.#publicAddress === undefined) return bound;
    const now = performance.now();
    if (now >= this.#until) {
      this.#known = this.#read();
      this.#until = now + FRESH;
    }
    const sameFamily = (address: string) => isIPv6(address) === isIPv6(remote);
    const own = this.#known.filter(({ address }) => sameFamily(address));
    const near = own.find(({ address, cidr }) => address === remote || contains(cidr, remote));
    if (near !== undefined) return bound ?? near.address;
    if (this.#publicAddress !== undefined && sameFamily(this.#publicAddress)) return this.#publicAddress;
    if (bound !== undefined) return bound;
    return own.find(({ address, internal }) => !internal && !address.startsWith('fe80:'))?.address;
  }
}

function contains(cidr: string | null, remote: string): boolean {
  const [network, length] = cidr?.split('/') ?? [];
  if (network === undefined || length === undefined) return false;
  const family = isIPv6(network) ? 'ipv6' : 'ipv4';
  const block = new BlockList();
  block.addSubnet(network, Number(length), family);
  return block.check(remote, family);
}

function interfaceAddresses(): InterfaceAddress[] {
  return Object.values(networkInterfaces()).flatMap((each) => each ?? []);
}
