// The SIP server: registrar, location service and proxy for every flow it is given (the composition of src/server/sip).
import type { ByteString } from '../../protocol/byte-string.ts';
import type { ProtocolError } from '../../protocol/errors.ts';
import { MESSAGE_LIMITS } from '../../protocol/sip/limits.ts';
import type { TimerValues } from '../../protocol/sip/timers.ts';
import type { Clock, Timer } from '../../transport/clock.ts';
import type { Flow, FlowHandler } from '../../transport/flow.ts';
import type { DigestAlgorithm } from '../accounts/sip-accounts.ts';
import { SipTrace } from '../inspector/trace.ts';
import { Answers } from './answer.ts';
import { Authentication } from './authentication.ts';
import { Edge } from './edge.ts';
import { flowState } from './flow-state.ts';
import { FlowTokens } from './flow-token.ts';
import { Forwarding } from './forward.ts';
import { Identities } from './identity.ts';
import { type SipLimits, sipLimits } from './limits.ts';
import { Location } from './location.ts';
import { type SipCounters, type SipMetrics, sipCounters } from './metrics.ts';
import { NatKeepAlive } from './nat-keep-alive.ts';
import { Outbox } from './outbox.ts';
import { Overload } from './overload.ts';
import type { Listening, Logger, SipServerPorts, Transports } from './ports.ts';
import { SipProxy } from './proxy.ts';
import { Registrar } from './registrar.ts';
import { Routing, type StaticRoute } from './routing.ts';
import { restoreBindings, storedBindings } from './stored-location.ts';
import { TransactionLayer } from './transactions.ts';

export interface SipServerOptions {
  domain: string;
  /** Further names and addresses of this server, besides those it listens on. */
  hosts?: readonly string[];
  /** What the world calls it in Via and Record-Route; default: the address a flow arrived at. */
  publicHost?: string;
  /** auth.secret: the first signs, all are accepted. Octets. */
  secrets: readonly ByteString[];
  auth: {
    /** Out-of-dialog requests need an account or a credential. */
    required: boolean;
    /** In the order of preference (RFC 8760). */
    digest: readonly DigestAlgorithm[];
  };
  routes?: readonly StaticRoute[];
  limits?: Partial<SipLimits>;
  /** The largest message in octets, as the transports bound it; default: 64 KiB. */
  messageBytes?: number;
  timers?: TimerValues;
}

