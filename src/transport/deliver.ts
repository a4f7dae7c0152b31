import type { ByteString } from '../protocol/byte-string.ts';
import type { ProtocolError } from '../protocol/errors.ts';
import type { Flow, FlowHandler } from './flow.ts';

/**
 * The calls into a FlowHandler. What it throws is a fault of ours, which ends that flow and not the process: the flow is
 * closed (1011 on a WebSocket) and the fault is reported. Shared by all transports.
 */
export function deliverOpen(flow: Flow, handler: FlowHandler): void {
  try {
    handler.onOpen?.(flow);
  } catch (error) {
    fault(flow, handler, error);
  }
}

export function deliverMessage(flow: Flow, handler: FlowHandler, text: ByteString): void {
  try {
    handler.onMessage(flow, text);
  } catch (error) {
    fault(flow, handler, error);
  }
}

export function deliverError(flow: Flow, handler: FlowHandler, problem: ProtocolError, text?: ByteString): void {
  try {
    handler.onError?.(flow, problem, text);
  } catch (error) {
    fault(flow, handler, error);
  }
}

/** The handler hears of the end at once, but never inside its own call to send() or close(). */
export function deliverCloseSoon(flow: Flow, handler: FlowHandler, reason: string): void {
  process.nextTick(deliverClose, flow, handler, reason);
}

function deliverClose(flow: Flow, handler: FlowHandler, reason: string): void {
  try {
    handler.onClose(flow, reason);
  } catch (error) {
    handler.onFault?.(flow, error);
  }
}

function fault(flow: Flow, handler: FlowHandler, error: unknown): void {
  flow.close(1011, 'Internal error.');
  handler.onFault?.(flow, error);
}
