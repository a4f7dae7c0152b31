import type { Output } from '../machine.ts';
import type { Request, Response } from './message.ts';
import type { ServerTransactionEvent } from './server-transaction-event.ts';
import { DEFAULT_TIMERS, type TimerValues, transactionTimeout } from './timers.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { Transitions } from './transitions.ts';

export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type NonInviteServerTimer = 'J';
type Input =
  | 'start'
  | 'request'
  | 'respond 1xx'
  | 'respond 2xx-6xx'
  | NonInviteServerTimer
  | 'transportError'
  | 'abandon';
type Action = 'sendResponse' | 'resendResponse' | 'startJ' | 'stopJ' | 'fail' | 'end';

/**
 * RFC 3261 section 17.2.2 as changed by RFC 4320 and RFC 6026.
 *
 * Laws: a retransmitted request is never seen by the user; it is answered with the latest response, if there is one.
 * The first final response is the only one. No provisional but 100, and no 100 over an unreliable transport before the
 * client's timer E has reached T2; no 408 (RFC 4320 section 4): whoever cannot answer in time is to `abandon`, as the
 * late answer would only be absorbed upstream (RFC 4321). A response that cannot be sent changes no state (RFC 6026
 * section 8.8). A timer of zero fires at once. From `terminated` there is no way back.
 */
export const NON_INVITE_SERVER_TRANSITIONS: Transitions<NonInviteServerState, Input, Action> = {
  trying: {
    start: ['trying'],
    'respond 1xx': ['proceeding', 'sendResponse'],
    'respond 2xx-6xx': ['completed', 'sendResponse', 'startJ'],
    transportError: ['trying', 'fail'],
    abandon: ['terminated', 'end'],
  },
  proceeding: {
    request: ['proceeding', 'resendResponse'],
    'respond 1xx': ['proceeding', 'sendResponse'],
    'respond 2xx-6xx': ['completed', 'sendResponse', 'startJ'],
    transportError: ['proceeding', 'fail'],
    abandon: ['terminated', 'end'],
  },
  completed: {
    request: ['completed', 'resendResponse'],
    J: ['terminated', 'end'],
    transportError: ['completed', 'fail'],
    abandon: ['terminated', 'stopJ', 'end'],
  },
  terminated: {},
};

type Outputs = Output<Response, NonInviteServerTimer, ServerTransactionEvent>[];

export class NonInviteServerTransaction {
  private asked: Request | undefined;
  private readonly reliable: boolean;
  private readonly timers: TimerValues;
  private current: NonInviteServerState = 'trying';
  private startedAt = 0;
  private latest: Response | undefined;

  constructor(request: Request, options: TransactionOptions) {
    this.asked = request;
    this.reliable = options.reliable;
    this.timers = options.timers ?? DEFAULT_TIMERS;
  }

  get state(): NonInviteServerState {
    return this.current;
  }

  get request(): Request {
    if (this.asked === undefined) throw new Error('The request was released.');
    return this.asked;
  }

  /** Once `completed` only the response is needed, until timer J: lets go of the request. */
  release(): void {
    if (this.current === 'completed') this.asked = undefined;
  }

  start(now: number): Outputs {
    this.startedAt = now;
    return this.step('start');
  }

  /** A retransmission of the request. */
  receive(_request: Request, _now: number): Outputs {
    return this.step('request');
  }

  /** A response that RFC 4320 forbids is dropped: the outputs are then empty. */
  respond(response: Response, now: number): Outputs {
    const status = response.status;
    if (status === 408) return [];
    if (status >= 200) return this.step('respond 2xx-6xx', response);
    return status === 100 && this.mayTry(now) ? this.step('respond 1xx', response) : [];
  }

  timer(name: NonInviteServerTimer, _now: number): Outputs {
    return this.step(name);
  }

  transportError(_now: number): Outputs {
    return this.step('transportError');
  }

  /** Ends without a (further) response. */
  abandon(_now: number): Outputs {
    return this.step('abandon');
  }

  /** T1 + 2*T1 + ... < T2: by T2 - T1 the client's timer E has reached T2 (RFC 4320 section 4.1). */
  private mayTry(now: number): boolean {
    return this.reliable || now - this.startedAt >= this.timers.t2 - this.timers.t1;
  }

  private step(input: Input, response?: Response, outputs: Outputs = []): Outputs {
    const transition = NON_INVITE_SERVER_TRANSITIONS[this.current][input];
    if (transition === undefined) return outputs;
    this.current = transition[0];
    if (response !== undefined) this.latest = response;
    for (let i = 1; i < transition.length; i++) this.perform(transition[i] as Action, outputs);
    return outputs;
  }

  private perform(action: Action, outputs: Outputs): void {
    switch (action) {
      case 'sendResponse':
      case 'resendResponse':
        if (this.latest !== undefined) outputs.push({ type: 'send', message: this.latest });
        break;
      case 'startJ':
        if (this.reliable) this.step('J', undefined, outputs);
        else outputs.push({ type: 'setTimer', name: 'J', delay: transactionTimeout(this.timers) });
        break;
      case 'stopJ':
        if (!this.reliable) outputs.push({ type: 'clearTimer', name: 'J' });
        break;
      case 'fail':
        outputs.push({ type: 'event', event: { type: 'transportError' } });
        break;
      case 'end':
        outputs.push({ type: 'event', event: { type: 'terminated' } });
        break;
    }
  }
}