/** How often expired bindings are dropped, and hosts of routes looked up again. */
const SWEEP = 30_000;

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export class SipServer implements FlowHandler {
  /** Every message, for the inspector. */
  readonly trace: SipTrace;
  readonly location: Location;
  readonly #ports: SipServerPorts;
  readonly #wallClock: () => number;
  readonly #log: Logger;
  readonly #counters: SipCounters = sipCounters();
  readonly #flows = new Map<string, Flow>();
  readonly #routing: Routing;
  readonly #forwarding: Forwarding;
  readonly #transactions: TransactionLayer;
  readonly #overload: Overload;
  readonly #proxy: SipProxy;
  readonly #edge: Edge;
  readonly #natKeepAlive: NatKeepAlive;
  #transports: Transports | undefined;
  #sweeper: Timer | undefined;
  #drained: (() => void) | undefined;

  constructor(options: SipServerOptions, ports: SipServerPorts) {
    const limits: SipLimits = { ...sipLimits, ...options.limits };
    const { primitives, accounts } = ports;
    const clock = guarded(ports.clock, (fire) => {
      try {
        fire();
      } catch (error) {
        this.#fault('timer', error);
      }
      if (this.#drained !== undefined) this.#checkDrained();
    });
    const secret = options.secrets[0];
    if (secret === undefined) throw new Error('a secret is needed');
    this.#ports = ports;
    this.#wallClock = ports.wallClock ?? Date.now;
    this.#log = ports.log ?? SILENT;
    const counters = this.#counters;
    const log = this.#log;
    this.trace = new SipTrace({ messages: limits.traceMessages, bytes: limits.traceBytes, now: this.#wallClock });
    const outbox = new Outbox(this.trace, counters);
    const answers = new Answers(outbox);
    this.#routing = new Routing(options.domain, options.hosts ?? [], options.routes ?? []);
    if (options.publicHost !== undefined) this.#routing.addLocal(options.publicHost);
    this.#forwarding = new Forwarding(primitives, options.domain, options.publicHost);
    this.#transactions = new TransactionLayer(clock, outbox, limits.answeredTransactions, options.timers);
    this.location = new Location(primitives, secret);
    this.#natKeepAlive = new NatKeepAlive(this.location, clock, this.#wallClock, limits.natKeepAlive);
    const tokens = new FlowTokens(primitives, options.secrets);
    const identities = new Identities(accounts, this.#routing);
    this.#overload = new Overload(limits, this.#transactions, ports.loopLag ?? (() => 0));
    const authentication = new Authentication(
      { realm: options.domain, algorithms: options.auth.digest, secret, limits },
      this.#routing,
      accounts,
      primitives,
      counters,
    );
    const registrar = new Registrar(
      { domain: options.domain, limits, serviceRoute: (flow) => `<${this.#forwarding.uri(flow)}>` },
      this.location,
      ports.bindings,
      counters,
      log,
    );
    this.#proxy = new SipProxy({
      realm: options.domain,
      limits,
      accounts,
      identities,
      routing: this.#routing,
      location: this.location,
      tokens,
      forwarding: this.#forwarding,
      transactions: this.#transactions,
      answers,
      outbox,
      counters,
      flows: this.#flows,
    });
    this.#edge = new Edge({
      messageBytes: options.messageBytes ?? MESSAGE_LIMITS.size,
      limits,
      authRequired: options.auth.required,
      routing: this.#routing,
      tokens,
      identities,
      authentication,
      overload: this.#overload,
      transactions: this.#transactions,
      registrar,
      proxy: this.#proxy,
      answers,
      outbox,
      counters,
      log,
      wallClock: this.#wallClock,
    });
  }

  /** Once the transports listen, and before anybody is told so. Resolves when stored bindings are back. */
  async start(transports: Transports, listening: readonly Listening[]): Promise<void> {
    this.#transports = transports;
    this.#proxy.transports = transports;
    this.#edge.transports = transports;
    this.#forwarding.listen(listening, transports);
    for (const { address, port } of listening) this.#routing.addLocal(address, port);
    await Promise.all(this.#routing.peers.map((peer) => peer.resolve(transports, this.#log)));
    const stored = (await this.#ports.bindings?.load(this.#wallClock())) ?? [];
    const restored = restoreBindings(stored, this.location, transports, this.#log);
    if (restored > 0) this.#log.info({ bindings: restored }, 'bindings restored');
    this.#scheduleSweep();
    this.#natKeepAlive.start();
  }

  /** `sip.routes`, for the requests from now on. */
  set routes(routes: readonly StaticRoute[]) {
    this.#routing.routes = routes;
    const transports = this.#transports;
    if (transports !== undefined) for (const peer of this.#routing.peers) void peer.resolve(transports, this.#log);
  }

  /** No new work (503). Resolves when no request is under way and no call is up. */
  drain(): Promise<void> {
    this.#overload.draining = true;
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#checkDrained();
    });
  }

  /** Ends everything at once; flows are the transports' to close. */
  close(): void {
    this.#sweeper?.close();
    this.#sweeper = undefined;
    this.#natKeepAlive.close();
    this.#transactions.close();
    this.#drained?.();
  }

  metrics(): SipMetrics {
    return {
      ...this.#counters,
      requests: { ...this.#counters.requests },
      responses: { ...this.#counters.responses },
      flows: this.#flows.size,
      bindings: this.location.size,
      addressesOfRecord: this.location.addresses,
      clientTransactions: this.#transactions.clients.size,
      serverTransactions: this.#transactions.servers.size,
      contexts: this.#proxy.contexts.size,
      calls: this.#proxy.calls.size,
      draining: this.#overload.draining,
    };
  }

  // --- FlowHandler

  onOpen(flow: Flow): void {
    flowState(flow);
    this.#flows.set(flow.id, flow);
  }

  onMessage(flow: Flow, text: ByteString): void {
    this.#counters.received += 1;
    this.trace.record(false, flowState(flow).label, text);
    this.#edge.receive(flow, text);
    if (this.#drained !== undefined) this.#checkDrained();
  }

  onError(flow: Flow, error: ProtocolError, text?: ByteString): void {
    this.#edge.refuseText(flow, text, error);
  }

  onClose(flow: Flow, reason: string): void {
    this.#flows.delete(flow.id);
    const gone = this.location.flowClosed(flow);
    this.#transactions.flowClosed(flow);
    if (gone > 0) this.#log.debug({ flow: flow.id, bindings: gone, reason }, 'flow closed');
  }

  onSendFailed(flow: Flow, reason: string): void {
    this.#log.debug({ flow: flow.id, reason }, 'not sent');
    this.#transactions.flowClosed(flow);
  }

  onFault(flow: Flow, error: unknown): void {
    this.#fault(flow.id, error);
  }

  #fault(where: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.error({ flow: where, error: text }, 'fault');
  }

  // --- housekeeping

  #scheduleSweep(): void {
    this.#sweeper = this.#transactions.clock.setTimer(SWEEP, () => {
      this.#sweep();
      this.#scheduleSweep();
    });
    (this.#sweeper as { unref?: () => void }).unref?.();
  }

  #sweep(): void {
    const now = this.#wallClock();
    for (const aor of this.location.sweep(now)) {
      this.#ports.bindings?.save(aor, storedBindings(this.location.all(aor), now)).catch((error: unknown) => {
        this.#log.error({ aor, error: String(error) }, 'bindings not stored');
      });
    }
    const transports = this.#transports;
    if (transports !== undefined) for (const peer of this.#routing.peers) void peer.resolve(transports, this.#log);
  }

  #checkDrained(): void {
    if (this.#proxy.contexts.size > 0 || this.#proxy.calls.size > 0) return;
    this.#drained?.();
    this.#drained = undefined;
  }
}

/** A fault of ours in a timer ends what it belongs to, not the process. */
function guarded(clock: Clock, run: (fire: () => void) => void): Clock {
  return {
    now: () => clock.now(),
    setTimer: (delay, fire) => clock.setTimer(delay, () => run(fire)),
  };
}
