// The relay of one worker thread: every branch that is pinned to it, without a socket of its own.
import type { LegStatistics } from '../engine.ts';
import type { BranchPlan, SocketName } from './plan.ts';
import type { RelayMetrics, RelayOptions, RelayPorts } from './ports.ts';

export class Relay {
  constructor(_ports: RelayPorts, _options: RelayOptions = {}) {}

  /** Branches that are open. */
  get branches(): number {
    return 0;
  }

  get metrics(): RelayMetrics {
    return { packets: 0, octets: 0, dropped: {} };
  }

  /** Makes the call and the branch that it names, or brings them to what the plan says now. */
  update(_plan: BranchPlan): void {}

  /** The branch's figures as they are; empty: there is no such branch. */
  statistics(_branch: string): LegStatistics[] {
    return [];
  }

  /** Ends a branch, and with the last of its call the caller's side. The final figures. Idempotent. */
  close(_branch: string): LegStatistics[] {
    return [];
  }

  /** A datagram that came at a phone leg's socket. `packet` has ROOM octets behind `length`; `address` is canonical. */
  receive(_socket: SocketName, _packet: Uint8Array, _length: number, _address: string, _port: number): void {}

  /**
   * A datagram that came at the port of all WebRTC legs; `local` names the socket or the address it came to (IcePath.local).
   * False: nobody's here: no check of a call of this relay, nor from a path of one. The packet is then as it came.
   */
  receiveMux(_local: string, _packet: Uint8Array, _length: number, _address: string, _port: number): boolean {
    return false;
  }
}
