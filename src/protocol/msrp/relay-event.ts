import type { Output } from '../machine.ts';
import type { Frame } from './frame.ts';
import type { Head } from './head.ts';
import type { RelayLink } from './relay-link.ts';
import type { MsrpUri } from './uri.ts';

/** Who a peer has proved to be. */
export interface RelayIdentity {
  name: string;
  /** Unix seconds after which it proves nothing. */
  expires?: number;
}

export type RelayEvent =
  /** Its octets wait for slower readers: do not read from it until `resume`. */
  | { type: 'pause'; link: RelayLink }
  | { type: 'resume'; link: RelayLink }
  /** `code`: the WebSocket close code. What was sent before still goes out. */
  | { type: 'close'; link: RelayLink; code: number; reason: string }
  /** Open a connection to that allowed peer; `writable` when it is up, `closed` when it is not. */
  | { type: 'connect'; link: RelayLink; uri: MsrpUri }
  /** A head was read, for a trace: not that of every chunk. */
  | { type: 'head'; link: RelayLink; head: Head }
  | { type: 'granted'; link: RelayLink; name: string; expires: number }
  /** A request was refused, or a chunk could not be delivered (then the REPORT's status). For a log and counters. */
  | { type: 'refused'; link: RelayLink; head: Head; status: number }
  | { type: 'reported'; link: RelayLink; status: number };

export type RelayOutput = Output<{ link: RelayLink; frame: Frame }, string, RelayEvent>;

/** The answer to who is there. `challenges`: the values of WWW-Authenticate. */
export type Authentication =
  | { identity: RelayIdentity; fields?: readonly (readonly [string, string])[] }
  | { status: 401; challenges: readonly string[] }
  | { status: 403 };
