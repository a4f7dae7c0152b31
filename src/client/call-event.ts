import type { Call } from './call.ts';
import type { ClientError } from './errors.ts';

/**
 * `calling`: the INVITE is out, nobody rings yet. `ringing`: the other side's phone rings, or this one should.
 * `connecting`: answered here, not yet confirmed. `active`: both sides have agreed. `ended`: for good.
 */
export type CallState = 'calling' | 'ringing' | 'connecting' | 'active' | 'ended';

export interface CallEnd {
  /** `network`: nobody wanted it to end. */
  by: 'local' | 'remote' | 'network';
  /** Of a call that was not answered: the final response's. */
  status?: number;
  /** For people: the response's reason phrase, or a word of our own. */
  reason: string;
  /** Another device of this person, or another person who was called too, has answered. */
  elsewhere?: boolean;
  /** Another call took its place (attended transfer); that call goes on. */
  replaced?: boolean;
  /** It failed here: no microphone, no connection. */
  error?: ClientError;
}

export interface TransferProgress {
  /** The SIP status of the new call as the other side reports it: 100, 180, 200, 486, ... */
  status: number;
  reason: string;
  final: boolean;
}

export interface CallEvents {
  /** Anything that a view shows has changed: any property of the call, or its streams. Comes with every other event. */
  change: undefined;
  state: CallState;
  /** The last event. */
  ended: CallEnd;
  /** The other side holds us, or no longer does. */
  remoteHold: boolean;
  /** A key was pressed on the other side and came by INFO; tones in RTP are heard, not told. */
  dtmf: { tone: string; duration: number };
  /** The transfer that was asked for here makes its way. */
  transfer: TransferProgress;
  /** The other side has transferred us: this is the call that takes the place. */
  transferred: Call;
  /** Media connection lost or back; while it is lost, ICE is restarted by itself. */
  interrupted: boolean;
  /** Something failed that nobody waits for, such as an ICE restart. */
  error: ClientError;
}
