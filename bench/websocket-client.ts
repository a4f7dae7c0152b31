// The least WebSocket client that a load generator needs (RFC 6455): one socket, whole text frames, no extensions.
// Frames are masked with the key 0, which leaves the payload as it is: the server unmasks as always, the generator does nothing.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

export interface Target {
  host: string;
  port: number;
  /** Path with the credential's query. */
  path: (user: string) => string;
  /** The subprotocol; default: sip. */
  protocol?: string;
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class WebSocketClient {
  /** Called for each text frame with its payload as a byte string. */
  onText: (text: string) => void = () => {};
  onClose: (reason: string) => void = () => {};
  readonly opened: Promise<void>;
  private readonly socket: Socket;
  private pending: Buffer | undefined;
  private upgraded = false;
  private fragments = '';

  constructor(target: Target, user: string) {
    this.socket = connect({ host: target.host, port: target.port, noDelay: true });
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('error', (error) => {
        reject(error);
        this.onClose(error.message);
      });
      this.socket.once('close', () => {
        reject(new Error('closed during the handshake'));
        this.onClose('closed');
      });
      this.socket.on('data', (chunk: Buffer) => {
        const bytes = this.pending ? Buffer.concat([this.pending, chunk]) : chunk;
        this.pending = undefined;
        if (this.upgraded) return this.receive(bytes);
        const end = bytes.indexOf('\r\n\r\n');
        if (end < 0) {
          this.pending = bytes;
          return;
        }
        if (!bytes.toString('latin1', 0, 12).startsWith('HTTP/1.1 101')) {
          reject(new Error(bytes.toString('latin1', 0, bytes.indexOf('\r\n'))));
          this.socket.destroy();
          return;
        }
        this.upgraded = true;
        resolve();
        if (bytes.length > end + 4) this.receive(bytes.subarray(end + 4));
      });
    });
    this.opened.catch(() => {});
    this.socket.write(
      `GET ${target.path(user)} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${target.protocol ?? 'sip'}\r\n\r\n`,
    );
  }

  send(text: string): void {
    const length = text.length;
    const start = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(start + length);
    frame[0] = 0x80 | TEXT;
    if (length < 126) frame[1] = 0x80 | length;
    else {
      frame[1] = 0x80 | 126;
      frame.writeUInt16BE(length, 2);
    }
    frame.fill(0, start - 4, start);
    frame.write(text, start, 'latin1');
    this.socket.write(frame);
  }

  /** Drops the connection as a lost network does: no close frame. */
  drop(): void {
    this.onClose = () => {};
    this.socket.destroy();
  }

  private receive(bytes: Buffer): void {
    let at = 0;
    while (bytes.length - at >= 2) {
      let length = bytes[at + 1]! & 0x7f;
      let start = at + 2;
      if (length === 126) {
        if (bytes.length - at < 4) break;
        length = bytes.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (bytes.length - at < 10) break;
        length = Number(bytes.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (bytes.length < start + length) break;
      this.frame(bytes[at]!, bytes, start, start + length);
      at = start + length;
    }
    if (at < bytes.length) this.pending = at === 0 ? bytes : bytes.subarray(at);
  }

  private frame(first: number, bytes: Buffer, start: number, end: number): void {
    const opcode = first & 0x0f;
    if (opcode === PING) {
      const pong = Buffer.alloc(6 + end - start);
      pong[0] = 0x80 | PONG;
      pong[1] = 0x80 | (end - start);
      bytes.copy(pong, 6, start, end);
      this.socket.write(pong);
    } else if (opcode === CLOSE) {
      const code = end - start >= 2 ? bytes.readUInt16BE(start) : 1005;
      this.onClose(`closed with ${code} ${bytes.toString('latin1', start + 2, end)}`);
      this.onClose = () => {};
      this.socket.destroy();
    } else if (opcode !== PONG) {
      this.fragments += bytes.toString('latin1', start, end);
      if (!(first & 0x80)) return;
      const text = this.fragments;
      this.fragments = '';
      this.onText(text);
    }
  }
}
