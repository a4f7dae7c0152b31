// What the edge keeps of each flow, in Flow.data: no map is asked on the way of a message.
import type { Flow, Identity } from '../../transport/flow.ts';
import type { Binding } from './location.ts';
import type { Refresh } from './refresh.ts';

/** Something that waits on a flow and must hear at once that it is gone. */
export interface FlowDependent {
  flowLost(): void;
}

export interface FlowState {
  /** Who the connection has proved to be: by its handshake, or by a digest since. Never on UDP. */
  identity: Identity | undefined;
  /** Registered over this flow (connections only). */
  bindings: Binding[];
  /** The REGISTER by which one of them is refreshed (refresh.ts). */
  refresh: Refresh | undefined;
  /** REGISTERs in a row that were unlike the one before. */
  unlike: number;
  /** Client transactions under way over it. */
  dependents: Set<FlowDependent> | undefined;
  /** `ws 192.0.2.1:40000`, for trace and log: what remains of the flow when it is gone. */
  readonly label: string;
  /** `host:port` by which its peer reaches us (forward.ts). */
  sentBy: string | undefined;
  /** Request rate: tokens left, and when they were counted (milliseconds). */
  tokens: number;
  counted: number;
  /** The credential has expired and an in-dialog request has passed: what comes after it closes the flow. */
  closing: boolean;
}

export function flowState(flow: Flow): FlowState {
  const state = flow.data as FlowState | undefined;
  if (state !== undefined) return state;
  const fresh: FlowState = {
    identity: flow.handshake?.identity,
    bindings: [],
    refresh: undefined,
    unlike: 0,
    dependents: undefined,
    label: `${flow.transport} ${flow.remote.address}:${flow.remote.port}`,
    sentBy: undefined,
    tokens: -1,
    counted: 0,
    closing: false,
  };
  flow.data = fresh;
  return fresh;
}
