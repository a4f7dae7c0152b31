// The media of one call that is relayed, or may be: what all its branches and dialogs share.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Request } from '../../protocol/sip/message.ts';
import type { CallRecord } from '../../storage/ports.ts';
import type { Clock } from '../../transport/clock.ts';
import type { LegStatistics, MediaBranch, MediaCall, MediaEngine, MediaEvent, MediaParty } from '../media/engine.ts';
import type { Call, Calls } from './calls.ts';
import type { DialogReason, DialogSide } from './dialog-end.ts';
import type { TokenSide } from './flow-token.ts';
import type { SipLimits } from './limits.ts';
import type { MediaDialog } from './media-dialog.ts';
import type { Logger } from './ports.ts';
import type { Profile } from './profile.ts';

export interface MediaParts {
  engine: MediaEngine;
  clock: Clock;
  limits: SipLimits;
  log: Logger;
  calls: Calls;
  /** Runs what comes back from the engine: a fault of ours ends what it belongs to. */
  run: (continuation: () => void) => void;
  /** Sends a request of our own within a dialog, to the side that is reached so; nobody waits for its answer. */
  send: (side: TokenSide, request: Request) => void;
  /** For the call's trace. */
  note: (callId: ByteString, text: string) => void;
}

/** An answer of the engine's: the description for the other side, or why there is none. */
export type Described = ByteString | ProtocolError;

export class CallMedia {
  readonly parts: MediaParts;
  readonly call: Call;
  readonly caller: MediaParty;
  readonly callerTag: ByteString;
  /** What BYEs of our own to the caller need; the callee's part comes with each dialog. */
  readonly ends: DialogSide;
  /** Something of it has been relayed. */
  relayed = false;
  /** By the callee's tag. */
  readonly dialogs = new Map<ByteString, MediaDialog>();
  #engineCall: MediaCall | undefined;
  readonly #open = new Set<MediaBranch>();
  /** Ended, and kept so that the caller's side stays the same until another branch has it. */
  #lingering: MediaBranch | undefined;
  readonly #statistics: Promise<LegStatistics[]>[] = [];

  constructor(parts: MediaParts, call: Call, caller: MediaParty, callerTag: ByteString, ends: DialogSide) {
    this.parts = parts;
    this.call = call;
    this.caller = caller;
    this.callerTag = callerTag;
    this.ends = ends;
  }

  get engine(): Exclude<CallRecord['media'], 'direct'> {
    return this.parts.engine.name;
  }

  /** Side of a new branch: its callee hears and is heard through the engine. */
  branch(callee: { profile: Profile; address: string }, onEvent: (event: MediaEvent) => void): MediaBranch {
    const { call, caller, callerTag, parts } = this;
    this.#engineCall ??= parts.engine.open({
      callId: call.callId,
      callerTag,
      caller,
      ...(call.caller !== undefined && { account: call.caller }),
    });
    this.relayed = true;
    const branch = this.#engineCall.branch(callee, (event) => parts.run(() => onEvent(event)));
    this.opened(branch);
    return branch;
  }

  opened(branch: MediaBranch): void {
    this.#open.add(branch);
    this.dropLingering();
  }

  /** A branch is over. `kept`: other targets may still be tried, for which the caller's side is to stay as it is. */
  closed(branch: MediaBranch, kept: boolean): void {
    if (!this.#open.delete(branch)) return;
    if (kept && this.#open.size === 0 && !this.call.over && this.call.answered === undefined) this.#lingering = branch;
    else this.#close(branch);
  }

  #close(branch: MediaBranch): void {
    this.#open.delete(branch);
    const closing = branch.close();
    closing.catch(() => {}); // told by close()
    this.#statistics.push(closing);
  }

  /** Asks the engine; the answer comes later, and never twice. */
  ask(question: () => Promise<ByteString>, then: (answer: Described) => void): void {
    const { clock, limits, run } = this.parts;
    let open = true;
    const settle = (answer: Described) => {
      if (!open) return;
      open = false;
      timer.close();
      run(() => then(answer));
    };
    const timer = clock.setTimer(limits.translation, () =>
      settle(new ProtocolError('MEDIA_TIMEOUT', 'Media Engine Does Not Answer', { status: 503 })),
    );
    const failed = (error: unknown) => {
      if (error instanceof ProtocolError) return settle(error);
      this.parts.log.error({ callId: this.call.callId, error: String(error) }, 'fault in the media engine');
      settle(new ProtocolError('MEDIA_FAILED', 'Media Engine Failed', { status: 500 }));
    };
    try {
      question().then(settle, failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Another target has answered, or this one: nothing is tried any more. */
  dropLingering(): void {
    if (this.#lingering !== undefined) this.#close(this.#lingering);
    this.#lingering = undefined;
  }

  /** Nobody hangs up, but it is over: BYE to both sides of every dialog that is up. */
  hangUp(reason: DialogReason, why: string): void {
    for (const dialog of [...this.dialogs.values()]) if (dialog.confirmed) dialog.end(reason, why);
  }

  /** The dialog with that callee's tag is over. */
  endDialog(calleeTag: ByteString): void {
    const dialog = this.dialogs.get(calleeTag);
    this.dialogs.delete(calleeTag);
    dialog?.close();
  }

  /** Of its dialogs that are up, as it is now. */
  async statistics(): Promise<LegStatistics[]> {
    const settled = await Promise.allSettled([...this.#open].map((branch) => branch.statistics()));
    return settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  /** All of it; what was counted. */
  async close(): Promise<LegStatistics[]> {
    for (const dialog of this.dialogs.values()) dialog.forget();
    this.dialogs.clear();
    for (const branch of this.#open) this.#close(branch);
    this.dropLingering();
    const settled = await Promise.allSettled(this.#statistics);
    const legs = settled.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    for (const leg of legs) this.parts.note(this.call.callId, inWords(leg));
    return legs;
  }
}

/** One leg, as the call's trace tells it. */
function inWords({ side, kind, codec, profile, received, sent, roundTrip, dropped }: LegStatistics): string {
  const refused = Object.entries(dropped).map(([reason, packets]) => `, ${packets} ${reason}`);
  return (
    `${side} ${kind} ${codec ?? 'unheard'} ${profile}: received ${received.packets} packets, ${received.lost} lost, ` +
    `jitter ${Math.round(received.jitter)} ms${refused.join('')}; sent ${sent.packets}` +
    (sent.lost === undefined ? '' : `, ${sent.lost} lost`) +
    (roundTrip === undefined ? '' : `; round trip ${Math.round(roundTrip)} ms`)
  );
}
