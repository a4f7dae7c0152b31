// The response context of a stateful proxy (RFC 3261 sections 16.2 and 16.7): one request, its branches, and what goes
// back of their responses. Everything in it is synchronous.

import type { ProtocolError } from '../../protocol/errors.ts';
import { createCancel } from '../../protocol/sip/cancel.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import type { Timer } from '../../transport/clock.ts';
import type { Flow } from '../../transport/flow.ts';
import { makeResponse } from './answer.ts';
import { betterResponse, type Outcome } from './best-response.ts';
import type { BranchMedia } from './branch-media.ts';
import type { Call } from './calls.ts';
import { type FlowDependent, flowState } from './flow-state.ts';
import type { Inbound } from './inbound.ts';
import type { SipLimits } from './limits.ts';
import type { Target } from './targets.ts';
import {
  ClientTransaction,
  type ClientUser,
  type ServerTransaction,
  type ServerUser,
  type TransactionLayer,
} from './transactions.ts';

/** What the context asks of the proxy. */
export interface Forwarder {
  readonly transactions: TransactionLayer;
  readonly limits: SipLimits;
  /** The copy for that target; `maxBreadth` is its share. `retry`: its media, when the target is asked once more. */
  copyFor(context: ResponseContext, target: Target, maxBreadth: number, retry?: BranchMedia): BranchCopy;
  /** Last changes to a response on its way up (Record-Route for the other side, RFC 3325). */
  upstream(context: ResponseContext, response: Response, branch: Branch | undefined): void;
  /** A target could not be reached at all. */
  unreachable(target: Target): void;
  /** Its server transaction is over. */
  over(context: ResponseContext): void;
  /** Those that still owe a final response. */
  contexts: Set<ResponseContext>;
}

export interface BranchCopy {
  request: Request;
  /** The Record-Route value we put in. */
  recordRoute?: string | undefined;
  /** Its descriptions are looked at on their way, or rewritten. */
  media?: BranchMedia | undefined;
}

export class Branch {
  readonly target: Target;
  readonly transaction: ClientTransaction;
  readonly recordRoute: string | undefined;
  readonly media: BranchMedia | undefined;
  timer: Timer | undefined;
  /** Its request is not sent yet. */
  waiting = false;
  /** To be cancelled as soon as it may be. */
  cancelled = false;
  cancelReason: string | undefined;
  cancelSent = false;
  done = false;

  constructor(target: Target, transaction: ClientTransaction, copy: BranchCopy) {
    this.target = target;
    this.transaction = transaction;
    this.recordRoute = copy.recordRoute;
    this.media = copy.media;
  }
}

/** RFC 3261 section 9.1: how long a cancelled INVITE may take to end. */
const CANCEL_WAIT = 32_000;

export class ResponseContext implements ClientUser, ServerUser, FlowDependent {
  /** The flow the request came by. */
  readonly flow: Flow;
  readonly server: ServerTransaction;
  /** Called once when the server transaction is over. */
  whenDone: (() => void) | undefined;
  /** The call that this INVITE begins. */
  call: Call | undefined;
  /** The caller has given up, and why (RFC 3326). */
  cancelled = false;
  cancelReason: string | undefined;
  readonly #proxy: Forwarder;
  readonly #invite: boolean;
  #inbound: Inbound | undefined;
  readonly #branches: Branch[] = [];
  #groups: Target[][];
  #breadth: number;
  #pending = 0;
  #best: Outcome | undefined;
  #challenges: string[][] | undefined;
  /** A final response has gone up. */
  #answered = false;
  /** No new branches: cancelled, or a 6xx has come. */
  #ending = false;
  #starting = false;
  #ringTimer: Timer | undefined;

  constructor(proxy: Forwarder, inbound: Inbound, server: ServerTransaction, groups: Target[][], breadth: number) {
    this.#proxy = proxy;
    this.#inbound = inbound;
    this.flow = inbound.flow;
    this.server = server;
    this.#groups = groups;
    this.#breadth = breadth;
    this.#invite = inbound.request.method === 'INVITE';
  }

