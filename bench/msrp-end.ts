// One end of an MSRP session for the benchmark: the SDK's own session on a socket of Node's.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type Frame, serializeFrame } from '../src/protocol/msrp/frame.ts';
import { FrameReader } from '../src/protocol/msrp/frame-reader.ts';
import type { Head } from '../src/protocol/msrp/head.ts';
import { RelayClient } from '../src/protocol/msrp/relay-client.ts';
import { Session } from '../src/protocol/msrp/session.ts';
import type { SessionEvent, SessionOutput } from '../src/protocol/msrp/session-event.ts';
import { primitives } from '../src/transport/primitives.ts';

export class MsrpEnd {
  readonly own: string;
  path: string[] = [];
  onEvent: (event: SessionEvent) => void = () => {};
  readonly #socket: WebSocket | Socket;
  #session: Session | undefined;
  #head: Head | undefined;
  #answered: ((head: Head) => void) | undefined;

  private constructor(socket: WebSocket | Socket) {
    this.#socket = socket;
    const transport = socket instanceof WebSocket ? 'ws' : 'tcp';
    this.own = `msrp://${Math.random().toString(36).slice(2)}.invalid:2855/bench;${transport}`;
    const reader = new FrameReader({
      head: (head) => {
        this.#head = head;
        if (this.#session !== undefined) this.run(this.#session.head(head, performance.now()));
      },
      body: (octets) => this.run(this.#session?.body(octets) ?? []),
      end: (flag) => {
        if (this.#session !== undefined) this.run(this.#session.end(flag, performance.now()));
        else this.#answered?.(this.#head as Head);
      },
    });
    socket.on(socket instanceof WebSocket ? 'message' : 'data', (octets: Buffer) => reader.push(octets));
  }

  static async overWebSocket(url: string): Promise<MsrpEnd> {
    const socket = new WebSocket(url, 'msrp', { perMessageDeflate: false });
    await once(socket, 'open');
    return new MsrpEnd(socket);
  }

  static async overTcp(port: number): Promise<MsrpEnd> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new MsrpEnd(socket);
  }

  /** AUTH where nobody asks for a password. */
  async use(relay: string): Promise<void> {
    const client = new RelayClient({ primitives, relay, own: this.own, authorize: () => undefined });
    for (const output of client.start()) if (output.type === 'send') this.#send(output.message);
    const head = await new Promise<Head>((resolve) => {
      this.#answered = resolve;
    });
    this.path = head.get('Use-Path')?.split(' ') ?? [];
    if (this.path.length === 0) throw new Error(`AUTH: ${head.status}`);
  }

  /** `localPath`: without the relay where the other side's is to do all. */
  begin(remotePath: readonly string[], localPath: readonly string[] = [...this.path, this.own]): Session {
    this.#session = new Session({ primitives, localPath, remotePath });
    return this.#session;
  }

  run(outputs: SessionOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.#send(output.message);
      else if (output.type === 'event') this.onEvent(output.event);
    }
  }

  close(): void {
    if (this.#socket instanceof WebSocket) this.#socket.terminate();
    else this.#socket.destroy();
  }

  #send(frame: Frame): void {
    if (this.#socket instanceof WebSocket) this.#socket.send(serializeFrame(frame));
    else this.#socket.write(serializeFrame(frame));
  }
}
