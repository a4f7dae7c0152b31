// Where media is received: what the sockets are bound to, and what descriptions say of it.
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type InterfaceAddress, LocalAddresses } from '../../../transport/local-address.ts';
import { isLoopback, isWildcard } from '../../configuration/listen.ts';

export interface MediaAddressOptions {
  /** Where the port of all WebRTC legs listens. */
  listen: string;
  /** `media.rtp.address`: at most one of each family counts; none: as `listen`. */
  rtp: readonly string[];
  /** What the world sees of this machine, behind a one-to-one NAT. */
  publicAddress: string | undefined;
  /** This machine's addresses, for tests. */
  machine?: () => InterfaceAddress[];
}

export interface PhoneAddress {
  /** What the socket is bound to. */
  bind: string;
  /** What the phone is told. */
  advertised: string;
}

export class MediaAddresses {
  private readonly options: MediaAddressOptions;
  private readonly machine: () => InterfaceAddress[];
  private readonly local: LocalAddresses;

  constructor(options: MediaAddressOptions) {
    this.options = options;
    this.machine = options.machine ?? machineAddresses;
    this.local = new LocalAddresses(options.publicAddress, this.machine);
  }

  /**
   * Candidates of a WebRTC leg, the default destination first: as the party reaches this machine, then the public address,
   * then, where all addresses are listened on, the others. Loopback is offered to those on this machine alone.
   */
  candidates(party: string): string[] {
    const { listen, publicAddress } = this.options;
    const found: string[] = [];
    const add = (address: string | undefined) => {
      if (address !== undefined && fits(address, listen) && !found.includes(address)) found.push(address);
    };
    if (fits(party, listen)) add(this.towards(party, listen));
    if (!isLoopback(listen)) add(publicAddress);
    if (isWildcard(listen)) {
      for (const { address } of this.machine())
        if (!address.startsWith('fe80:') && (!isLoopback(address) || isLoopback(party))) add(address);
    } else add(listen);
    // A machine without a network has nothing but loopback.
    if (found.length === 0) add(isIPv6(listen) ? '::1' : '127.0.0.1');
    return found;
  }

  /** Of the family of the phone's own address. Undefined: nothing of that family is configured. */
  forPhone(party: string): PhoneAddress | undefined {
    const { rtp, listen } = this.options;
    const sameFamily = (address: string) => isIPv6(address) === isIPv6(party);
    const configured = rtp.length > 0 ? rtp : [listen];
    const everywhere = configured.some(isWildcard) ? (isIPv6(party) ? '::' : '0.0.0.0') : undefined;
    const bind = configured.find(sameFamily) ?? everywhere;
    if (bind === undefined) return undefined;
    const advertised = this.towards(party, bind);
    return advertised === undefined ? undefined : { bind, advertised };
  }

  private towards(party: string, bind: string): string | undefined {
    // Whoever is bound to loopback is meant for this machine alone, whatever the world sees of it.
    if (isLoopback(bind)) return bind;
    return this.local.towards(party, isWildcard(bind) ? undefined : bind);
  }
}

function machineAddresses(): InterfaceAddress[] {
  return Object.values(networkInterfaces()).flatMap((each) => each ?? []);
}

/** Whether a socket bound to `listen` is reached by it; `::` is bound to IPv4 as well. */
function fits(address: string, listen: string): boolean {
  return listen === '::' || isIPv6(address) === isIPv6(listen);
}