  /** Until a 2xx has gone up. */
  get inbound(): Inbound {
    if (this.#inbound === undefined) throw new Error('The request was released.');
    return this.#inbound;
  }

  /** The request after RFC 3261 section 16.4; until a 2xx has gone up. */
  get request(): Request {
    return this.inbound.request;
  }

  start(): void {
    this.server.user = this;
    this.#proxy.contexts.add(this);
    if (this.#invite && this.flow.reliable) {
      const state = flowState(this.flow);
      state.dependents ??= new Set();
      state.dependents.add(this);
    }
    this.#nextGroup();
  }

  /** The caller wants no more (RFC 3261 section 16.10). */
  cancel(reason?: string): void {
    if (this.#answered) return;
    this.cancelled = true;
    this.cancelReason = reason;
    this.#ending = true;
    this.#groups = [];
    this.#cancelBranches(reason);
    if (this.#pending === 0) this.#finish();
  }

  /** A fault of ours: the caller is told, and nothing is left running. */
  fail(): void {
    for (const branch of this.#branches) {
      if (!branch.done) branch.media?.over();
      branch.done = true;
      branch.timer?.close();
      branch.transaction.discard();
    }
    this.#pending = 0;
    if (this.#answered) return;
    this.#finallyAnswered();
    this.server.respond(makeResponse(this.server.request, 500, undefined));
  }

  /** The caller's connection is gone: nobody waits for this call any more. */
  flowLost(): void {
    this.cancel();
  }

  // --- branches

  #nextGroup(): void {
    while (this.#pending === 0 && !this.#ending) {
      const group = this.#groups.shift();
      if (group === undefined) break;
      this.#startGroup(group);
    }
    if (this.#pending === 0) this.#finish();
    else if (this.#invite && this.#groups.length > 0) this.#limitRinging();
  }

  /** RFC 5393 section 5.3.3: the breadths of branches at the same time add up to no more than ours. */
  #startGroup(group: Target[]) {
    const breadth = this.#breadth;
    if (breadth < 1) return this.#record({ status: 440 });
    const now = group.length > breadth ? group.slice(0, breadth) : group;
    if (now.length < group.length) this.#groups.unshift(group.slice(breadth));
    const share = Math.floor(breadth / now.length);
    let extra = breadth - share * now.length;
    this.#starting = true; // a branch that fails at once must not end the context before its brothers have begun
    for (const target of now) {
      this.#startBranch(target, share + (extra > 0 ? 1 : 0));
      extra -= 1;
    }
    this.#starting = false;
  }

  #startBranch(target: Target, maxBreadth: number, retry?: BranchMedia): void {
    const proxy = this.#proxy;
    const copy = proxy.copyFor(this, target, maxBreadth, retry);
    const transaction = new ClientTransaction(proxy.transactions, copy.request, target.flow, this);
    const branch = new Branch(target, transaction, copy);
    this.#branches.push(branch);
    this.#pending += 1;
    if (this.#invite) this.#startTimerC(branch);
    if (branch.media === undefined) transaction.start();
    else {
      branch.waiting = true;
      branch.media.start(copy.request, {
        send: () => {
          if (!branch.waiting) return;
          branch.waiting = false;
          transaction.start();
        },
        pass: (response) => this.#receive(response, branch),
        refuse: (error) => this.#refuse(branch, error),
      });
    }
  }

  /** What was to be relayed for this branch cannot be. */
  #refuse(branch: Branch, error: ProtocolError): void {
    if (branch.done || this.#answered) return;
    const { transaction } = branch;
    const status = error.answer.status ?? 500;
    if (transaction.state === 'proceeding' && this.#invite) {
      this.#cancelBranch(branch);
      this.#proxy.transactions.clock.setTimer(CANCEL_WAIT, () => transaction.discard());
    } else if (transaction.state === 'calling') transaction.discard(); // nobody rings for a call that has been given up
    this.#branchDone(branch, { status, response: makeResponse(this.server.request, status, error.message) });
  }

  #branch(transaction: ClientTransaction): Branch | undefined {
    for (const branch of this.#branches) if (branch.transaction === transaction) return branch;
    return undefined;
  }

  /** RFC 3261 section 16.6 step 11 and 16.8. */
  #startTimerC(branch: Branch): void {
    branch.timer?.close();
    branch.timer = this.#proxy.transactions.clock.setTimer(this.#proxy.limits.timerC, () => {
      branch.timer = undefined;
      if (branch.transaction.state === 'proceeding') return this.#cancelBranch(branch);
      branch.transaction.discard(); // nobody rings for a call that has been given up
      this.#branchDone(branch, { status: 408 });
    });
  }

  #limitRinging(): void {
    this.#ringTimer?.close();
    this.#ringTimer = this.#proxy.transactions.clock.setTimer(this.#proxy.limits.serialRing, () => {
      this.#ringTimer = undefined;
      this.#cancelBranches();
    });
  }

  #cancelBranches(reason?: string): void {
    for (const branch of [...this.#branches]) this.#cancelBranch(branch, reason);
  }

  /** RFC 3261 section 9.1: only after a provisional response; until then it is remembered. */
  #cancelBranch(branch: Branch, reason?: string): void {
    if (branch.done || !this.#invite || branch.cancelSent) return;
    branch.cancelled = true;
    branch.cancelReason ??= reason;
    if (branch.waiting) this.#branchDone(branch, { status: 487 }); // nothing has been sent
    // (A final response may have come, and wait for its description.)
    if (branch.done || branch.transaction.state !== 'proceeding') return;
    branch.cancelSent = true;
    branch.timer?.close();
    branch.timer = this.#proxy.transactions.clock.setTimer(CANCEL_WAIT, () => {
      branch.timer = undefined;
      branch.transaction.discard();
      this.#branchDone(branch, { status: 487 });
    });
    const cancel = createCancel(branch.transaction.request, branch.cancelReason);
    new ClientTransaction(this.#proxy.transactions, cancel, branch.transaction.flow, IGNORED).start();
  }

  #branchDone(branch: Branch, outcome: Outcome): void {
    if (branch.done) return;
    this.#end(branch);
    branch.media?.over();
    const { target } = branch;
    // RFC 5626 section 7: the next flow of the same instance, when this one has failed.
    if ((outcome.status === 430 || (outcome.status === 408 && outcome.response === undefined)) && !this.#ending) {
      const [next, ...alternatives] = target.alternatives ?? [];
      if (next !== undefined && !branch.cancelled) {
        this.#startBranch({ ...next, alternatives }, Math.max(1, this.#breadth));
        return;
      }
    }
    this.#record(outcome);
    if (this.#pending === 0 && !this.#answered && !this.#starting) this.#nextGroup();
  }

  #end(branch: Branch): void {
    branch.done = true;
    branch.waiting = false;
    branch.timer?.close();
    branch.timer = undefined;
    this.#pending -= 1;
  }

  // --- responses (RFC 3261 section 16.7)

  onResponse(response: Response, transaction: ClientTransaction): void {
    // 1. Find the branch
    const branch = this.#branch(transaction);
    if (branch === undefined) return;
    const { status } = response;
    // 2. Timer C
    if (status < 200) {
      if (branch.cancelled) this.#cancelBranch(branch);
      else if (this.#invite && status > 100) this.#startTimerC(branch);
      if (status === 100) return;
    }
    // 3. Remove the top Via
    response.removeFirstValue('via');
    if (!response.has('via')) {
      // It has lost the way back: as good as none (a 100 at least keeps the branch alive).
      if (status >= 200) this.#branchDone(branch, { status: 502 });
      return;
    }
    if (branch.media === undefined) this.#receive(response, branch);
    else branch.media.receive(response);
  }

  #receive(response: Response, branch: Branch): void {
    const { status } = response;
    // 4, 5. Provisional and 2xx go up at once
    if (status < 200) {
      if (!this.#answered) this.#send(response, branch);
      return;
    }
    if (status < 300) {
      const first = !this.#answered;
      if (first || this.#invite) this.#send(response, branch);
      this.#finallyAnswered();
      this.#groups = [];
      if (!branch.done) this.#end(branch);
      // 10. The others are told why (RFC 3326)
      if (first) {
        this.#stopRinging();
        this.#cancelBranches('SIP;cause=200;text="Call completed elsewhere"');
        // The context stays for timers L and M, 32 s, in case another branch answers 2xx: its messages need not.
        this.#inbound = this.#best = this.#challenges = undefined;
      }
      return;
    }
    if (branch.done) return;
    const wanted = !this.#ending && !branch.cancelled && !this.#answered;
    const verdict = wanted ? branch.media?.refused(response) : undefined;
    if (verdict?.retry === undefined) this.#refused(verdict?.response ?? response, branch);
    else {
      this.#end(branch);
      this.#startBranch(branch.target, Math.max(1, this.#breadth), verdict.retry);
    }
  }

  #refused(response: Response, branch: Branch): void {
    const { status } = response;
    if (status >= 600) {
      // No new branches; the pending ones are cancelled, and then the 6xx goes up.
      this.#ending = true;
      this.#groups = [];
      this.#end(branch);
      branch.media?.over();
      this.#record({ status, response, branch });
      this.#cancelBranches();
      if (this.#pending === 0) this.#finish();
      return;
    }
    this.#branchDone(branch, { status, response, branch });
  }

  onTimeout(transaction: ClientTransaction): void {
    const branch = this.#branch(transaction);
    if (branch !== undefined) this.#branchDone(branch, { status: 408 });
  }

  onTransportError(transaction: ClientTransaction): void {
    const branch = this.#branch(transaction);
    if (branch === undefined) return;
    this.#proxy.unreachable(branch.target);
    this.#branchDone(branch, { status: 430 });
  }

  #record(outcome: Outcome): void {
    const { status, response } = outcome;
    // 7. Challenges of all branches go up together
    if (response !== undefined && (status === 401 || status === 407)) {
      this.#challenges ??= [];
      for (const name of ['www-authenticate', 'proxy-authenticate'])
        for (const value of response.all(name)) this.#challenges.push([name, value]);
    }
    if (betterResponse(outcome, this.#best)) this.#best = outcome;
  }

  /** 6. The best response */
  #finish(): void {
    if (this.#answered) return;
    this.#finallyAnswered();
    this.#stopRinging();
    let { status, response, branch } = this.#best ?? ({ status: this.#ending ? 487 : 480 } as Outcome);
    if (status === 408 && !this.#invite) {
      this.server.abandon(); // RFC 4320 section 4.2
      return;
    }
    // A flow that failed is 430 to whoever asked for that flow, and nobody at home to all others.
    if (status === 430 && this.inbound.token === undefined) [status, response] = [480, undefined];
    // 16.7 step 6: a 503 of a branch is about our next hop, not us
    if (status === 503 && branch !== undefined) [status, response] = [500, undefined];
    if (response === undefined) this.#send(makeResponse(this.server.request, status, undefined), undefined);
    else {
      if (this.#challenges !== undefined && (status === 401 || status === 407)) this.#aggregate(response);
      this.#send(response, branch);
    }
  }

  #aggregate(response: Response): void {
    response.remove('www-authenticate');
    response.remove('proxy-authenticate');
    for (const [name, value] of this.#challenges!) response.append(name!, value!);
  }

  #send(response: Response, branch: Branch | undefined): void {
    this.#proxy.upstream(this, response, branch);
    this.server.respond(response);
  }

  /** A final response goes up: whoever drains waits for it no longer, though its transaction stays for a while. */
  #finallyAnswered(): void {
    this.#answered = true;
    this.#proxy.contexts.delete(this);
  }

  #stopRinging(): void {
    this.#ringTimer?.close();
    this.#ringTimer = undefined;
  }

  onTerminated(): void {
    this.#stopRinging();
    for (const branch of this.#branches) {
      branch.timer?.close();
      if (branch.cancelled && !branch.done) branch.transaction.discard(); // cancelled, and nothing more was heard
      branch.media?.settle();
    }
    this.#proxy.contexts.delete(this);
    if (this.#invite) flowState(this.flow).dependents?.delete(this);
    this.#proxy.over(this);
    this.whenDone?.();
  }
}

/** Nobody waits for the answer to a CANCEL: the INVITE's own says it all. */
const IGNORED: ClientUser = { onResponse() {}, onTimeout() {}, onTransportError() {} };
