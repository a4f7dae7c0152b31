import type { Frame } from '../../protocol/msrp/frame.ts';

/** One peer's connection, as the relay's driver sees it. */
export interface MsrpConnection {
  /** `ws 192.0.2.1:40000`, for the trace and the log. */
  readonly name: string;
  /** The peer's address. */
  readonly address: string;
  /** False: it takes no more for now; `MsrpServer.writable` follows when it does again. */
  write(frame: Frame): boolean;
  pause(): void;
  resume(): void;
  /** What was written still goes out. `code`: of a WebSocket. */
  close(code: number, reason: string): void;
}

/** Octets in a socket's own queue from which on it is fed no more. */
export const ENOUGH_QUEUED = 256 * 1024;
