// What the SIP server asks of the world around it: plain interfaces, so that it runs on fake flows and virtual time.
import type { Primitives } from '../../protocol/primitives.ts';
import type { BindingStore, CallRecord } from '../../storage/ports.ts';
import type { Clock } from '../../transport/clock.ts';
import type { Endpoint, Flow, SipTransport } from '../../transport/flow.ts';
import type { SipAccounts } from '../accounts/sip-accounts.ts';
import type { MediaEngine } from '../media/engine.ts';
import type { MessagingPorts } from './messaging/ports.ts';

/** A pino logger fits. Fields have RFC names; no body, no credential (docs/LOGGING.md). */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the server sends by when it is not an answer. Known once the transports listen. */
export interface Transports {
  /** The UDP flow to `remote` from our socket with that port (or any); undefined when there is none. */
  udpFlow(remote: Endpoint, localPort?: number): Flow | undefined;
  /**
   * The connection to a configured route, made or reused: what is sent before it is up waits. It must deliver to this
   * SipServer as any flow does.
   */
  connect?(transport: 'tcp' | 'tls', remote: Endpoint, servername: string): Flow;
  /** Our address as that peer reaches it; `bound` is the socket's, undefined when that is a wildcard. */
  addressTowards?(remote: string, bound: string | undefined): string | undefined;
  /** Addresses of a host that a configured route names. */
  resolve?(host: string): Promise<string[]>;
}

export interface SipServerPorts {
  accounts: SipAccounts;
  primitives: Primitives;
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock?: () => number;
  /** Where bindings of UDP phones are kept over a restart; none: nowhere. */
  bindings?: BindingStore;
  log?: Logger;
  /** Relays media and translates descriptions; none: all media goes past this server. */
  media?: MediaEngine;
  /** Messages and presence, shared with XMPP; none: MESSAGE passes from phone to phone, and there is no presence. */
  messaging?: MessagingPorts;
  /** Told of every call that is over. */
  calls?: (record: CallRecord) => void;
  /** How late the event loop runs, in milliseconds (overload.ts). */
  loopLag?: () => number;
}

/** An address the server listens on, as the ready line names it. */
export interface Listening {
  transport: SipTransport;
  address: string;
  port: number;
}
