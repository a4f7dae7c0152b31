import type { ByteString } from '../byte-string.ts';
import type { Output } from '../machine.ts';
import type { Frame } from './frame.ts';
import type { Head } from './head.ts';

export type SessionEvent =
  /** Give these octets of the message by `supply`. */
  | { type: 'wanted'; message: string; offset: number; length: number }
  /** The next hop has taken the message up to here. */
  | { type: 'progress'; message: string; octets: number }
  /** All of it was taken by the next hop. */
  | { type: 'sent'; message: string }
  /** The other side has it all (its success report). */
  | { type: 'delivered'; message: string }
  /** 408: no answer in 30 s; else the status of a response or REPORT. It is given up. */
  | { type: 'failed'; message: string; status: number }

  /** The first chunk of a message that comes in was accepted. `total`: octets, when it was said. */
  | { type: 'incoming'; message: string; contentType: ByteString; total?: number; head: Head }
  /** Some of its octets; `offset` from 0. A view: copy what is to be kept. */
  | { type: 'data'; message: string; offset: number; octets: Uint8Array }
  /** All of it is there. With `asksReport`, `confirm` is waited for. */
  | { type: 'received'; message: string; asksReport: boolean }
  /** The sender has given it up (`#`). */
  | { type: 'aborted'; message: string };

export type SessionOutput = Output<Frame, string, SessionEvent>;
