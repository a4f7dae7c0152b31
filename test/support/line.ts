// A line to a SIP server on which a test writes what it likes, well-formed or not, and reads every message that comes.
// It shares no code with the server: a fault of its parser cannot hide here.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { WebSocket } from 'ws';

export interface Line {
  readonly transport: 'UDP' | 'TCP' | 'WS';
  /** Where it is bound, as a Via or Contact names it: `127.0.0.1:1234`, or an invented name for WebSocket. */
  readonly sentBy: string;
  /** All that came, oldest first, as latin1 text; each is one SIP message (on TCP after Content-Length). */
  readonly received: string[];
  /** Why it was closed by the other side: `tcp`, or a WebSocket's close code. */
  readonly closed: Promise<string>;
  readonly isOpen: boolean;
  send(text: string | Buffer): void;
  /** The first message from position `from` on that matches. Rejects after `timeout` milliseconds with all that came. */
  next(match: (text: string) => boolean, options?: { from?: number; timeout?: number; what?: string }): Promise<string>;
  close(): void;
}

interface Driver {
  transport: Line['transport'];
  sentBy: string;
  send(data: Buffer): void;
  close(): void;
}

class Wire implements Line {
  readonly received: string[] = [];
  readonly closed: Promise<string>;
  isOpen = true;
  closing: (why: string) => void = () => {};
  private readonly driver: Driver;
  private readonly waiting = new Set<() => void>();

  constructor(driver: Driver) {
    this.driver = driver;
    this.closed = new Promise((resolve) => {
      this.closing = (why) => {
        this.isOpen = false;
        resolve(why);
        for (const check of [...this.waiting]) check();
      };
    });
  }

  get transport(): Line['transport'] {
    return this.driver.transport;
  }

  get sentBy(): string {
    return this.driver.sentBy;
  }

  accept(text: string): void {
    this.received.push(text);
    for (const check of [...this.waiting]) check();
  }

  send(text: string | Buffer): void {
    this.driver.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  next(match: (text: string) => boolean, { from = 0, timeout = 10_000, what = 'message' } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
      };
      const fail = (why: string): void => {
        done();
        reject(new Error(`no ${what} ${why}; received:\n${this.received.slice(from).join('\n---\n')}`));
      };
      const check = (): void => {
        const found = this.received.slice(from).find(match);
        if (found !== undefined) {
          done();
          resolve(found);
        } else if (!this.isOpen) fail('before the line was closed');
      };
      const timer = setTimeout(() => fail(`in ${timeout} ms`), timeout);
      this.waiting.add(check);
      check();
    });
  }

  close(): void {
    this.driver.close();
  }
}

export async function overUdp(host: string, port: number, localPort = 0): Promise<Line> {
  const socket = createSocket('udp4');
  socket.bind(localPort, '127.0.0.1');
  await once(socket, 'listening');
  const wire = new Wire({
    transport: 'UDP',
    sentBy: `127.0.0.1:${socket.address().port}`,
    send: (data) => socket.send(data, port, host),
    close() {
      socket.close();
      wire.closing('closed here');
    },
  });
  socket.on('message', (data) => wire.accept(data.toString('latin1')));
  socket.on('error', () => {});
  return wire;
}

export async function overTcp(host: string, port: number): Promise<Line> {
  const socket = connect({ host, port });
  await once(socket, 'connect');
  const local = socket.address() as AddressInfo;
  const wire = new Wire({
    transport: 'TCP',
    sentBy: `127.0.0.1:${local.port}`,
    send: (data) => void socket.write(data),
    close: () => void socket.destroy(),
  });
  let pending = '';
  socket.on('data', (data) => {
    pending += data.toString('latin1');
    for (;;) {
      pending = pending.replace(/^(\r\n)+/, '');
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\n(?:Content-Length|l)\s*:\s*(\d+)/i.exec(pending.slice(0, end + 2))?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      wire.accept(pending.slice(0, end + 4 + length));
      pending = pending.slice(end + 4 + length);
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => wire.closing('tcp'));
  return wire;
}

let lines = 0;

export async function overWebSocket(
  url: string,
  options: { origin?: string; headers?: Record<string, string> } = {},
): Promise<Line> {
  const socket = new WebSocket(url, 'sip', { perMessageDeflate: false, ...options });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  const wire = new Wire({
    transport: 'WS',
    sentBy: `line${++lines}.invalid`,
    send: (data) => socket.send(data, { binary: data.some((octet) => octet > 0x7f) }),
    close: () => socket.close(),
  });
  socket.on('message', (data: Buffer) => wire.accept(data.toString('latin1')));
  closed.then((code) => wire.closing(String(code)));
  return wire;
}
