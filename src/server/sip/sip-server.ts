// The SIP server: registrar, location service and proxy for every flow it is given (the composition of src/server/sip).
import type { ByteString } from '../../protocol/byte-string.ts';
import type { ProtocolError } from '../../protocol/errors.ts';
import { MESSAGE_LIMITS } from '../../protocol/sip/limits.ts';
import type { TimerValues } from '../../protocol/sip/timers.ts';
import type { CallRecord } from '../../storage/ports.ts';
import type { Clock, Timer } from '../../transport/clock.ts';
import type { Flow, FlowHandler } from '../../transport/flow.ts';
import type { DigestAlgorithm } from '../accounts/sip-accounts.ts';
import { SipTrace } from '../inspector/trace.ts';
import { Answers } from './answer.ts';
import { Authentication } from './authentication.ts';
import { Calls } from './calls.ts';
import { Edge } from './edge.ts';
import { flowState } from './flow-state.ts';
import { FlowTokens } from './flow-token.ts';
import { Forwarding } from './forward.ts';
import { Gateway, type MediaPolicies } from './gateway.ts';
import { Identities } from './identity.ts';
import { type SipLimits, sipLimits } from './limits.ts';
import { Location } from './location.ts';
import { SipMessaging } from './messaging/sip-messaging.ts';
import { count, type SipCounters, type SipMetrics, sipCounters } from './metrics.ts';
import { NatKeepAlive } from './nat-keep-alive.ts';
import { Outbox } from './outbox.ts';
import { Overload } from './overload.ts';
import type { Listening, Logger, SipServerPorts, Transports } from './ports.ts';
import { Probe } from './probe.ts';
import { SipProxy } from './proxy.ts';
import { Registrar } from './registrar.ts';
import { Routing, type StaticRoute } from './routing.ts';
import { restoreBindings, storeBindings } from './stored-location.ts';
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
  /** When media is relayed, where there is an engine. `probe`: phones that register are asked what they speak. */
  media?: { policies: MediaPolicies; probe: boolean };
  timers?: TimerValues;
}

