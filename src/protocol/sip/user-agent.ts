import type { ByteString } from '../byte-string.ts';
import type { Body, CallName, CallSnapshot, ExtraFields, UserAgentOutput } from './user-agent-event.ts';
import type { UserAgentOptions } from './user-agent-options.ts';

export interface InviteOptions {
  /** None: the peer is to offer (delayed offer): event `offer`, then `answer()`. */
  readonly offer?: Body;
  readonly fields?: ExtraFields;
  /** Take the place of this call of ours at the target: its dialog goes into Replaces (RFC 3891). */
  readonly replaces?: CallName;
}

export interface RingOptions {
  /** 101 to 199. Default: 180. */
  readonly status?: number;
  readonly reason?: string;
  /** The answer (early media), or the offer when the INVITE had none. */
  readonly body?: Body;
  /** Default: reliable (RFC 3262) when there is a body and the caller supports it, or when the caller requires it. */
  readonly reliable?: boolean;
  readonly fields?: ExtraFields;
}

export interface EndOptions {
  /** Of a rejection. Default: 486 for `reject`, 603 for `hangUp` of a call that rings. */
  readonly status?: number;
  readonly reason?: string;
  /** E.g. `['Reason', 'SIP;cause=200;text="Call completed elsewhere"']`, `['Contact', '<sip:bob2@example.test>']`. */
  readonly fields?: ExtraFields;
}

export interface RequestOptions {
  readonly body?: Body;
  readonly fields?: ExtraFields;
  /** Send it in the dialog of this call; `target` is then not used. */
  readonly call?: CallName;
}

/**
 * A SIP user agent without I/O (RFC 3261 section 8): registration, calls, transfer, messages over one transport at a time.
 * Everything it wants done comes back as outputs, in order. Misuse by the caller (an unknown call, a state in which the
 * command makes no sense) throws an `Error`; nothing that is received ever does.
 */
export class UserAgent {
  constructor(_options: UserAgentOptions) {}

  /** One SIP message from the transport. */
  receive(_text: ByteString, _now: number): UserAgentOutput[] {
    return [];
  }

  timer(_name: string, _now: number): UserAgentOutput[] {
    return [];
  }

  /**
   * A transport is there: the first, or a new connection in place of a lost one. Calls go on over it; registers again
   * when `register` was in force. Requests that wait for an answer over udp are left alone; over a new connection those
   * sent on the old one have been ended by `transportLost`.
   */
  transportConnected(_now: number): UserAgentOutput[] {
    return [];
  }

  /** The connection is gone: pending client transactions end (503). Established calls and their timers stay. */
  transportLost(_now: number): UserAgentOutput[] {
    return [];
  }

  /** Registers and keeps it refreshed until `unregister`; also to be called after `registrationFailed`, when it suits. */
  register(_now: number): UserAgentOutput[] {
    return [];
  }

  /** Removes this contact's binding: event `unregistered` whatever the answer. */
  unregister(_now: number): UserAgentOutput[] {
    return [];
  }

  /** Calls `target` (a URI). `call` is the caller's choice of a name that is not in use. */
  invite(_call: CallName, _target: ByteString, _options: InviteOptions, _now: number): UserAgentOutput[] {
    return [];
  }

  /** A provisional response to an incoming call. Without it, the caller hears of nothing but 100. */
  ring(_call: CallName, _options: RingOptions, _now: number): UserAgentOutput[] {
    return [];
  }

  /**
   * 200 to an incoming call, repeated until acknowledged. `body`: the answer, or the offer when the INVITE had none;
   * to be left out when `ring` has reliably carried the answer. Waits for an outstanding PRACK by itself.
   */
  accept(_call: CallName, _body: Body | undefined, _now: number, _fields?: ExtraFields): UserAgentOutput[] {
    return [];
  }

  /** A final response >= 300 to an incoming call. */
  reject(_call: CallName, _options: EndOptions, _now: number): UserAgentOutput[] {
    return [];
  }

  /** Ends a call whatever its state: CANCEL, BYE or a rejection, now or as soon as the RFC allows. `ended` follows. */
  hangUp(_call: CallName, _options: EndOptions, _now: number): UserAgentOutput[] {
    return [];
  }

  /**
   * Offers anew in a call: by re-INVITE, or UPDATE if asked for. Ends in `answer` and `refreshed`, or in `offerFailed`.
   * Without an offer it only refreshes the session timer and the target (e.g. after a network change). Throws when an
   * offer is open (`call(name).stable` is false).
   */
  renegotiate(
    _call: CallName,
    _offer: Body | undefined,
    _now: number,
    _options?: { method?: 'INVITE' | 'UPDATE'; fields?: ExtraFields },
  ): UserAgentOutput[] {
    return [];
  }

  /** The answer to `offer`, or the offer that `offerRequested` asks for. Goes out in whatever message has to carry it. */
  answer(_call: CallName, _body: Body, _now: number, _leg?: string): UserAgentOutput[] {
    return [];
  }

  /** Refuses `offer` or `offerRequested` with 488 (default) or another status; the former session goes on. */
  rejectOffer(_call: CallName, _now: number, _options?: EndOptions): UserAgentOutput[] {
    return [];
  }

  /**
   * Transfers the peer of `call`: blind to a URI, attended to the peer of another of our calls. `refer` names it in
   * `referProgress`. The caller hangs up `call` when it likes, usually at the final 200; notifications still come after.
   */
  refer(_call: CallName, _refer: string, _to: ByteString | { call: CallName }, _now: number): UserAgentOutput[] {
    return [];
  }

  /** Does what `refer` asked: 202, then an INVITE as the call `call`, whose progress is reported to the referrer. */
  acceptRefer(_refer: string, _call: CallName, _options: InviteOptions, _now: number): UserAgentOutput[] {
    return [];
  }

  rejectRefer(_refer: string, _now: number, _options?: EndOptions): UserAgentOutput[] {
    return [];
  }

  /** A DTMF tone by INFO (application/dtmf-relay). `tone`: one of 0-9 * # A-D; `duration` in milliseconds. */
  sendDtmf(_request: string, _call: CallName, _tone: string, _duration: number, _now: number): UserAgentOutput[] {
    return [];
  }

  /** MESSAGE (RFC 3428). `request` names it in the event `response`. */
  message(_request: string, _target: ByteString, _body: Body, _now: number, _fields?: ExtraFields): UserAgentOutput[] {
    return [];
  }

  /** Any other non-INVITE request: OPTIONS, INFO, ... `request` names it in the event `response`. */
  request(
    _request: string,
    _method: string,
    _target: ByteString,
    _options: RequestOptions,
    _now: number,
  ): UserAgentOutput[] {
    return [];
  }

  call(_call: CallName): CallSnapshot | undefined {
    return undefined;
  }
}
