import type { ByteString } from '../byte-string.ts';
import type { Output } from '../machine.ts';
import type { Request, Response } from './message.ts';
import type { NameAddress } from './name-address.ts';

/** A message body, opaque to the user agent: a session description, a text, a DTMF relay. */
export interface Body {
  /** Content-Type, e.g. `application/sdp`. */
  readonly type: string;
  readonly content: ByteString;
}

/** Further header fields of a request or response, e.g. `[['Subject', 'lunch']]`. */
export type ExtraFields = readonly (readonly [name: string, value: ByteString])[];

/**
 * Names a call: chosen by whoever calls `invite`, by the user agent (`in-...`) for an incoming one. It is not the Call-ID.
 */
export type CallName = string;

/**
 * One dialog of a call: its remote tag. A forked outgoing call has one for each branch that answers; once a call is
 * accepted, only the accepted leg is left.
 */
export type LegName = string;

export type CallEnd =
  /** BYE. */
  | 'hungUp'
  /** CANCEL; an incoming one with `Reason: ...;text="Call completed elsewhere"` is `answeredElsewhere`. */
  | 'cancelled'
  | 'answeredElsewhere'
  /** A final response >= 300, in `status`. */
  | 'rejected'
  /** Nobody answered in time. */
  | 'timeout'
  /** The transport failed for the initial INVITE. */
  | 'transport'
  /** The accepted call was never acknowledged. */
  | 'noAck'
  /** The session timer ran out, or the peer has lost the dialog (481, 408). */
  | 'expired'
  /** Another call took its place (RFC 3891). */
  | 'replaced'
  /** The peer's messages make no sense: an answer is missing. */
  | 'protocol';

export type UserAgentEvent =
  // Registration
  | {
      type: 'registered';
      /** Seconds. */
      expires: number;
      publicGruu?: ByteString;
      temporaryGruu?: ByteString;
      serviceRoute: ByteString[];
      response: Response;
    }
  | { type: 'unregistered' }
  /** Nothing is retried by itself but 423 and the first challenge: the driver backs off and calls `register` again. */
  | { type: 'registrationFailed'; status: number; reason: ByteString; retryAfter?: number; response?: Response }

  // Calls
  | {
      type: 'incomingCall';
      call: CallName;
      callId: string;
      from: NameAddress;
      to: NameAddress;
      /** None: this side is to offer, in `ring` with a body or in `accept`. */
      offer?: Body;
      /** The call that it asks to take the place of (RFC 3891); it ends when this one is accepted. */
      replaces?: CallName;
      referredBy?: ByteString;
      request: Request;
    }
  /** A provisional response to our INVITE above 100. Its session description, if any, comes in an event of its own. */
  | { type: 'progress'; call: CallName; leg: LegName; status: number; reason: ByteString; response: Response }
  /**
   * Our INVITE was accepted by this leg. If our INVITE had an offer, `answer` has come before or comes next; if it had
   * none, `offer` comes next and the ACK waits for `answer()`.
   */
  | { type: 'accepted'; call: CallName; leg: LegName; response: Response }
  /** The dialog is established on both sides: the ACK is sent, or received. */
  | { type: 'confirmed'; call: CallName; leg: LegName }
  /** The last event of a call. `remote`: the peer's doing. */
  | {
      type: 'ended';
      call: CallName;
      cause: CallEnd;
      remote: boolean;
      status?: number;
      reason?: ByteString;
      response?: Response;
    }

  // Offer and answer (RFC 3264, RFC 6337)
  /** The peer offers: `answer()` or `rejectOffer()` it. `method` carried it (a response to it, when `inResponse`). */
  | { type: 'offer'; call: CallName; leg: LegName; body: Body; method: string; inResponse: boolean }
  /** The peer asks for an offer (a re-INVITE without one): give it with `answer()`, or `rejectOffer()`. */
  | { type: 'offerRequested'; call: CallName; leg: LegName }
  /**
   * The peer answers our offer. `final` false: a preview in an unreliable provisional response; the final one follows,
   * and legs of a forked call may each bring their own.
   */
  | { type: 'answer'; call: CallName; leg: LegName; body: Body; final: boolean }
  /**
   * Our offer of `renegotiate()` came to nothing: roll it back, the former session description holds. `retry`: it was
   * glare (491) or the peer's 500 with Retry-After; `offerDue` follows when it is time to try again.
   */
  | { type: 'offerFailed'; call: CallName; leg: LegName; status: number; reason: ByteString; retry: boolean }
  /** The peer refused or never acknowledged what we answered: roll back to the description before its offer. */
  | { type: 'offerAbandoned'; call: CallName; leg: LegName }
  | { type: 'offerDue'; call: CallName }
  /** `renegotiate()` without an offer (a mere refresh), or one whose answer has come, is complete. */
  | { type: 'refreshed'; call: CallName; leg: LegName }

  // Transfer (RFC 3515)
  /** The peer asks us to call somebody: `acceptRefer` or `rejectRefer`. */
  | {
      type: 'refer';
      call: CallName;
      refer: string;
      /** The URI to call, without its headers. */
      target: ByteString;
      /** The value for Replaces: an attended transfer. */
      replaces?: ByteString;
      referredBy?: ByteString;
      request: Request;
    }
  /** How the transfer we asked for goes: the status of the new call as the peer sees it, or of the REFER itself. */
  | { type: 'referProgress'; call: CallName; refer: string; status: number; reason: ByteString; final: boolean }

  // The rest
  | { type: 'dtmf'; call: CallName; tone: string; duration: number }
  | { type: 'info'; call: CallName; body?: Body; request: Request }
  /** Received and already answered with 200. `call`: it came in this call's dialog. */
  | { type: 'message'; from: NameAddress; to: NameAddress; body: Body; call?: CallName; request: Request }
  /** The final answer to `request()`, `message()`, `info()`, `sendDtmf()`. 408 and 503 may be of our own making: then without `response`. */
  | { type: 'response'; request: string; status: number; reason: ByteString; response?: Response }
  /** Something was received that is no SIP or breaks it: it has been answered or dropped. For a trace. */
  | { type: 'malformed'; code: string; message: string; text: ByteString };

/**
 * `send`: one SIP message for the transport. `setTimer`: call `timer(name, now)` after `delay` milliseconds; setting a
 * name anew replaces it. Carry them out in order; the events come last. Whoever gives commands from within an event should
 * carry their outputs out after the rest of these, or an `ended` may overtake the events before it.
 */
export type UserAgentOutput = Output<ByteString, string, UserAgentEvent>;

/** What is known of a call, for a user interface or an attended transfer. */
export interface CallSnapshot {
  readonly call: CallName;
  readonly callId: string;
  readonly outgoing: boolean;
  /** `early`: ringing or before; `accepted`: 2xx sent or received but not yet acknowledged. */
  readonly state: 'early' | 'accepted' | 'confirmed' | 'ended';
  readonly localTag: string;
  /** Of the accepted leg. */
  readonly remoteTag?: string;
  readonly remote: NameAddress;
  /** Methods the peer said it allows. */
  readonly remoteAllow: readonly string[];
  /** The peer said that it knows Replaces (RFC 3891). */
  readonly remoteReplaces: boolean;
  /** No offer is open: `renegotiate` would be sent at once. */
  readonly stable: boolean;
}