/** How often expired bindings are dropped, calls that are lost are found, and hosts of routes looked up again. */
const SWEEP = 30_000;
/** ... calls that are lost, while draining. */
const DRAIN_LOOK = 200;

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
  readonly #calls: Calls;
  readonly #gateway: Gateway | undefined;
  readonly #probe: Probe | undefined;
  readonly #messaging: SipMessaging | undefined;
  #transports: Transports | undefined;
  #sweeper: Timer | undefined;
  #drained: (() => void) | undefined;
  #drainLook: Timer | undefined;

  constructor(options: SipServerOptions, ports: SipServerPorts) {
    const limits: SipLimits = { ...sipLimits, ...options.limits };
    const { primitives, accounts } = ports;
    const run = (work: () => void) => {
      try {
        work();
      } catch (error) {
        this.#fault('timer', error);
      }
      if (this.#drained !== undefined) this.#checkDrained();
    };
    const clock = guarded(ports.clock, run);
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
    this.#calls = new Calls({
      domain: options.domain,
      now: this.#wallClock,
      record: (record) => this.#record(record),
      most: limits.calls,
      mostOfCaller: limits.callsPerCaller,
      fault: (error) => this.#fault('call', error),
      onChange: (call) => this.#messaging?.callChanged(call),
    });
    const { media = { policies: { general: 'auto', accounts: new Map() }, probe: true } } = options;
    if (ports.media !== undefined) {
      if (media.probe)
        this.#probe = new Probe({
          domain: options.domain,
          limits,
          primitives,
          forwarding: this.#forwarding,
          transactions: this.#transactions,
        });
      this.#gateway = new Gateway(
        {
          engine: ports.media,
          clock,
          limits,
          log,
          calls: this.#calls,
          run,
          send: (side, request) => this.#proxy.sendInDialog(side, request),
          note: (callId, text) => this.trace.note(callId, text),
        },
        media.policies,
        this.#probe,
      );
    }
    if (ports.messaging !== undefined)
      this.#messaging = new SipMessaging(
        {
          domain: options.domain,
          limits,
          primitives,
          accounts,
          identities,
          location: this.location,
          forwarding: this.#forwarding,
          transactions: this.#transactions,
          log,
          now: this.#wallClock,
        },
        ports.messaging,
      );
    const registrar = new Registrar(
      {
        domain: options.domain,
        limits,
        serviceRoute: (flow) => `<${this.#forwarding.uri(flow)}>`,
        onContact: (binding) => {
          this.#probe?.ask(binding);
          this.#messaging?.registered(binding.aor);
        },
        onRefresh: (binding) => this.#messaging?.refreshed(binding.aor),
      },
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
      calls: this.#calls,
      now: this.#wallClock,
      gateway: this.#gateway,
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
      messaging: this.#messaging,
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
    if (restored.length > 0) this.#log.info({ bindings: restored.length }, 'bindings restored');
    // What was learned since they were stored is forgotten.
    for (const binding of restored) {
      if (binding.profile === undefined) this.#probe?.ask(binding);
      this.#messaging?.registered(binding.aor);
    }
    this.#scheduleSweep();
    this.#natKeepAlive.start();
  }

  /** `sip.routes`, for the requests from now on. */
  set routes(routes: readonly StaticRoute[]) {
    this.#routing.routes = routes;
    const transports = this.#transports;
    if (transports !== undefined) for (const peer of this.#routing.peers) void peer.resolve(transports, this.#log);
  }

  /** `media.policy` and those of accounts, for the calls from now on. */
  set mediaPolicies(policies: MediaPolicies) {
    if (this.#gateway !== undefined) this.#gateway.policies = policies;
  }

  /** No new work (503). Resolves when no request is under way and no call is up. */
  drain(): Promise<void> {
    this.#overload.draining = true;
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#dropLostCalls();
      this.#checkDrained();
    });
  }

  /** Ends everything at once; flows are the transports' to close. */
  close(): void {
    this.#sweeper?.close();
    this.#sweeper = undefined;
    this.#natKeepAlive.close();
    this.#probe?.close();
    this.#drainLook?.close();
    this.#calls.close(); // BYEs and NOTIFYs go out, and nobody waits for their answers
    this.#messaging?.close();
    this.#transactions.close();
    this.#drained?.();
  }

  /** Legs of a call that is up and whose media is relayed. */
  legs(callId: ByteString): Promise<object[]> {
    return this.#calls.statistics(callId);
  }

  metrics(): SipMetrics {
    return {
      ...this.#counters,
      requests: { ...this.#counters.requests },
      callsEnded: { ...this.#counters.callsEnded },
      responses: { ...this.#counters.responses },
      flows: this.#flows.size,
      bindings: this.location.size,
      addressesOfRecord: this.location.addresses,
      clientTransactions: this.#transactions.clients.size,
      serverTransactions: this.#transactions.servers.size,
      contexts: this.#proxy.contexts.size,
      calls: this.#calls.up,
      subscriptions: this.#messaging?.notifier.size ?? 0,
      publications: this.#messaging?.publications.size ?? 0,
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
    const store = this.#ports.bindings;
    for (const aor of this.location.sweep(now)) {
      if (store === undefined) continue;
      storeBindings(store, aor, this.location.all(aor), now).catch((error: unknown) => {
        this.#log.error({ aor, error: String(error) }, 'bindings not stored');
      });
    }
    const { limits } = this.#proxy;
    this.#calls.sweep((call) => {
      if (now - call.heard > limits.callWithoutMessage) return 'no message';
      if (!this.#proxy.lost(call, now)) call.goneSince = undefined;
      else call.goneSince ??= now;
      return call.goneSince !== undefined && now - call.goneSince >= limits.callWithoutFlow
        ? 'connection lost'
        : undefined;
    });
    const transports = this.#transports;
    if (transports !== undefined) for (const peer of this.#routing.peers) void peer.resolve(transports, this.#log);
  }

  /** While draining nobody can come back: a call without one of its connections will have no BYE. */
  #dropLostCalls(): void {
    const now = this.#wallClock();
    this.#calls.sweep((call) => (this.#proxy.lost(call, now) ? 'connection lost' : undefined));
    if (this.#calls.up > 0)
      this.#drainLook = this.#transactions.clock.setTimer(DRAIN_LOOK, () => this.#dropLostCalls());
  }

  #record(record: CallRecord): void {
    count(this.#counters.callsEnded, outcome(record));
    this.#ports.calls?.(record);
  }

  #checkDrained(): void {
    if (this.#proxy.contexts.size > 0 || this.#calls.up > 0 || (this.#messaging?.waiting ?? 0) > 0) return;
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

/** For /metrics. */
function outcome({ status, endedBy, answered }: CallRecord): string {
  if (answered !== undefined) return endedBy === 'server' ? 'broken' : 'answered';
  if (status === 487 || endedBy === 'caller') return 'cancelled';
  if (status === 486 || status === 600 || status === 603) return 'busy';
  return status === 480 || status === 408 ? 'unanswered' : 'failed';
}
