import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import type { TimerValues } from './timers.ts';

export type UserAgentTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export interface UserCredentials {
  /** May be an ephemeral one, `<unix expiry>:<name>`. */
  readonly username: ByteString;
  readonly password: ByteString;
}

export interface UserAgentOptions {
  /** The address of record, e.g. `sip:alice@example.test`. */
  readonly uri: ByteString;
  /** UTF-8 octets, unquoted. */
  readonly displayName?: ByteString;
  readonly primitives: Primitives;
  /**
   * Asked for each request that needs them, so a credential that was renewed meanwhile is used; undefined: the challenge
   * is the final answer.
   */
  readonly credentials?: () => UserCredentials | undefined;
  /** Default: `ws`. It also says whether the transport is reliable. */
  readonly transport?: UserAgentTransport;
  /** Host and port of Via; default: a random name under `.invalid` (RFC 7118 section 5). Needed for udp and tcp. */
  readonly sentBy?: string;
  /** User part of the Contact; default: random. */
  readonly contactUser?: string;
  /** Default: the domain of `uri`. */
  readonly registrar?: ByteString;
  /** Preloaded Route set, e.g. an outbound proxy `<sip:proxy.example.test;lr>`; a Service-Route replaces it. */
  readonly routes?: readonly ByteString[];
  /** `urn:uuid:...`, the same at every start of this device (RFC 5626 section 4.1). Default: none, so no outbound. */
  readonly instanceId?: string;
  /** Default: 1. */
  readonly registrationId?: number;
  /** Registration, in seconds. Default: 600. */
  readonly expires?: number;
  /** Session timer (RFC 4028), in seconds. Default: 1800. 0: none asked for. */
  readonly sessionExpires?: number;
  /** Smallest session timer accepted, in seconds. Default: 90. */
  readonly minimumSessionExpires?: number;
  /** How long an INVITE may ring, in seconds, before it is cancelled or answered 480. Default: 180. */
  readonly ringingTime?: number;
  /** The value of User-Agent and Server. Default: `Chappe`. */
  readonly product?: ByteString;
  /** Content types of a MESSAGE that are understood. Default: everything. None: the registration says so too. */
  readonly acceptedMessages?: readonly string[];
  readonly timers?: TimerValues;
  readonly limits?: Partial<UserAgentLimits>;
}

/** Bounds on what a stranger can make this user agent hold. Over a bound: 486 for calls, 503 for the rest, or dropped. */
export interface UserAgentLimits {
  /** Calls in any state. */
  calls: number;
  /** Early dialogs of one outgoing call. */
  forks: number;
  /** Server transactions. */
  serverTransactions: number;
  /** Octets of a received message. */
  messageSize: number;
  /** Incoming REFERs that wait for a decision or run, in all calls. */
  refers: number;
  /** Client transactions and requests of one's own that wait. */
  clientTransactions: number;
}

export const DEFAULT_USER_AGENT_LIMITS: UserAgentLimits = {
  calls: 32,
  forks: 16,
  serverTransactions: 256,
  messageSize: 65_536,
  refers: 16,
  clientTransactions: 1024,
};
