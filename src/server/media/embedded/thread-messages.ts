// What the signalling thread and a relaying thread tell each other. Plain values: a structured clone carries them.
import type { KeyObject } from 'node:crypto';
import type { LegStatistics } from '../engine.ts';
import type { BranchPlan, RelayEvent, SocketName } from '../relay/plan.ts';
import type { RelayMetrics, RelayOptions } from '../relay/ports.ts';

/** The thread's `workerData`. */
export interface ThreadData {
  certificate: { der: Uint8Array; privateKey: KeyObject };
  options: RelayOptions;
  /** Sockets connected to a browser that the thread may have on the shared ports; 0: what it sends there goes by the other thread. */
  takeovers: number;
}

/** What a shared port is bound to. */
export interface SharedAddress {
  address: string;
  port: number;
}

export interface PhoneSocket {
  name: SocketName;
  port: number;
}

export type ToThread =
  /** A shared port is there, named as in paths. `reusable`: other sockets may be bound to it. */
  | { type: 'shared'; local: string; at: SharedAddress; reusable: boolean }
  /** All of them or none. Answered. */
  | { type: 'bind'; id: number; address: string; sockets: readonly PhoneSocket[] }
  | { type: 'unbind'; names: readonly SocketName[] }
  /** Answered, once it holds. */
  | { type: 'update'; id: number; plan: BranchPlan }
  | { type: 'statistics'; id: number; branch: string }
  | { type: 'close'; id: number; branch: string }
  /** A datagram of a shared port. */
  | { type: 'packet'; local: string; octets: Uint8Array; address: string; port: number };

export type Reply =
  | { bound: boolean /** The system's code where that was not for a taken port. */; code?: string }
  | { updated: true }
  | { statistics: LegStatistics[] }
  | { failed: string };

export type FromThread =
  | { type: 'reply'; id: number; reply: Reply }
  | { type: 'event'; event: RelayEvent }
  | { type: 'metrics'; metrics: RelayMetrics }
  /** Of ours, while a datagram was handled: it was dropped. For the log. */
  | { type: 'fault'; error: string }
  /** To be sent from a shared port. */
  | { type: 'send'; local: string; octets: Uint8Array; address: string; port: number }
  /** What comes from there to that shared port is this thread's, from now on or no more. */
  | { type: 'valid'; local: string; address: string; port: number }
  | { type: 'gone'; local: string; address: string; port: number }
  /** Came to a socket of the thread's, though meant for whoever else is at the shared port. */
  | { type: 'stray'; local: string; octets: Uint8Array; address: string; port: number };
