// One INVITE: the caller's side, which all its branches share, and the thread that relays them.
import type { DescriptionLimits } from '../../../protocol/sdp/limits.ts';
import { SessionTranslation } from '../../../protocol/sdp/session-translation.ts';
import type { MediaBranch, MediaCall, MediaCallOptions, MediaEvent, MediaParty } from '../engine.ts';
import { EmbeddedBranch } from './embedded-branch.ts';
import type { EmbeddedEngine } from './embedded-engine.ts';
import type { MediaSide } from './media-side.ts';
import type { RelayThread } from './relay-thread.ts';

export class EmbeddedCall implements MediaCall {
  readonly id: string;
  readonly engine: EmbeddedEngine;
  readonly thread: RelayThread;
  readonly account: string | undefined;
  readonly caller: MediaSide;
  private branches = 0;

  constructor(id: string, engine: EmbeddedEngine, thread: RelayThread, { caller, account }: MediaCallOptions) {
    this.id = id;
    this.engine = engine;
    this.thread = thread;
    this.account = account;
    this.caller = engine.side(caller, thread, account);
  }

  get descriptionLimits(): Partial<DescriptionLimits> {
    return this.engine.descriptionLimits;
  }

  branch(callee: MediaParty, onEvent: (event: MediaEvent) => void): MediaBranch {
    const side = this.engine.side(callee, this.thread, this.account);
    const legs = { caller: this.caller.leg, callee: side.leg };
    return this.make(side, new SessionTranslation(legs, this.descriptionLimits), onEvent);
  }

  /** What has forked behind us was offered one description: its answers come to the same ports. */
  forkOf(callee: MediaSide, translation: SessionTranslation, onEvent: (event: MediaEvent) => void): MediaBranch {
    return this.make(callee, translation.fork(), onEvent);
  }

  async reserve(side: MediaSide, sections: readonly number[]): Promise<void> {
    if (side.leg.type === 'phone') await this.engine.phonePorts.reserve(this.thread, side, sections);
  }

  hold(side: MediaSide): void {
    side.holders += 1;
    if (side === this.caller && ++this.branches === 1) this.thread.calls += 1;
  }

  letGo(side: MediaSide): void {
    side.holders -= 1;
    if (side.holders === 0) this.engine.release(side, this.thread);
    if (side === this.caller && --this.branches === 0) this.thread.calls -= 1;
  }

  private make(
    callee: MediaSide,
    translation: SessionTranslation,
    onEvent: (event: MediaEvent) => void,
  ): EmbeddedBranch {
    return new EmbeddedBranch({ id: this.engine.nextId(), call: this, callee, translation, onEvent });
  }
}
