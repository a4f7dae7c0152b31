import type { Output } from '../machine.ts';
import { createAck } from './ack.ts';
import type { ClientTransactionEvent } from './client-transaction-event.ts';
import type { Request, Response } from './message.ts';
import { DEFAULT_TIMERS, type TimerValues, transactionTimeout } from './timers.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { Transitions } from './transitions.ts';

export type InviteClientState = 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated';
export type InviteClientTimer = 'A' | 'B' | 'D' | 'M';
type Input = 'start' | '1xx' | '2xx' | '3xx-6xx' | InviteClientTimer | 'transportError';
type Action =
  | 'sendRequest'
  | 'sendAck'
  | 'startA'
  | 'startB'
  | 'startD'
  | 'startM'
  | 'stopA'
  | 'stopB'
  | 'stopD'
  | 'deliver'
  | 'timeout'
  | 'fail'
  | 'end';

/**
 * RFC 3261 section 17.1.1 as changed by RFC 6026 (state `accepted`, timer M).
 *
 * Laws: the INVITE is retransmitted only in `calling` and only on an unreliable transport (A doubles, B ends it).
 * Every non-2xx final response is answered with the same ACK, delivered once. Every 2xx is delivered, retransmissions
 * and other forks' included: their ACKs are the user's business. A timer of zero fires at once. From `terminated` there
 * is no way back. A flow that died in `proceeding` can bring no response any more, so that is a transport error too.
 */
export const INVITE_CLIENT_TRANSITIONS: Transitions<InviteClientState, Input, Action> = {
  calling: {
    start: ['calling', 'sendRequest', 'startA', 'startB'],
    A: ['calling', 'sendRequest', 'startA'],
    B: ['terminated', 'stopA', 'timeout', 'end'],
    '1xx': ['proceeding', 'stopA', 'stopB', 'deliver'],
    '2xx': ['accepted', 'stopA', 'stopB', 'startM', 'deliver'],
    '3xx-6xx': ['completed', 'stopA', 'stopB', 'sendAck', 'deliver', 'startD'],
    transportError: ['terminated', 'stopA', 'stopB', 'fail', 'end'],
  },
  proceeding: {
    '1xx': ['proceeding', 'deliver'],
    '2xx': ['accepted', 'startM', 'deliver'],
    '3xx-6xx': ['completed', 'sendAck', 'deliver', 'startD'],
    transportError: ['terminated', 'fail', 'end'],
  },
  accepted: {
    '2xx': ['accepted', 'deliver'],
    M: ['terminated', 'end'],
  },
  completed: {
    '3xx-6xx': ['completed', 'sendAck'],
    D: ['terminated', 'end'],
    transportError: ['terminated', 'stopD', 'fail', 'end'],
  },
  terminated: {},
};

type Outputs = Output<Request, InviteClientTimer, ClientTransactionEvent>[];

export class InviteClientTransaction {
  private invite: Request | undefined;
  private readonly reliable: boolean;
  private readonly timers: TimerValues;
  private current: InviteClientState = 'calling';
  private intervalA: number;
  private ack: Request | undefined;

  constructor(request: Request, options: TransactionOptions) {
    this.invite = request;
    this.reliable = options.reliable;
    this.timers = options.timers ?? DEFAULT_TIMERS;
    this.intervalA = this.timers.t1;
  }

  get state(): InviteClientState {
    return this.current;
  }

  get request(): Request {
    if (this.invite === undefined) throw new Error('The INVITE was released.');
    return this.invite;
  }

  /** Once `accepted` nothing is made of the INVITE any more, and it may be large: lets go of it until timer M. */
  release(): void {
    if (this.current === 'accepted') this.invite = undefined;
  }

  start(_now: number): Outputs {
    return this.step('start');
  }

  receive(response: Response, _now: number): Outputs {
    const status = response.status;
    return this.step(status < 200 ? '1xx' : status < 300 ? '2xx' : '3xx-6xx', response);
  }

  timer(name: InviteClientTimer, _now: number): Outputs {
    return this.step(name);
  }

  transportError(_now: number): Outputs {
    return this.step('transportError');
  }

  private step(input: Input, response?: Response, outputs: Outputs = []): Outputs {
    const transition = INVITE_CLIENT_TRANSITIONS[this.current][input];
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
      case 'sendAck':
        if (response !== undefined) this.ack ??= createAck(this.request, response);
        if (this.ack !== undefined) outputs.push({ type: 'send', message: this.ack });
        break;
      case 'startA':
        if (this.reliable) break;
        outputs.push({ type: 'setTimer', name: 'A', delay: this.intervalA });
        this.intervalA *= 2;
        break;
      case 'startB':
        outputs.push({ type: 'setTimer', name: 'B', delay: transactionTimeout(this.timers) });
        break;
      case 'startD':
        if (this.reliable) this.step('D', undefined, outputs);
        else outputs.push({ type: 'setTimer', name: 'D', delay: transactionTimeout(this.timers) });
        break;
      case 'startM':
        outputs.push({ type: 'setTimer', name: 'M', delay: transactionTimeout(this.timers) });
        break;
      case 'stopA':
        if (!this.reliable) outputs.push({ type: 'clearTimer', name: 'A' });
        break;
      case 'stopB':
        outputs.push({ type: 'clearTimer', name: 'B' });
        break;
      case 'stopD':
        outputs.push({ type: 'clearTimer', name: 'D' });
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
