import type { ProtocolError } from '../../src/protocol/errors.ts';
import type { Flow, FlowHandler } from '../../src/transport/flow.ts';

export type FlowEvent =
  | { type: 'open'; flow: Flow }
  | { type: 'message'; flow: Flow; text: string }
  | { type: 'error'; flow: Flow; error: ProtocolError }
  | { type: 'close'; flow: Flow; reason: string }
  | { type: 'sendFailed'; flow: Flow; reason: string }
  | { type: 'fault'; flow: Flow; error: unknown };

/** A FlowHandler that keeps what it is told, to be awaited in order. */
export class RecordedFlows implements FlowHandler {
  readonly events: FlowEvent[] = [];
  readonly #seen: FlowEvent[] = [];
  #wake: () => void = () => {};
  /** Called for each message, beside its being kept. */
  answer: ((flow: Flow, text: string) => void) | undefined;

  onOpen(flow: Flow): void {
    this.#add({ type: 'open', flow });
  }

  onMessage(flow: Flow, text: string): void {
    this.#add({ type: 'message', flow, text });
    this.answer?.(flow, text);
  }

  onError(flow: Flow, error: ProtocolError): void {
    this.#add({ type: 'error', flow, error });
  }

  onClose(flow: Flow, reason: string): void {
    this.#add({ type: 'close', flow, reason });
  }

  onSendFailed(flow: Flow, reason: string): void {
    this.#add({ type: 'sendFailed', flow, reason });
  }

  onFault(flow: Flow, error: unknown): void {
    this.#add({ type: 'fault', flow, error });
  }

  /** The next event of that type that was not taken yet; the others before it stay. */
  async next<T extends FlowEvent['type']>(type: T): Promise<Extract<FlowEvent, { type: T }>> {
    for (;;) {
      const event = this.events.find((each) => each.type === type && !this.#seen.includes(each));
      if (event !== undefined) {
        this.#seen.push(event);
        return event as Extract<FlowEvent, { type: T }>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #add(event: FlowEvent): void {
    this.events.push(event);
    this.#wake();
  }
}
