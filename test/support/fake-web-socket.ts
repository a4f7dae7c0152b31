// A WebSocket whose other end is the test.
import type { WebSocketLike } from '../../src/client/web-socket-transport.ts';

export class FakeWebSocket implements WebSocketLike {
  /** Every socket made, the newest last. */
  static sockets: FakeWebSocket[] = [];

  readonly url: string;
  readonly protocols: string | string[];
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  sent: Array<string | Uint8Array> = [];
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;

  constructor(url: string, protocols: string | string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeWebSocket.sockets.push(this);
  }

  static get last(): FakeWebSocket {
    return FakeWebSocket.sockets.at(-1)!;
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== 1) throw new Error('not open');
    this.sent.push(data);
  }

  close(code?: number, reason?: string): void {
    this.closedWith = { code, reason };
    this.readyState = 3;
  }

  // --- what the server does

  accept(): void {
    this.readyState = 1;
    this.onopen?.(undefined as never);
  }

  deliver(data: string | ArrayBuffer): void {
    this.onmessage?.({ data });
  }

  drop(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}
