import type { Output } from '../machine.ts';
import type { ClientTransactionEvent } from './client-transaction-event.ts';
import type { Request, Response } from './message.ts';
import { DEFAULT_TIMERS, type TimerValues, transactionTimeout } from './timers.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { Transitions } from './transitions.ts';

export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type NonInviteClientTimer = 'E' | 'F' | 'K';
type Input = 'start' | '1xx' | '2xx-6xx' | NonInviteClientTimer | 'transportError';
type Action =
  | 'sendRequest'
  | 'startE'
  | 'startE=T2'
  | 'startF'
  | 'startK'
  | 'stopE'
  | 'stopF'
  | 'deliver'
  | 'timeout'
  | 'fail'
  | 'end';

/**
 * RFC 3261 section 17.1.2.
 *
 * Laws: on an unreliable transport the request is retransmitted until a final response, at intervals that double from T1
 * to T2 in `trying` and stay at T2 in `proceeding`; F ends it in either. One final response is delivered; its
 * retransmissions are absorbed for T4. A timer of zero fires at once. From `terminated` there is no way back.
 */
export const NON_INVITE_CLIENT_TRANSITIONS: Transitions<NonInviteClientState, Input, Action> = {
  trying: {
    start: ['trying', 'sendRequest', 'startE', 'startF'],
    E: ['trying', 'sendRequest', 'startE'],
    F: ['terminated', 'stopE', 'timeout', 'end'],
    '1xx': ['proceeding', 'deliver'],
    '2xx-6xx': ['completed', 'stopE', 'stopF', 'deliver', 'startK'],
    transportError: ['terminated', 'stopE', 'stopF', 'fail', 'end'],
  },
  proceeding: {
    E: ['proceeding', 'sendRequest', 'startE=T2'],
    F: ['terminated', 'stopE', 'timeout', 'end'],
    '1xx': ['proceeding', 'deliver'],
    '2xx-6xx': ['completed', 'stopE', 'stopF', 'deliver', 'startK'],
    transportError: ['terminated', 'stopE', 'stopF', 'fail', 'end'],
  },
  completed: {
    K: ['terminated', 'end'],
  },
  terminated: {},
};

type Outputs = Output<Request, NonInviteClientTimer, ClientTransactionEvent>[];

export class NonInviteClientTransaction {
  readonly request: Request;
  private readonly reliable: boolean;
  private readonly timers: TimerValues;
  private current: NonInviteClientState = 'trying';
  private intervalE: number;

  constructor(request: Request, options: TransactionOptions) {
    this.request = request;
    this.reliable = options.reliable;
    this.timers = options.timers ?? DEFAULT_TIMERS;
    this.intervalE = this.timers.t1;
  }

  get state(): NonInviteClientState {
    return this.current;
  }

  start(_now: number): Outputs {
    return this.step('start');
  }

  receive(response: Response, _now: number): Outputs {
    return this.step(response.status < 200 ? '1xx' : '2xx-6xx', response);
  }

  timer(name: NonInviteClientTimer, _now: number): Outputs {
    return this.step(name);
  }

  transportError(_now: number): Outputs {
    return this.step('transportError');
  }

  private step(input: Input, response?: Response, outputs: Outputs = []): Outputs {
    const transition = NON_INVITE_CLIENT_TRANSITIONS[this.current][input];
    if (transition === undefined) return outputs;
    this.current = transition[0];
    for (let i = 1; i < transition.length; i++) this.perform(transition[i] as Action, response, outputs);
    return outputs;
  }

  private perform(action: Action, response: Response | undefined, outputs: Outputs): void {
    switch (action) {
      case 'sendRequest':
        outputs.push({ type: 'send', message: this.request });
        break;
      case 'startE':
        if (this.reliable) break;
        outputs.push({ type: 'setTimer', name: 'E', delay: this.intervalE });
        this.intervalE = Math.min(2 * this.intervalE, this.timers.t2);
        break;
      case 'startE=T2':
        outputs.push({ type: 'setTimer', name: 'E', delay: this.timers.t2 });
        break;
      case 'startF':
        outputs.push({ type: 'setTimer', name: 'F', delay: transactionTimeout(this.timers) });
        break;
      case 'startK':
        if (this.reliable) this.step('K', undefined, outputs);
        else outputs.push({ type: 'setTimer', name: 'K', delay: this.timers.t4 });
        break;
      case 'stopE':
        if (!this.reliable) outputs.push({ type: 'clearTimer', name: 'E' });
        break;
      case 'stopF':
        outputs.push({ type: 'clearTimer', name: 'F' });
        break;
      case 'deliver':
        if (response !== undefined) outputs.push({ type: 'event', event: { type: 'response', response } });
        break;
      case 'timeout':
        outputs.push({ type: 'event', event: { type: 'timeout' } });
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
