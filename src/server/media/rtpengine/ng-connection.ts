// The two transports of the ng protocol that are spoken here: UDP, and WebSocket with the subprotocol `ng.rtpengine.com`.
import { createSocket, type Socket } from 'node:dgram';
import { WebSocket } from 'ws';
import type { ByteString } from '../../../protocol/byte-string.ts';
import type { Clock, Timer } from '../../../transport/clock.ts';

export interface NgListener {
  receive(message: ByteString): void;
  /** A connection has been made: what was asked on the last one is to be asked again. */
  onOpen(): void;
  /** The peer's host says that nobody listens there. */
  onRefused(): void;
}

export interface NgConnection {
  /** What cannot be sent now is lost. */
  send(message: ByteString): void;
  close(): void;
}

/** The socket is connected: the kernel drops what others send, and tells of a closed port. */
export function connectUdp(url: URL, listener: NgListener, clock: Clock): NgConnection {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  let socket: Socket;
  let connected = false;
  let closed = false;
  let retry: Timer | undefined;
  const failed = (error: NodeJS.ErrnoException | null | undefined): void => {
    if (error?.code === 'ECONNREFUSED') listener.onRefused();
  };
  const open = (): void => {
    retry = undefined;
    socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (datagram) => listener.receive(datagram.toString('latin1')));
    socket.on('error', failed);
    socket.connect(Number(url.port), host, (error?: Error) => {
      if (error === undefined) {
        connected = true;
        listener.onOpen();
        return;
      }
      if (closed) return;
      socket.close(); // its name has no address, now
      retry = clock.setTimer(LOOK_UP, open);
    });
  };
  open();
  return {
    send(message) {
      if (connected) socket.send(Buffer.from(message, 'latin1'), failed);
    },
    close() {
      closed = true;
      connected = false;
      if (retry === undefined) socket.close();
      retry?.close();
    },
  };
}

const LOOK_UP = 1_000;
const RECONNECT = 100;
const MOST_RECONNECT = 10_000;
const ANSWER_BYTES = 1024 * 1024;
/** Octets that may wait for an engine that does not read. */
const QUEUED_BYTES = 4 * 1024 * 1024;

/** Made again when it is lost, after 0.1, 0.2, 0.4 and at most 10 seconds. */
export function connectWebSocket(url: URL, listener: NgListener, clock: Clock): NgConnection {
  let socket: WebSocket;
  let retry: Timer | undefined;
  let wait = RECONNECT;
  let closed = false;
  const open = (): void => {
    const opened = new WebSocket(url, 'ng.rtpengine.com', {
      perMessageDeflate: false,
      maxPayload: ANSWER_BYTES,
      handshakeTimeout: MOST_RECONNECT,
      followRedirects: false,
    });
    socket = opened;
    opened.on('open', () => {
      wait = RECONNECT;
      listener.onOpen();
    });
    opened.on('message', (data) => listener.receive((data as Buffer).toString('latin1')));
    opened.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') listener.onRefused();
    });
    opened.on('close', () => {
      if (closed) return;
      retry = clock.setTimer(wait, open);
      wait = Math.min(2 * wait, MOST_RECONNECT);
    });
  };
  open();
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > QUEUED_BYTES) return socket.terminate();
      socket.send(Buffer.from(message, 'latin1'), { binary: true });
    },
    close() {
      closed = true;
      retry?.close();
      socket.terminate();
    },
  };
}
