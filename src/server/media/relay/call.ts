// One INVITE: the caller's leg, and a branch for each early or confirmed dialog with a leg of the callee's.
import type { Codec } from '../../../protocol/sdp/codec.ts';
import type { Side } from '../../../protocol/sdp/payload-map.ts';
import type { PayloadPair } from '../../../protocol/sdp/translate-content.ts';
import type { LegStatistics } from '../engine.ts';
import { EarlyMedia, type EarlyVoice } from './early-media.ts';
import { Leg } from './leg.ts';
import type { BranchPlan } from './plan.ts';
import { SectionPath } from './section-path.ts';
import type { Shared } from './shared.ts';

/** Early branches to which a caller's media goes, the latest: one packet must not become hundreds. */
const MOST_LISTENING = 8;

/** A branch: the callee's leg, and how each section goes to and fro. */
class Branch implements EarlyVoice {
  readonly id: string;
  readonly callee: Leg;
  /** By section; undefined: it is not carried, or nothing is agreed yet. */
  toCaller: (SectionPath | undefined)[] = [];
  toCallee: (SectionPath | undefined)[] = [];
  heardAt = Number.NEGATIVE_INFINITY;
  ended = false;

  constructor(id: string, callee: Leg) {
    this.id = id;
    this.callee = callee;
  }

  /** The section at this position is not carried any more. */
  drop(index: number): void {
    this.toCaller[index]?.close();
    this.toCallee[index]?.close();
    this.toCaller[index] = this.toCallee[index] = undefined;
  }

  close(): void {
    for (const index of this.toCaller.keys()) this.drop(index);
    this.callee.close();
  }
}

export class Call {
  private readonly shared: Shared;
  private readonly caller: Leg;
  private readonly early = new EarlyMedia();
  private readonly branches = new Map<string, Branch>();
  private confirmed: Branch | undefined;

  constructor(shared: Shared) {
    this.shared = shared;
    this.caller = new Leg(
      shared,
      'caller',
      (now) => this.listen(this.caller, this.confirmed, now),
      (reason) => {
        for (const branch of this.confirmed ? [this.confirmed] : this.branches.values()) this.fail(branch, reason);
      },
    );
  }

  get empty(): boolean {
    return this.branches.size === 0;
  }

  update(plan: BranchPlan): void {
    const branch = this.branches.get(plan.branch) ?? this.open(plan.branch);
    if (plan.confirmed) this.confirmed = branch;
    // What another branch says of the caller does not count any more.
    const alone = this.confirmed === branch || this.branches.size === 1;
    const callers = plan.sections.map(({ caller }) => caller);
    const callees = plan.sections.map(({ callee }) => callee);
    if (this.confirmed === undefined || alone) this.caller.update(plan.caller, callers, alone);
    branch.callee.update(plan.callee, callees, true);
    plan.sections.forEach((section, index) => {
      const { caller, callee, payloads } = section;
      if (!caller.live || !callee.live) branch.drop(index);
      else if (caller.security !== undefined && callee.security !== undefined) {
        const [ours, theirs] = [this.caller.sections[index], branch.callee.sections[index]];
        if (ours === undefined || theirs === undefined) return;
        for (const [side, end] of [
          ['caller', ours],
          ['callee', theirs],
        ] as const) {
          const codecs = payloads.flatMap((pair) => codecsAt(side, pair));
          end.describe(section[side], codecs, plan[side].sources[index], side === 'callee' || alone);
        }
        branch.toCaller[index] ??= new SectionPath(theirs, ours, branch);
        branch.toCallee[index] ??= new SectionPath(ours, theirs, branch);
        branch.toCaller[index].describe(callee, caller, payloads);
        branch.toCallee[index].describe(caller, callee, payloads);
      }
    });
    this.connect();
  }

  statistics(id: string): LegStatistics[] {
    const branch = this.branches.get(id);
    return branch === undefined ? [] : [...this.caller.statistics(), ...branch.callee.statistics()];
  }

  close(id: string): void {
    const branch = this.branches.get(id);
    if (branch === undefined) return;
    this.branches.delete(id);
    this.early.leave(branch);
    branch.close();
    if (this.confirmed === branch) this.confirmed = undefined;
    if (this.empty) this.caller.close();
    else this.connect();
  }

  private open(id: string): Branch {
    const branch: Branch = new Branch(
      id,
      new Leg(
        this.shared,
        'callee',
        (now) => this.listen(branch.callee, this.confirmed === branch ? branch : undefined, now),
        (reason) => this.fail(branch, reason),
      ),
    );
    this.branches.set(id, branch);
    return branch;
  }

  /** Who hears whom. */
  private connect(): void {
    const { confirmed } = this;
    const talking = confirmed ? [confirmed] : [...this.branches.values()];
    this.caller.sections.forEach((section, index) => {
      const paths = talking.map(({ toCallee }) => toCallee[index]).filter((path) => path !== undefined);
      section.paths = paths.slice(-MOST_LISTENING);
    });
    for (const branch of this.branches.values()) {
      const early = confirmed === undefined ? this.early : undefined;
      branch.callee.sections.forEach((section, index) => {
        const path = branch.toCaller[index];
        if (path !== undefined) path.early = early;
        section.paths = path !== undefined && talking.includes(branch) ? [path] : [];
      });
    }
  }

  private listen(leg: Leg, branch: Branch | undefined, now: number): void {
    if (branch === undefined || branch.ended || !leg.silent(now)) return;
    branch.ended = true;
    this.shared.ports.event({ type: 'silent', branch: branch.id, side: leg.side });
  }

  private fail(branch: Branch, reason: string): void {
    if (branch.ended) return;
    branch.ended = true;
    this.shared.ports.event({ type: 'failed', branch: branch.id, reason });
  }
}

/** A codec as that side sends it: under one number, or under either of two. */
function codecsAt(side: Side, { transcode, codec, also, ...numbers }: PayloadPair): Codec[] {
  const own = transcode?.[side] ?? { ...codec, payloadType: numbers[side] };
  return also?.side === side ? [own, { ...own, payloadType: also.payloadType }] : [own];
}
