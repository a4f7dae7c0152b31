// One dialog side: its transports, its sections, and whether it is still there.

import { receives } from '../../../protocol/sdp/direction.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import type { Side } from '../../../protocol/sdp/payload-map.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { LegStatistics } from '../engine.ts';
import { sectionStatistics } from './leg-statistics.ts';
import type { SidePlan, TransportPlan } from './plan.ts';
import { sendReports } from './rtcp-translation.ts';
import { Section } from './section.ts';
import type { Shared } from './shared.ts';
import { Transport } from './transport.ts';

/** How often reports and silence are looked at, in milliseconds. */
const TICK = 1000;
/** RFC 3550 section 6.2: 5 s, and from half to one and a half of it. COMPAT: browsers adapt their video by reports of each second. */
const REPORT_INTERVAL = { audio: 5000, video: 1000 };

export class Leg {
  readonly side: Side;
  readonly sections: Section[] = [];
  private transports: Transport[] = [];
  private type: SidePlan['type'] = 'phone';
  private readonly shared: Shared;
  private readonly onTick: (now: number) => void;
  private readonly onFailed: (reason: string) => void;
  private timer: Timer;
  /** Since when something is expected; undefined: nothing is. */
  private expectedSince: number | undefined;

  constructor(shared: Shared, side: Side, onTick: (now: number) => void, onFailed: (reason: string) => void) {
    this.shared = shared;
    this.side = side;
    this.onTick = onTick;
    this.onFailed = onFailed;
    this.timer = shared.ports.clock.setTimer(TICK, () => this.tick());
  }

  /**
   * `streams` by section. What is not answered yet changes nothing but our ICE credentials. `alone`: no other branch has this
   * leg too, which may carry what this one does not.
   */
  update(plan: SidePlan, streams: readonly MediaStream[], alone: boolean): void {
    this.type = plan.type;
    streams.forEach((_, index) => {
      this.sections[index] ??= new Section(this.shared, this.side, index);
    });
    const placed = this.place(plan, streams, alone);
    for (const [transport, entry] of placed) {
      const stream = streamOf(streams, entry.index);
      transport.update(entry, stream, plan.address);
    }
    streams.forEach((stream, index) => {
      const section = this.sections[index]!;
      if (!stream.live && alone) section.transport = undefined;
      else if (!stream.live) return;
      else if (stream.security !== undefined || section.transport === undefined)
        section.transport =
          this.transports.find((transport) => transport.index === stream.transportIndex) ?? this.transports[0];
    });
    for (const transport of this.transports)
      transport.carry(this.sections.filter((section) => section.transport === transport));
  }

  /** Whether it has been silent for too long, of whom something is expected. */
  silent(now: number): boolean {
    const expected = this.sections.some(
      ({ transport, stream }) =>
        transport !== undefined && stream !== undefined && (this.type === 'webrtc' || receives(stream.direction)),
    );
    if (!expected) this.expectedSince = undefined;
    else this.expectedSince ??= now;
    if (this.expectedSince === undefined) return false;
    let heardAt = this.expectedSince;
    for (const transport of this.transports) heardAt = Math.max(heardAt, transport.heardAt);
    return now - heardAt >= this.shared.mediaTimeout;
  }

  statistics(): LegStatistics[] {
    return this.sections.filter(({ stream }) => stream !== undefined).map(sectionStatistics);
  }

  close(): void {
    this.timer.close();
    for (const transport of this.transports) transport.close();
    this.transports = [];
  }

  /**
   * The transports of the plan, each with its entry. A WebRTC peer's bundle is one transport under one fragment, and is known
   * to be one only when the peer has answered; its checks come before that.
   */
  private place(plan: SidePlan, streams: readonly MediaStream[], alone: boolean): Map<Transport, TransportPlan> {
    const answered = streams.some(({ live, security }) => live && security !== undefined);
    const placed = new Map<Transport, TransportPlan>();
    for (const entry of plan.transports) {
      if (answered && !streams.some(({ live, transportIndex }) => live && transportIndex === entry.index)) continue;
      const unplaced = this.transports.filter((transport) => !placed.has(transport));
      const mux = plan.type === 'webrtc';
      const known =
        unplaced.find((transport) => mux && transport.rtp.kind === 'mux' && transport.index === entry.index) ??
        unplaced.find((transport) => isPlanned(transport, entry, mux));
      const twin = mux && !answered && [...placed.keys()].some((transport) => isPlanned(transport, entry, mux));
      if (known === undefined && twin) continue;
      const transport = known ?? new Transport(this.shared, entry, mux, this.onFailed);
      if (known === undefined) this.transports.push(transport);
      placed.set(transport, entry);
    }
    if (answered && alone) {
      for (const transport of this.transports) if (!placed.has(transport)) transport.close();
      this.transports = [...placed.keys()];
    }
    return placed;
  }

  private tick(): void {
    const { clock, epoch, primitives } = this.shared.ports;
    this.timer = clock.setTimer(TICK, () => this.tick());
    const now = clock.now();
    for (const section of this.sections) {
      if (section.transport === undefined || section.stream === undefined || now < section.reportAt) continue;
      const interval = REPORT_INTERVAL[section.stream.kind === 'video' ? 'video' : 'audio'];
      section.reportAt = now + interval * (0.5 + primitives.random(1).charCodeAt(0) / 256);
      sendReports(section, now, epoch);
    }
    this.onTick(now);
  }
}

function isPlanned(transport: Transport, { socket, ice }: TransportPlan, mux: boolean): boolean {
  if (!mux) return transport.rtp.socket === socket;
  return (
    ice !== undefined &&
    transport.rtp.kind === 'mux' &&
    (transport.rtp.route.ice?.agent.answersTo(ice.local.ufrag) ?? false)
  );
}

/** The stream that says where the transport at this position leads. */
function streamOf(streams: readonly MediaStream[], index: number): MediaStream | undefined {
  const own = streams[index];
  if (own?.live) return own;
  return streams.find(({ live, transportIndex }) => live && transportIndex === index);
}
