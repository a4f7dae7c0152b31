// The one place where a SIP message leaves: serialized, sent on its flow, and traced.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Message } from '../../protocol/sip/message.ts';
import type { Flow } from '../../transport/flow.ts';
import type { SipTrace } from '../inspector/trace.ts';
import { flowState } from './flow-state.ts';
import type { SipCounters } from './metrics.ts';

export class Outbox {
  readonly #trace: SipTrace;
  readonly #counters: SipCounters;

  constructor(trace: SipTrace, counters: SipCounters) {
    this.#trace = trace;
    this.#counters = counters;
  }

  /** False: the flow is dead (or too slow), the message is lost. */
  send(flow: Flow, message: Message): boolean {
    return this.sendText(flow, message.serialize());
  }

  sendText(flow: Flow, text: ByteString): boolean {
    if (!flow.open || !flow.send(text)) {
      this.#counters.undeliverable += 1;
      return false;
    }
    this.#counters.sent += 1;
    this.#trace.record(true, flowState(flow).label, text);
    return true;
  }
}
