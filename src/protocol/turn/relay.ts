import type { Allocation } from './allocation.ts';
import type { AddressFamily } from './attributes.ts';

/** A relayed transport address, and behind it the driver's socket. */
export interface Relay {
  readonly family: AddressFamily;
  /** As peers see it. */
  readonly address: string;
  readonly port: number;
  /** Undefined while it is reserved for somebody who has not come yet. */
  allocation: Allocation | undefined;
}
