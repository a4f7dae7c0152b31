// One DTLS endpoint on a UDP socket of 127.0.0.1 and the real clock, for tests against real peers.
import { createSocket, type Socket } from 'node:dgram';
import { DtlsEndpoint } from '../../src/protocol/dtls/dtls-endpoint.ts';
import type { DtlsEvent, DtlsOptions, DtlsOutput, DtlsTimer } from '../../src/protocol/dtls/dtls-options.ts';

export class DtlsSocket {
  readonly endpoint: DtlsEndpoint;
  readonly events: DtlsEvent[] = [];
  private readonly socket: Socket;
  private readonly timers = new Map<DtlsTimer, NodeJS.Timeout>();
  private readonly waiting = new Set<() => void>();
  private peer: number | undefined;

  private constructor(socket: Socket, options: DtlsOptions) {
    this.socket = socket;
    this.endpoint = new DtlsEndpoint(options);
    socket.on('message', (datagram, from) => {
      this.peer ??= from.port;
      if (from.port === this.peer) this.carry(this.endpoint.receive(datagram, performance.now()));
    });
  }

  static async open(options: DtlsOptions): Promise<DtlsSocket> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new DtlsSocket(socket, options);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** A client names the peer; a server takes the first that speaks. */
  start(peer?: number): void {
    this.peer = peer;
    this.carry(this.endpoint.start(performance.now()));
  }

  close(): void {
    this.carry(this.endpoint.close(performance.now()));
    this.socket.close();
  }

  carry(outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') {
        if (this.peer !== undefined) this.socket.send(output.message, this.peer, '127.0.0.1');
      } else if (output.type === 'event') {
        this.events.push(output.event);
        for (const check of this.waiting) check();
      } else {
        clearTimeout(this.timers.get(output.name));
        this.timers.delete(output.name);
        if (output.type === 'setTimer') {
          const { name } = output;
          const timer = setTimeout(() => this.carry(this.endpoint.timer(name, performance.now())), output.delay);
          this.timers.set(name, timer);
        }
      }
    }
  }

  /** The first event of one of these types, past or to come. */
  async event<T extends DtlsEvent['type']>(type: T): Promise<Extract<DtlsEvent, { type: T }>> {
    for (;;) {
      const found = this.events.find((event) => event.type === type || event.type === 'failed');
      if (found?.type === type) return found as Extract<DtlsEvent, { type: T }>;
      if (found) throw new Error(`Not ${type}, but ${JSON.stringify(found)}`);
      await new Promise<void>((resolve) => {
        const check = (): void => {
          this.waiting.delete(check);
          resolve();
        };
        this.waiting.add(check);
      });
    }
  }
}
