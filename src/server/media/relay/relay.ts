// The relay of one worker thread: every branch that is pinned to it, without a socket of its own.
import { CheckRouter } from '../../../protocol/ice/check-router.ts';
import type { LegStatistics } from '../engine.ts';
import { Call } from './call.ts';
import { PEER } from './latch.ts';
import { PathTable } from './path-table.ts';
import type { BranchPlan, SocketName } from './plan.ts';
import type { RelayMetrics, RelayOptions, RelayPorts } from './ports.ts';
import { ROOM } from './ports.ts';
import { RefusedPackets, STRANGER } from './refused-packets.ts';
import type { Shared } from './shared.ts';
import { SocketTable } from './socket-table.ts';

const MEDIA_TIMEOUT = 60_000;
const PACKET_RATE = 5_000;
const LONGEST_DATAGRAM = 65_535;

export class Relay {
  private readonly shared: Shared;
  private readonly calls = new Map<string, Call>();
  /** The call of each branch. */
  private readonly callOf = new Map<string, string>();

  constructor(ports: RelayPorts, options: RelayOptions = {}) {
    this.shared = {
      ports,
      router: new CheckRouter(),
      paths: new PathTable(),
      sockets: new SocketTable(ports),
      agents: new Map(),
      refused: new RefusedPackets(),
      copy: new Uint8Array(LONGEST_DATAGRAM + ROOM),
      mediaTimeout: options.mediaTimeout ?? MEDIA_TIMEOUT,
      packetRate: options.packetRate ?? PACKET_RATE,
      packets: 0,
      octets: 0,
    };
  }

  /** Branches that are open. */
  get branches(): number {
    return this.callOf.size;
  }

  get metrics(): RelayMetrics {
    const { packets, octets, refused } = this.shared;
    return { packets, octets, dropped: refused.report() };
  }

  /** Makes the call and the branch that it names, or brings them to what the plan says now. */
  update(plan: BranchPlan): void {
    let call = this.calls.get(plan.call);
    if (call === undefined) {
      call = new Call(this.shared);
      this.calls.set(plan.call, call);
    }
    this.callOf.set(plan.branch, plan.call);
    call.update(plan);
  }

  /** The branch's figures as they are; empty: there is no such branch. */
  statistics(branch: string): LegStatistics[] {
    return this.callWith(branch)?.statistics(branch) ?? [];
  }

  /** Ends a branch, and with the last of its call the caller's side. The final figures. Idempotent. */
  close(branch: string): LegStatistics[] {
    const id = this.callOf.get(branch);
    const call = this.callWith(branch);
    if (id === undefined || call === undefined) return [];
    const statistics = call.statistics(branch);
    call.close(branch);
    this.callOf.delete(branch);
    if (call.empty) this.calls.delete(id);
    return statistics;
  }

  /** A datagram that came at a phone leg's socket. `packet` has ROOM octets behind `length`; `address` is canonical. */
  receive(socket: SocketName, packet: Uint8Array, length: number, address: string, port: number): void {
    const component = this.shared.sockets.find(socket, packet, length, address, port);
    if (component === undefined) this.shared.refused.count(STRANGER);
    else component.receive(packet, length, address, port, this.shared.ports.clock.now());
  }

  /**
   * A datagram that came at the port of all WebRTC legs; `local` names the socket or the address it came to (IcePath.local).
   * False: nobody's here: no check of a call of this relay, nor from a path of one. The packet is then as it came.
   */
  receiveMux(local: string, packet: Uint8Array, length: number, address: string, port: number): boolean {
    const { ports, paths } = this.shared;
    if (length > 0 && packet[0]! <= 3) return this.receiveCheck(local, packet.slice(0, length), address, port);
    const component = paths.find(local, address, port);
    if (component === undefined) return false;
    component.receiveFrom(packet, length, address, port, PEER, ports.clock.now());
    return true;
  }

  private receiveCheck(local: string, octets: Uint8Array, address: string, port: number): boolean {
    const agent = this.shared.router.route(octets);
    const component = agent && this.shared.agents.get(agent);
    // A path's keep-alive indications are heard, and nothing is to be done.
    if (component === undefined) return this.shared.paths.find(local, address, port) !== undefined;
    component.receiveCheck(octets, { local, address, port }, this.shared.ports.clock.now());
    return true;
  }

  private callWith(branch: string): Call | undefined {
    return this.calls.get(this.callOf.get(branch) ?? '');
  }
}
