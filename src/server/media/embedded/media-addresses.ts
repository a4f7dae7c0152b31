// Where media is received: what the sockets are bound to, and what descriptions say of it.
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { plainAddress } from '../../../transport/flow.ts';
import { LocalAddresses } from '../../../transport/local-address.ts';
import { isLoopback, isWildcard } from '../../configuration/listen.ts';

export interface MediaAddressOptions {
  /** Where the port of all WebRTC legs listens. */
  listen: string;
  /** `media.rtp.address`: at most one of each family counts; none: as `listen`. */
  rtp: readonly string[];
  /** What the world sees of this machine, behind a one-to-one NAT. */
  publicAddress: string | undefined;
  /** This machine's addresses, for tests. */
  machine?: () => string[];
}

export interface PhoneAddress {
  /** What the socket is bound to. */
  bind: string;
  /** What the phone is told. */
  advertised: string;
}

export class MediaAddresses {
  private readonly options: MediaAddressOptions;
  private readonly local: LocalAddresses;

  constructor(options: MediaAddressOptions) {
    this.options = options;
    this.local = new LocalAddresses(options.publicAddress);
  }

  /**
   * Candidates of a WebRTC leg, the default destination first: as the party reaches this machine, then the public address,
   * then, where all addresses are listened on, the others. Loopback is offered to those on this machine alone.
   */
  candidates(party: string): string[] {
    const { listen, publicAddress } = this.options;
    const outward = !isLoopback(listen);
    const towards = fits(party, listen) ? this.towards(party, listen) : undefined;
    const open = outward && publicAddress !== undefined && fits(publicAddress, listen) ? [publicAddress] : [];
    const local = isWildcard(listen)
      ? this.machineAddresses().filter(
          (address) => fits(address, listen) && (!isLoopback(address) || isLoopback(party)),
        )
      : [listen];
    const all = [...new Set([...(towards === undefined ? [] : [towards]), ...open, ...local])];
    // A machine without a network has nothing but loopback.
    return all.length > 0 ? all : [isIPv6(listen) ? '::1' : '127.0.0.1'];
  }

  /** Of the family of the phone's own address. Undefined: nothing of that family is configured. */
  forPhone(party: string): PhoneAddress | undefined {
    const { rtp, listen } = this.options;
    const configured = rtp.find((address) => isIPv6(address) === isIPv6(party));
    const wildcard = [...rtp, listen].some(isWildcard);
    const otherwise = rtp.length === 0 && isIPv6(listen) === isIPv6(party) ? listen : undefined;
    const bind = configured ?? otherwise ?? (wildcard ? (isIPv6(party) ? '::' : '0.0.0.0') : undefined);
    const advertised = bind === undefined ? undefined : this.towards(party, bind);
    return bind === undefined || advertised === undefined ? undefined : { bind, advertised };
  }

  private towards(party: string, bind: string): string | undefined {
    // Whoever is bound to loopback is meant for this machine alone, whatever the world sees of it.
    if (isLoopback(bind)) return bind;
    return this.local.towards(party, isWildcard(bind) ? undefined : bind);
  }

  private machineAddresses(): string[] {
    return this.options.machine?.() ?? machineAddresses();
  }
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ address }) => !address.startsWith('fe80:'))
    .map(({ address }) => plainAddress(address));
}

/** Whether a socket bound to `listen` is reached by it; `::` is bound to IPv4 as well. */
function fits(address: string, listen: string): boolean {
  return listen === '::' || isIPv6(address) === isIPv6(listen);
}
