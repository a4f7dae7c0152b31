import type { Output } from '../machine.ts';
import { createResponse } from './create.ts';
import type { Request, Response } from './message.ts';
import type { ServerTransactionEvent } from './server-transaction-event.ts';
import { DEFAULT_TIMERS, type TimerValues, TRYING_DELAY, transactionTimeout } from './timers.ts';
import type { InviteServerTransactionOptions } from './transaction-options.ts';
import type { Transitions } from './transitions.ts';

export type InviteServerState = 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated';
export type InviteServerTimer = 'trying' | 'G' | 'H' | 'I' | 'L';
type Input =
  | 'start'
  | 'INVITE'
  | 'ACK'
  | 'respond 1xx'
  | 'respond 2xx'
  | 'respond 3xx-6xx'
  | InviteServerTimer
  | 'transportError'
  | 'abandon';
type Action =
  | 'sendResponse'
  | 'resendResponse'
  | 'sendTrying'
  | 'startTrying'
  | 'startG'
  | 'startH'
  | 'startI'
  | 'startL'
  | 'stopTrying'
  | 'stopG'
  | 'stopH'
  | 'stopI'
  | 'stopL'
  | 'deliverAck'
  | 'timeout'
  | 'fail'
  | 'end';

/**
 * RFC 3261 section 17.2.1 as changed by RFC 6026 (state `accepted`, timer L).
 *
 * Laws: a retransmitted INVITE is never seen by the user; it is answered with the latest provisional or non-2xx final
 * response, and after a 2xx with nothing, as the user retransmits that by itself (13.3.1.4): each 2xx it hands over is
 * sent. Only an ACK after a 2xx is delivered. A response that cannot be sent changes no state (RFC 6026 section 8.8).
 * A timer of zero fires at once. From `terminated` there is no way back. `abandon` is not the RFC's: the user has died.
 */
export const INVITE_SERVER_TRANSITIONS: Transitions<InviteServerState, Input, Action> = {
  proceeding: {
    start: ['proceeding', 'startTrying'],
    trying: ['proceeding', 'sendTrying'],
    INVITE: ['proceeding', 'resendResponse'],
    'respond 1xx': ['proceeding', 'stopTrying', 'sendResponse'],
    'respond 2xx': ['accepted', 'stopTrying', 'sendResponse', 'startL'],
    'respond 3xx-6xx': ['completed', 'stopTrying', 'sendResponse', 'startG', 'startH'],
    transportError: ['proceeding', 'fail'],
    abandon: ['terminated', 'stopTrying', 'end'],
  },
  accepted: {
    ACK: ['accepted', 'deliverAck'],
    'respond 2xx': ['accepted', 'sendResponse'],
    L: ['terminated', 'end'],
    transportError: ['accepted', 'fail'],
    abandon: ['terminated', 'stopL', 'end'],
  },
  completed: {
    INVITE: ['completed', 'resendResponse'],
    ACK: ['confirmed', 'stopG', 'stopH', 'startI'],
    G: ['completed', 'resendResponse', 'startG'],
    H: ['terminated', 'stopG', 'timeout', 'end'],
    transportError: ['completed', 'fail'],
    abandon: ['terminated', 'stopG', 'stopH', 'end'],
  },
  confirmed: {
    I: ['terminated', 'end'],
    abandon: ['terminated', 'stopI', 'end'],
  },
  terminated: {},
};

type Outputs = Output<Response, InviteServerTimer, ServerTransactionEvent>[];

export class InviteServerTransaction {
  private invite: Request | undefined;
  private readonly reliable: boolean;
  private readonly timers: TimerValues;
  /** The 100 is still owed. */
  private trying: boolean;
  private current: InviteServerState = 'proceeding';
  private intervalG: number;
  private latest: Response | undefined;

  constructor(request: Request, options: InviteServerTransactionOptions) {
    this.invite = request;
    this.reliable = options.reliable;
    this.timers = options.timers ?? DEFAULT_TIMERS;
    this.trying = options.automaticTrying !== false;
    this.intervalG = this.timers.t1;
  }

  get state(): InviteServerState {
    return this.current;
  }

  get request(): Request {
    if (this.invite === undefined) throw new Error('The INVITE was released.');
    return this.invite;
  }

  /** Once `accepted` nothing is made of the messages any more, and they may be large: lets go of them until timer L. */
  release(): void {
    if (this.current === 'accepted') this.invite = this.latest = undefined;
  }

  start(_now: number): Outputs {
    return this.step('start');
  }

  /** A retransmission of the INVITE, or an ACK. */
  receive(request: Request, _now: number): Outputs {
    return request.method === 'ACK' ? this.step('ACK', request) : this.step('INVITE');
  }

  respond(response: Response, _now: number): Outputs {
    const status = response.status;
    return this.step(
      status < 200 ? 'respond 1xx' : status < 300 ? 'respond 2xx' : 'respond 3xx-6xx',
      undefined,
      response,
    );
  }

  timer(name: InviteServerTimer, _now: number): Outputs {
    return this.step(name);
  }

  transportError(_now: number): Outputs {
    return this.step('transportError');
  }

  /** Ends without a (further) response. */
  abandon(_now: number): Outputs {
    return this.step('abandon');
  }

  private step(input: Input, request?: Request, response?: Response, outputs: Outputs = []): Outputs {
    const transition = INVITE_SERVER_TRANSITIONS[this.current][input];
    if (transition === undefined) return outputs;
    this.current = transition[0];
    if (response !== undefined) this.latest = response;
    for (let i = 1; i < transition.length; i++) this.perform(transition[i] as Action, request, outputs);
    return outputs;
  }

  private perform(action: Action, request: Request | undefined, outputs: Outputs): void {
    switch (action) {
      case 'sendResponse':
      case 'resendResponse':
        if (this.latest !== undefined) outputs.push({ type: 'send', message: this.latest });
        break;
      case 'sendTrying':
        this.trying = false;
        this.latest = createResponse(this.request, 100);
        outputs.push({ type: 'send', message: this.latest });
        break;
      case 'startTrying':
        if (this.trying) outputs.push({ type: 'setTimer', name: 'trying', delay: TRYING_DELAY });
        break;
      case 'stopTrying':
        if (this.trying) outputs.push({ type: 'clearTimer', name: 'trying' });
        this.trying = false;
        break;
      case 'startG':
        if (this.reliable) break;
        outputs.push({ type: 'setTimer', name: 'G', delay: this.intervalG });
        this.intervalG = Math.min(2 * this.intervalG, this.timers.t2);
        break;
      case 'startH':
        outputs.push({ type: 'setTimer', name: 'H', delay: transactionTimeout(this.timers) });
        break;
      case 'startI':
        if (this.reliable) this.step('I', undefined, undefined, outputs);
        else outputs.push({ type: 'setTimer', name: 'I', delay: this.timers.t4 });
        break;
      case 'startL':
        outputs.push({ type: 'setTimer', name: 'L', delay: transactionTimeout(this.timers) });
        break;
      case 'stopG':
        if (!this.reliable) outputs.push({ type: 'clearTimer', name: 'G' });
        break;
      case 'stopH':
        outputs.push({ type: 'clearTimer', name: 'H' });
        break;
      case 'stopI':
        outputs.push({ type: 'clearTimer', name: 'I' });
        break;
      case 'stopL':
        outputs.push({ type: 'clearTimer', name: 'L' });
        break;
      case 'deliverAck':
        if (request !== undefined) outputs.push({ type: 'event', event: { type: 'ack', request } });
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
