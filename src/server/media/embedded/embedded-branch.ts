// One dialog of a call: its descriptions in turn, each made known to the relaying thread before it goes out.
import type { ByteString } from '../../../protocol/byte-string.ts';
import { ProtocolError } from '../../../protocol/errors.ts';
import type { Side } from '../../../protocol/sdp/payload-map.ts';
import { parseDescription } from '../../../protocol/sdp/session-description.ts';
import type { SessionTranslation, TranslatedSection } from '../../../protocol/sdp/session-translation.ts';
import type { LegStatistics, MediaBranch, MediaEvent } from '../engine.ts';
import type { EmbeddedCall } from './embedded-call.ts';
import type { MediaSide } from './media-side.ts';
import type { RelayThread } from './relay-thread.ts';

export interface EmbeddedBranchOptions {
  id: string;
  call: EmbeddedCall;
  callee: MediaSide;
  translation: SessionTranslation;
  onEvent: (event: MediaEvent) => void;
}

export class EmbeddedBranch implements MediaBranch {
  readonly id: string;
  readonly onEvent: (event: MediaEvent) => void;
  private readonly call: EmbeddedCall;
  private readonly callee: MediaSide;
  private readonly translation: SessionTranslation;
  private admitted = false;
  /** What the thread relays by: of the first offer, then of each answer. */
  private sections: readonly TranslatedSection[] | undefined;
  private answered = false;
  private confirmed = false;
  private closed: Promise<LegStatistics[]> | undefined;
  /** What is asked is done in turn. */
  private last: Promise<unknown> = Promise.resolve();

  constructor({ id, call, callee, translation, onEvent }: EmbeddedBranchOptions) {
    this.id = id;
    this.call = call;
    this.callee = callee;
    this.translation = translation;
    this.onEvent = onEvent;
    call.hold(callee);
    call.hold(call.caller);
  }

  get thread(): RelayThread {
    return this.call.thread;
  }

  offer(from: Side, description: ByteString): Promise<ByteString> {
    return this.inTurn(async () => {
      const { call, callee } = this;
      const offer = parseDescription(description, call.descriptionLimits);
      const wanted = offer.media.flatMap(({ rejected, profile }, index) => (rejected || !profile ? [] : [index]));
      await Promise.all([call.reserve(call.caller, wanted), call.reserve(callee, wanted)]);
      const { text, sections } = this.translation.offer(from, description);
      // An offer counts: what is answered later could be more than is allowed.
      if (isTranscoded(sections)) call.engine.countTranscoded(this, true);
      // Until a new offer is answered media goes on as it was; but to a first one media may come before its answer.
      if (!this.answered) await this.tell(sections);
      return text;
    });
  }

  answer(from: Side, description: ByteString): Promise<ByteString> {
    return this.inTurn(async () => {
      const { text, sections } = this.translation.answer(from, description);
      this.answered = true;
      this.call.engine.countTranscoded(this, isTranscoded(sections));
      await this.tell(sections);
      return text;
    });
  }

  reject(): void {
    this.translation.reject();
  }

  fork(onEvent: (event: MediaEvent) => void): MediaBranch {
    return this.call.forkOf(this.callee, this.translation, onEvent);
  }

  confirm(): void {
    if (this.confirmed) return;
    this.confirmed = true;
    const { sections } = this;
    // A thread that is gone has said so by `failed`.
    if (sections !== undefined) void this.inTurn(() => this.tell(sections)).catch(() => {});
  }

  statistics(): Promise<LegStatistics[]> {
    return this.sections === undefined ? Promise.resolve([]) : this.call.thread.statistics(this.id).catch(() => []);
  }

  close(): Promise<LegStatistics[]> {
    this.closed ??= this.last.then(() => this.end());
    return this.closed;
  }

  private async end(): Promise<LegStatistics[]> {
    const { call, callee } = this;
    let statistics: LegStatistics[] = [];
    if (this.sections !== undefined) statistics = await call.thread.closeBranch(this.id).catch(() => []);
    call.letGo(callee);
    call.letGo(call.caller);
    if (this.admitted) call.engine.dismiss(this, call.account);
    return statistics;
  }

  private async tell(sections: readonly TranslatedSection[]): Promise<void> {
    const { call, callee, confirmed } = this;
    this.sections = sections;
    await call.thread.update({
      call: call.id,
      branch: this.id,
      caller: call.caller.plan(sections.map(({ caller }) => caller)),
      callee: callee.plan(sections.map((section) => section.callee)),
      sections,
      confirmed,
    });
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.closed !== undefined) return Promise.reject(over('The branch is closed'));
    const result = this.last
      .then(() => {
        const { engine, thread, account } = this.call;
        if (!thread.alive) throw over('The media of this call is gone');
        if (!this.admitted) engine.admit(this, account);
        this.admitted = true;
        return work();
      })
      .catch((error: unknown) => {
        throw this.refusal(error);
      });
    this.last = result.catch(() => {});
    return result;
  }

  private refusal(error: unknown): ProtocolError {
    const { engine, thread } = this.call;
    if (error instanceof ProtocolError) {
      if (error.answer.status === 503) engine.refused += 1;
      return error;
    }
    if (!thread.alive) return over('The media of this call is gone');
    engine.fault(error);
    return new ProtocolError('MEDIA_FAULT', 'The media cannot be relayed', { status: 500 });
  }
}

/** Whether any packet of it may have to be transcoded. */
function isTranscoded(sections: readonly TranslatedSection[]): boolean {
  return sections.some(({ payloads }) => payloads.some(({ transcode }) => transcode !== undefined));
}

function over(why: string): ProtocolError {
  return new ProtocolError('MEDIA_GONE', why, { status: 503 });
}
