// One INVITE's media at rtpengine: a `call-id` there, pinned to one instance from its first offer on. The caller's tag is one
// for all branches, so that its ports and keys are; each branch has a `via-branch` and a tag of its own.
import { ProtocolError } from '../../../protocol/errors.ts';
import { type Primitives, toHex } from '../../../protocol/primitives.ts';
import type { Clock } from '../../../transport/clock.ts';
import type { LegStatistics, MediaBranch, MediaCall, MediaCallOptions, MediaEvent, MediaParty } from '../engine.ts';
import type { BencodeDictionary, Writable } from './bencode.ts';
import { type Instance, leastLoaded, type PinnedCall } from './instance.ts';
import type { RtpengineLimits } from './limits.ts';
import type { NgCommand } from './ng-client.ts';
import { RtpengineBranch } from './rtpengine-branch.ts';

/** What a call needs of the engine that it belongs to. */
export interface CallContext {
  instances: readonly Instance[];
  limits: RtpengineLimits;
  clock: Clock;
  primitives: Pick<Primitives, 'random'>;
  /** Unix seconds. */
  wallClock(): number;
  /** Whether there is room for one more; `release` gives it back. */
  reserve(): boolean;
  release(): void;
  /** For the counters. */
  opened(): void;
  closed(): void;
  refused(): void;
  failed(): void;
  relayed(before: readonly LegStatistics[], after: readonly LegStatistics[]): void;
}

/** Enough of a Call-ID to find the call in rtpengine's log by it. */
const CALL_ID_OCTETS = 64;

export class RtpengineCall implements MediaCall, PinnedCall {
  readonly id: string;
  readonly callerTag: string;
  readonly caller: MediaParty;
  readonly context: CallContext;
  established = false;
  /** The branch that rtpengine has connected with the caller: whose description it had last. */
  connected: RtpengineBranch | undefined;
  private instance: Instance | undefined;
  private readonly branches = new Set<RtpengineBranch>();
  private last: Promise<unknown> = Promise.resolve();
  private gone = false;

  constructor({ callId, callerTag, caller }: MediaCallOptions, context: CallContext) {
    // Whoever copies a Call-ID and a tag gets a call of his own.
    this.id = `${visible(callId).slice(0, CALL_ID_OCTETS)}-${toHex(context.primitives.random(8))}`;
    this.callerTag = visible(callerTag).slice(0, CALL_ID_OCTETS) || 'caller';
    this.caller = caller;
    this.context = context;
  }

  branch(callee: MediaParty, onEvent: (event: MediaEvent) => void): MediaBranch {
    return this.join(new RtpengineBranch(this, callee, onEvent, toHex(this.context.primitives.random(8))));
  }

  join(branch: RtpengineBranch): RtpengineBranch {
    this.branches.add(branch);
    this.context.opened();
    return branch;
  }

  /** One thing after another: rtpengine connects the caller with whoever was named last. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.last.then(task, task);
    this.last = done.catch(() => {});
    return done;
  }

  async request(
    command: NgCommand,
    parameters: Readonly<Record<string, Writable | undefined>>,
  ): Promise<BencodeDictionary> {
    if (this.gone) throw noEngine();
    const tried = new Set<Instance>();
    for (;;) {
      const instance = this.instance ?? this.pin(tried);
      try {
        const answer = await instance.request(command, { 'call-id': this.id, ...parameters });
        this.established = true;
        return answer;
      } catch (error) {
        if (this.established || !isUnavailable(error)) throw error;
        // It may have done it all the same, and lost its answer.
        instance.request('delete', { 'call-id': this.id, 'delete-delay': 0 }).catch(() => {});
        this.unpin();
        tried.add(instance);
      }
    }
  }

  lost(reason: string): void {
    if (this.gone) return;
    this.gone = true;
    this.unpin();
    for (const branch of this.branches) branch.failed(reason);
  }

  /** Of one of them; with the last one the call goes. */
  async forget(
    branch: RtpengineBranch,
    parameters: Readonly<Record<string, Writable>>,
  ): Promise<BencodeDictionary | undefined> {
    this.branches.delete(branch);
    this.context.closed();
    if (this.connected === branch) this.connected = undefined;
    const whole = this.branches.size === 0;
    const shared = [...this.branches].some((other) => other.sharesTagWith(branch));
    try {
      if (shared || this.instance === undefined || this.gone || !this.established) return undefined;
      return await this.request('delete', {
        'delete-delay': 0,
        'from-tag': this.callerTag,
        ...(whole ? {} : parameters),
      });
    } catch {
      return undefined; // rtpengine ends what is silent by itself
    } finally {
      if (whole) this.unpin();
    }
  }

  private pin(tried: ReadonlySet<Instance>): Instance {
    const instance = leastLoaded(this.context.instances, tried);
    if (instance === undefined || !this.context.reserve()) {
      this.context.refused();
      throw noEngine();
    }
    this.instance = instance;
    instance.calls.set(this.id, this);
    return instance;
  }

  private unpin(): void {
    if (this.instance === undefined) return;
    this.instance.calls.delete(this.id);
    this.instance = undefined;
    this.context.release();
  }
}

/** Another instance may do what this one cannot: it is gone, full, or has no ports left. */
function isUnavailable(error: unknown): boolean {
  const { code, message = '' } = error as { code?: string; message?: string };
  return code === 'NG_NO_ANSWER' || code === 'NG_OVERLOADED' || (code === 'NG_REFUSED' && /\bports?\b/i.test(message));
}

function noEngine(): ProtocolError {
  return new ProtocolError('MEDIA_NO_ENGINE', 'No media engine can take the call', { status: 503 });
}

/** Printable ASCII without spaces. */
function visible(text: string): string {
  return text.replace(/[^!-~]/g, '_');
}
