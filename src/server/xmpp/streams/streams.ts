// The client-to-server side of XMPP: every stream, from a connection of any transport to the router.
import type { ByteString } from '../../../protocol/byte-string.ts';
import type { Primitives } from '../../../protocol/primitives.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { Admission } from '../../../transport/admission.ts';
import { type Clock, nativeClock } from '../../../transport/clock.ts';
import type { Identity } from '../../../transport/flow.ts';
import { type TransportLimits, transportLimits } from '../../../transport/limits.ts';
import { Bosh } from '../bosh/bosh.ts';
import type { BoshLimits } from '../bosh/limits.ts';
import type { ClientSession } from './client-session.ts';
import type { ConnectionHandler, XmppConnection } from './connection.ts';
import { Failures } from './failures.ts';
import { FastTokens } from './fast-tokens.ts';
import { type XmppLimits, xmppLimits } from './limits.ts';
import { Mechanisms, type StreamAccounts } from './mechanisms.ts';
import { type StreamMetrics, streamCounters } from './metrics.ts';
import { Negotiation } from './negotiation.ts';
import type { StreamRouter } from './router.ts';
import { type LoginContext, ResumableSessions, type StreamLog } from './stream-context.ts';
import { smFailed } from './stream-management.ts';
import { XmppTcp, type XmppTls } from './tcp-port.ts';
import { XmppWebSockets } from './websocket-connection.ts';

export interface StreamsOptions {
  router: StreamRouter;
  accounts: StreamAccounts;
  documents: DocumentStore;
  primitives: Primitives;
  /** From which tokens are made. Octets. */
  secret: ByteString;
  admission: Admission;
  /** For STARTTLS and TLS. */
  tls?: XmppTls | undefined;
  limits?: Partial<XmppLimits>;
  bosh?: Partial<BoshLimits>;
  transport?: Partial<TransportLimits>;
  clock?: Clock;
  /** Unix milliseconds. */
  wallClock?: () => number;
  log?: StreamLog;
  trace?: (out: boolean, session: ClientSession, stanza: Element) => void;
  /** A fault of ours, for the log. */
  fault?: (error: unknown) => void;
}

export class XmppStreams implements LoginContext {
  readonly router: StreamRouter;
  readonly limits: XmppLimits;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly log: StreamLog;
  readonly counters = streamCounters();
  readonly sessions = new Set<ClientSession>();
  readonly held = new ResumableSessions();
  readonly mechanisms: Mechanisms;
  readonly tokens: FastTokens;
  readonly trace: LoginContext['trace'];
  readonly fault: (error: unknown) => void;
  /** The subprotocol `xmpp` of a web port. */
  readonly webSockets: XmppWebSockets;
  /** Connections of TCP and TLS. */
  readonly tcp: XmppTcp;
  /** Sessions over HTTP requests. */
  readonly bosh: Bosh;
  draining = false;
  stopping = false;

  constructor(options: StreamsOptions) {
    const { router, accounts, documents, primitives, secret } = options;
    this.router = router;
    this.limits = { ...xmppLimits, ...options.limits };
    this.clock = options.clock ?? nativeClock;
    this.wallClock = options.wallClock ?? Date.now;
    this.log = options.log ?? { debug() {} };
    this.trace = options.trace;
    this.fault = options.fault ?? (() => {});
    const { limits, wallClock } = this;
    const { domain } = router;
    this.tokens = new FastTokens({ documents, primitives, secret, accounts, limits, domain, now: wallClock });
    this.mechanisms = new Mechanisms({
      domain,
      accounts,
      failures: new Failures(limits, () => this.clock.now()),
      tokens: this.tokens,
      secret,
      counters: this.counters,
      wallClock,
    });
    const connections = {
      limits,
      transport: { ...transportLimits, ...options.transport },
      accept: (connection: XmppConnection) => this.accept(connection),
      fault: this.fault,
    };
    this.webSockets = new XmppWebSockets(connections);
    this.tcp = new XmppTcp(connections, options.admission, options.tls);
    const { queuedBytes } = connections.transport;
    this.bosh = new Bosh({
      ...connections,
      limits: options.bosh ?? {},
      stanzas: limits,
      queuedBytes,
      clock: this.clock,
    });
  }

  /** A new connection, of whatever transport: who hears of its stream. */
  accept(connection: XmppConnection): ConnectionHandler {
    return new Negotiation(this, connection);
  }

  async resume(connection: XmppConnection, request: Element, identity: Identity): ReturnType<LoginContext['resume']> {
    const session = this.held.get(request.attributes['previd'] ?? '');
    const resumed =
      session?.account === identity.name ? await session.resume(connection, request, identity) : undefined;
    if (session === undefined || resumed === undefined) return { failed: smFailed('item-not-found') };
    this.counters.resumptions += 1;
    return { session, resumed };
  }

  metrics(): StreamMetrics {
    let held = 0;
    for (const session of this.sessions) if (session.held) held += 1;
    const connections = this.webSockets.heartbeat.size + this.tcp.heartbeat.size + this.bosh.size;
    return { ...this.counters, connections, sessions: this.sessions.size, held };
  }

  /** No new streams. */
  drain(): void {
    this.draining = true;
  }

  /** Ends every stream with system-shutdown; what was not acknowledged goes back to the router. */
  close(): void {
    this.draining = true;
    this.stopping = true;
    for (const session of this.sessions) session.end('system-shutdown');
    const shutdown = new StreamError('system-shutdown');
    for (const connection of this.webSockets.connections()) connection.close(shutdown);
    for (const connection of this.tcp.connections()) connection.close(shutdown);
    for (const connection of this.bosh.connections()) connection.close(shutdown);
    this.webSockets.heartbeat.stop();
    this.tcp.heartbeat.stop();
  }
}
