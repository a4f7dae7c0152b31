// What everything in one relay has in common.
import type { CheckRouter } from '../../../protocol/ice/check-router.ts';
import type { LiteAgent } from '../../../protocol/ice/lite-agent.ts';
import type { Component } from './component.ts';
import type { PathTable } from './path-table.ts';
import type { RelayPorts } from './ports.ts';
import type { RefusedPackets } from './refused-packets.ts';
import type { SocketTable } from './socket-table.ts';

export interface Shared {
  readonly ports: RelayPorts;
  readonly router: CheckRouter;
  /** Whose a check is, once `router` has found its agent. */
  readonly agents: Map<LiteAgent, Component>;
  readonly paths: PathTable;
  /** Phone legs' sockets. */
  readonly sockets: SocketTable;
  readonly refused: RefusedPackets;
  /** Where a packet for several receivers is copied to, and where RTCP is put together: nothing is awaited, so one is enough. */
  readonly copy: Uint8Array;
  readonly mediaTimeout: number;
  readonly packetRate: number;
  /** RTP and RTCP sent on, and their octets. */
  packets: number;
  octets: number;
}
