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
    // RFC 3261 section 18.3: on a stream it is all that ends a message; in a datagram or a frame it may be missing.
    if ((flow.transport === 'tcp' || flow.transport === 'tls') && !message.has('content-length'))
      message.set('content-length', String(message.body.length));
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
