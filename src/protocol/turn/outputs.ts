import type { Allocation, Opening, Reservation } from './allocation.ts';
import type { FiveTuple } from './five-tuple.ts';
import type { Relay } from './relay.ts';

/** What the driver is to do, in order. Relayed packets are no outputs: see relay-path.ts. */
export type TurnOutput =
  | { type: 'send'; fiveTuple: FiveTuple; message: Uint8Array }
  /** To be answered by `opened`, whatever comes of it. */
  | { type: 'openRelays'; opening: Opening }
  | { type: 'closeRelay'; relay: Relay }
  /** `timer(subject, now)` is due in so many milliseconds; it replaces the subject's last one. */
  | { type: 'setTimer'; subject: Allocation | Reservation; delay: number }
  | { type: 'clearTimer'; subject: Allocation | Reservation }
  | { type: 'event'; event: TurnEvent };

export type TurnEvent =
  | { type: 'allocated'; allocation: Allocation }
  | { type: 'ended'; allocation: Allocation; reason: 'deleted' | 'expired' | 'closed' }
  | { type: 'refused'; fiveTuple: FiveTuple; code: number };
