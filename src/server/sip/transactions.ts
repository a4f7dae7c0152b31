// The driver of the transaction machines (src/protocol/sip): it finds a message's transaction, runs its timers on the
// clock and sends what it outputs. The transaction users (proxy.ts) get plain synchronous calls.
import type { Output } from '../../protocol/machine.ts';
import type { ClientTransactionEvent } from '../../protocol/sip/client-transaction-event.ts';
import { InviteClientTransaction } from '../../protocol/sip/invite-client-transaction.ts';
import { InviteServerTransaction } from '../../protocol/sip/invite-server-transaction.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import { NonInviteClientTransaction } from '../../protocol/sip/non-invite-client-transaction.ts';
import { NonInviteServerTransaction } from '../../protocol/sip/non-invite-server-transaction.ts';
import type { ServerTransactionEvent } from '../../protocol/sip/server-transaction-event.ts';
import type { TimerValues } from '../../protocol/sip/timers.ts';
import { clientTransactionKey } from '../../protocol/sip/transaction-key.ts';
import type { Clock } from '../../transport/clock.ts';
import type { Flow } from '../../transport/flow.ts';
import { type FlowDependent, flowState } from './flow-state.ts';
import type { Outbox } from './outbox.ts';
import { ownText } from './own-text.ts';
import { type TimerOwner, TransactionTimers } from './transaction-timers.ts';

type Machine = {
  timer(
    name: never,
    now: number,
  ): Output<Request | Response, string, ClientTransactionEvent | ServerTransactionEvent>[];
};

/** What a client transaction tells its user. */
export interface ClientUser {
  onResponse(response: Response, transaction: ClientTransaction): void;
  /** 64*T1 without a final response. */
  onTimeout(transaction: ClientTransaction): void;
  /** The flow is gone. */
  onTransportError(transaction: ClientTransaction): void;
}

/** What a server transaction tells its user. */
export interface ServerUser {
  onTerminated?(): void;
}

export class ClientTransaction implements FlowDependent, TimerOwner {
  readonly flow: Flow;
  readonly key: string;
  readonly #layer: TransactionLayer;
  readonly #user: ClientUser;
  readonly #machine: InviteClientTransaction | NonInviteClientTransaction;
  readonly #timers: TransactionTimers;

  constructor(layer: TransactionLayer, request: Request, flow: Flow, user: ClientUser) {
    this.#layer = layer;
    this.flow = flow;
    this.#user = user;
    this.key = clientTransactionKey(request);
    this.#timers = new TransactionTimers(layer.clock, this);
    const options = layer.options(flow.reliable);
    this.#machine =
      request.method === 'INVITE'
        ? new InviteClientTransaction(request, options)
        : new NonInviteClientTransaction(request, options);
  }

  get state(): string {
    return this.#machine.state;
  }

  /** As it was sent; not of an INVITE that has been answered 2xx. */
  get request(): Request {
    return this.#machine.request;
  }

  start(): void {
    this.#layer.clients.set(this.key, this);
    const state = flowState(this.flow);
    state.dependents ??= new Set();
    state.dependents.add(this);
    this.#perform(this.#machine.start(this.#layer.clock.now()));
  }

  receive(response: Response): void {
    this.#perform(this.#machine.receive(response, this.#layer.clock.now()));
    // It stays for 32 s: a thousand calls a second would keep a hundred megabytes alive.
    if (this.#machine instanceof InviteClientTransaction) this.#machine.release();
  }

  flowLost(): void {
    this.#perform(this.#machine.transportError(this.#layer.clock.now()));
  }

  /** A timer of its machine is due. */
  expired(name: string): void {
    this.#perform((this.#machine as Machine).timer(name as never, this.#layer.clock.now()) as never);
  }

  /** No more interest in it: it ends silently. */
  discard(): void {
    this.#end();
  }

  #perform(
    outputs: ReturnType<InviteClientTransaction['start']> | ReturnType<NonInviteClientTransaction['start']>,
  ): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          if (!this.#layer.outbox.send(this.flow, output.message)) {
            this.flowLost();
            return;
          }
          break;
        case 'setTimer':
          this.#timers.set(output.name, output.delay);
          break;
        case 'clearTimer':
          this.#timers.clear(output.name);
          break;
        case 'event':
          this.#tell(output.event);
          break;
      }
    }
  }

  #tell(event: ClientTransactionEvent): void {
    switch (event.type) {
      case 'response':
        this.#user.onResponse(event.response, this);
        break;
      case 'timeout':
        this.#user.onTimeout(this);
        break;
      case 'transportError':
        this.#user.onTransportError(this);
        break;
      case 'terminated':
        this.#end();
        break;
    }
  }

  #end(): void {
    this.#timers.clearAll();
    if (this.#layer.clients.get(this.key) === this) this.#layer.clients.delete(this.key);
    flowState(this.flow).dependents?.delete(this);
  }
}

export class ServerTransaction implements TimerOwner {
  /** Where its responses go (RFC 3261 section 18.2.2, RFC 3581): the flow the request came by, or its sent-by port. */
  readonly flow: Flow;
  readonly key: string;
  /** The proxy's response context, for CANCEL, while it has something to do. */
  user: ServerUser | undefined;
  readonly source: string;
  readonly #layer: TransactionLayer;
  readonly #machine: InviteServerTransaction | NonInviteServerTransaction;
  readonly #timers: TransactionTimers;

