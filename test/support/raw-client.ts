import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP client that sends exactly the octets it is told, to abuse a server with. */
export class RawClient {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #over = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.#over = true;
        this.#wake();
      });
    }
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const client = new RawClient(connect(port, host));
    await once(client.socket, 'connect');
    return client;
  }

  write(octets: string | Uint8Array): void {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets);
  }

  /** One octet a segment, as far as the kernel keeps them apart: each is written after the last has left. */
  async writeSlowly(octets: string | Uint8Array): Promise<void> {
    const buffer = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Buffer.from(octets);
    for (const octet of buffer) {
      await new Promise<void>((resolve) => this.socket.write(Buffer.of(octet), () => setImmediate(resolve)));
    }
  }

  /** Takes what `parse` makes of the octets received so far, once it makes something; throws at the connection's end. */
  async take<T>(parse: (octets: Buffer) => { value: T; length: number } | undefined): Promise<T> {
    for (;;) {
      const found = parse(this.#received);
      if (found !== undefined) {
        this.#received = this.#received.subarray(found.length);
        return found.value;
      }
      if (this.#over) throw new Error(`connection over, after ${JSON.stringify(this.#received.toString('latin1'))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  takeOctets(length: number): Promise<Buffer> {
    return this.take((octets) =>
      octets.length >= length ? { value: Buffer.from(octets.subarray(0, length)), length } : undefined,
    );
  }

  /** One HTTP response with a Content-Length body (or none: 101). */
  takeResponse(): Promise<{ status: number; headers: Map<string, string>; body: string }> {
    return this.take((octets) => {
      const end = octets.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const [statusLine = '', ...lines] = octets.subarray(0, end).toString('latin1').split('\r\n');
      const headers = new Map<string, string>();
      for (const line of lines)
        headers.set(line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*: */, ''));
      const length = end + 4 + Number(headers.get('content-length') ?? 0);
      if (octets.length < length) return undefined;
      return {
        value: { status: Number(statusLine.split(' ')[1]), headers, body: octets.subarray(end + 4, length).toString() },
        length,
      };
    });
  }

  /** One WebSocket frame of the server's. */
  takeFrame(): Promise<Frame> {
    return this.take((octets) => {
      if (octets.length < 2) return undefined;
      const short = (octets[1] as number) & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (octets.length < start) return undefined;
      const size = short < 126 ? short : short === 126 ? octets.readUInt16BE(2) : Number(octets.readBigUInt64BE(2));
      if (octets.length < start + size) return undefined;
      const payload = Buffer.from(octets.subarray(start, start + size));
      return { value: { opcode: (octets[0] as number) & 0x0f, payload }, length: start + size };
    });
  }

  /** Resolves when the connection is over. */
  async ended(): Promise<void> {
    while (!this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What has come and was not taken. */
  get rest(): Buffer {
    return this.#received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export interface Frame {
  opcode: number;
  payload: Buffer;
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A client's frame (RFC 6455 section 5.2), right or wrong. */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array = '',
  { fin = true, rsv = 0, masked = true }: { fin?: boolean; rsv?: number; masked?: boolean } = {},
): Buffer {
  const data = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : Buffer.from(payload);
  const start = data.length < 126 ? 2 : data.length < 65_536 ? 4 : 10;
  const mask = masked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0);
  const frame = Buffer.alloc(start);
  frame[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  frame[1] = (masked ? 0x80 : 0) | (start === 2 ? data.length : start === 4 ? 126 : 127);
  if (start === 4) frame.writeUInt16BE(data.length, 2);
  if (start === 10) frame.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([frame, mask, masked ? data.map((octet, at) => octet ^ (mask[at % 4] as number)) : data]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]);
}

/** A WebSocket handshake; a header given as undefined is left out. */
export function handshakeRequest(headers: Record<string, string | undefined> = {}, target = '/any/path'): string {
  const all: Record<string, string | undefined> = {
    Host: 'example.test:8080',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'sip',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
