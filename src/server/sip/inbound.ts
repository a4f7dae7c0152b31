import type { Request } from '../../protocol/sip/message.ts';
import type { Flow, Identity } from '../../transport/flow.ts';
import type { FlowState } from './flow-state.ts';
import type { FlowToken } from './flow-token.ts';
import type { Binding } from './location.ts';
import type { Peer } from './routing.ts';

/** A request on its way through the server, with what the edge has found out about it. */
export interface Inbound {
  readonly request: Request;
  /** The flow it came by. */
  readonly flow: Flow;
  readonly state: FlowState;
  /** Where its responses go: that flow, but for UDP without rport the sent-by port (RFC 3261 section 18.2.2). */
  readonly replyFlow: Flow;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly key: string;
  /** Its top Route was our token for this Call-ID, and it has a To tag: it belongs to a dialog that passed here. */
  token: FlowToken | undefined;
  /** In a dialog: it comes from the side that sent the INVITE. */
  fromCaller: boolean;
  /** forward.ts: what tells a loop from a spiral. */
  loopHash: string;
  /** Proved: by the connection or by a digest in this request. */
  identity: Identity | undefined;
  /** The configured domain it comes from. */
  peer: Peer | undefined;
  /** The one binding that it refreshes, and does nothing else to. */
  prolongs: Binding | undefined;
}