  constructor(layer: TransactionLayer, key: string, request: Request, flow: Flow, source: string) {
    this.#layer = layer;
    this.key = ownText(key); // it stays for 32 s, and would keep the whole request alive
    this.flow = flow;
    this.source = source;
    this.#timers = new TransactionTimers(layer.clock, this);
    const options = layer.options(flow.reliable);
    this.#machine =
      request.method === 'INVITE'
        ? new InviteServerTransaction(request, options)
        : new NonInviteServerTransaction(request, options);
  }

  get state(): string {
    return this.#machine.state;
  }

  /** Not of one that has been answered (an INVITE: with a 2xx). */
  get request(): Request {
    return this.#machine.request;
  }

  start(): void {
    this.#layer.added(this);
    this.#perform(this.#machine.start(this.#layer.clock.now()));
  }

  /** A retransmission, or an ACK. */
  receive(request: Request): void {
    this.#perform(this.#machine.receive(request, this.#layer.clock.now()));
  }

  respond(response: Response): void {
    this.#perform(this.#machine.respond(response, this.#layer.clock.now()));
    this.#machine.release();
    if (response.status < 200) return;
    this.#layer.answered(this);
    if (this.#machine instanceof NonInviteServerTransaction) this.#leaveUser(); // it has nothing more to do
  }

  /** A timer of its machine is due. */
  expired(name: string): void {
    this.#perform((this.#machine as Machine).timer(name as never, this.#layer.clock.now()) as never);
  }

  /** Ends without an answer (RFC 4320 section 4.2: a non-INVITE is never answered 408). */
  abandon(): void {
    this.#perform(this.#machine.abandon(this.#layer.clock.now()));
  }

  #perform(
    outputs: ReturnType<InviteServerTransaction['start']> | ReturnType<NonInviteServerTransaction['start']>,
  ): void {
    let failed = false;
    for (const output of outputs) {
      switch (output.type) {
        case 'send':
          failed = !this.#layer.outbox.send(this.flow, output.message);
          break;
        case 'setTimer':
          this.#timers.set(output.name, output.delay);
          break;
        case 'clearTimer':
          this.#timers.clear(output.name);
          break;
        case 'event':
          if (output.event.type === 'terminated') this.#end();
          break;
      }
    }
    if (failed) this.#perform(this.#machine.transportError(this.#layer.clock.now()));
  }

  #end(): void {
    this.#timers.clearAll();
    this.#layer.removed(this);
    this.#leaveUser();
  }

  #leaveUser(): void {
    const { user } = this;
    this.user = undefined;
    user?.onTerminated?.();
  }
}

/** All transactions under way. */
export class TransactionLayer {
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly clients = new Map<string, ClientTransaction>();
  readonly servers = new Map<string, ServerTransaction>();
  /** Those that wait for an answer, by source address. */
  readonly #bySource = new Map<string, number>();
  /** Those that have a final response and are kept for what is sent again, the oldest first. */
  readonly #answered = new Set<ServerTransaction>();
  readonly #mostAnswered: number;
  readonly #reliable: { reliable: true; timers?: TimerValues };
  readonly #unreliable: { reliable: false; timers?: TimerValues };

  constructor(clock: Clock, outbox: Outbox, mostAnswered: number, timers?: TimerValues) {
    this.clock = clock;
    this.outbox = outbox;
    this.#mostAnswered = mostAnswered;
    this.#reliable = timers === undefined ? { reliable: true } : { reliable: true, timers };
    this.#unreliable = timers === undefined ? { reliable: false } : { reliable: false, timers };
  }

  options(reliable: boolean): { reliable: boolean; timers?: TimerValues } {
    return reliable ? this.#reliable : this.#unreliable;
  }

  /** Server transactions that wait for a final response. */
  get waiting(): number {
    return this.servers.size - this.#answered.size;
  }

  /** ... of one source address. */
  of(source: string): number {
    return this.#bySource.get(source) ?? 0;
  }

  added(transaction: ServerTransaction): void {
    this.servers.set(transaction.key, transaction);
    this.#bySource.set(transaction.source, this.of(transaction.source) + 1);
  }

  /**
   * It has its final response, and is work no more: only memory, for 32 s over UDP. Beyond the bound the oldest, whose
   * response has most likely arrived, make room.
   */
  answered(transaction: ServerTransaction): void {
    if (this.#answered.has(transaction) || this.servers.get(transaction.key) !== transaction) return;
    this.#forgetSource(transaction.source);
    this.#answered.add(transaction);
    if (this.#answered.size > this.#mostAnswered) this.#answered.values().next().value?.abandon();
  }

  removed(transaction: ServerTransaction): void {
    if (this.servers.get(transaction.key) !== transaction) return;
    this.servers.delete(transaction.key);
    if (!this.#answered.delete(transaction)) this.#forgetSource(transaction.source);
  }

  #forgetSource(source: string): void {
    const left = this.of(source) - 1;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }

  /** RFC 5626: whoever waits on a dead flow hears of it at once. */
  flowClosed(flow: Flow): void {
    const dependents = flowState(flow).dependents;
    if (dependents === undefined) return;
    for (const dependent of [...dependents]) dependent.flowLost();
    dependents.clear();
  }

  close(): void {
    for (const transaction of [...this.clients.values()]) transaction.discard();
    for (const transaction of [...this.servers.values()]) transaction.abandon();
  }
}
