import type { FiveTuple } from '../../protocol/turn/five-tuple.ts';
import { plainAddress } from '../../transport/flow.ts';

/** A client of the TURN server, over whatever it comes. */
export interface TurnClient extends FiveTuple {
  /** The answer to a request, or what a peer has sent. */
  write(message: Uint8Array): void;
  /** It got its allocation (or its relayed address is being opened), or has lost it. */
  changed(): void;
}

/** As an address attribute can hold it: without the interface of a link-local address (`%eth0`). */
export function clientAddress(address: string | undefined): string {
  const plain = plainAddress(address);
  const zone = plain.indexOf('%');
  return zone < 0 ? plain : plain.slice(0, zone);
}

/** Octets of the largest message there can be: a Data indication with what IPv4 carries in a datagram. */
export const MAX_MESSAGE = 65_535 + 64;
/** And from a client without an allocation. */
export const MAX_STRANGER_MESSAGE = 2048;
