// A connection to a server as one of its clients would open it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { ProtocolError } from '../../protocol/errors.ts';
import { TurnStream } from '../../protocol/turn/stream.ts';
import { formatHostPort } from '../configuration/listen.ts';

export interface WireTarget {
  /** `ws` and `wss`: TURN over WebSocket. */
  transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  address: string;
  port: number;
  /** What comes is STUN and ChannelData one after the other; else it is given as it comes. */
  framed: boolean;
  /** Milliseconds until the connection is given up. */
  patience: number;
}

export interface Wire {
  send(octets: Uint8Array): void;
  /** Set before anything is sent. */
  onMessage: (octets: Uint8Array) => void;
  /** The other side has ended it; never over UDP. */
  onClose: () => void;
  /** SHA-256 fingerprint of the certificate that the server showed. */
  fingerprint?: string;
  close(): void;
}

const MAX_MESSAGE = 64 * 1024;

/** Rejects when no connection comes up. Certificates are not judged here: the one in the file is. */
export async function openWire(target: WireTarget): Promise<Wire> {
  if (target.transport === 'udp') return openUdp(target);
  return target.transport === 'ws' || target.transport === 'wss' ? openWebSocket(target) : openStream(target);
}

async function openUdp({ address, port }: WireTarget): Promise<Wire> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const wire: Wire = { send: () => {}, onMessage: () => {}, onClose: () => {}, close: () => socket.close() };
  try {
    socket.connect(port, address);
    await once(socket, 'connect');
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', () => {}); // refused: nobody listens, so nothing comes
  socket.on('message', (message) => wire.onMessage(message));
  wire.send = (octets) => socket.send(octets, () => {});
  return wire;
}

async function openStream({ transport, address, port, framed, patience }: WireTarget): Promise<Wire> {
  const at = { host: address, port };
  const socket: Socket = transport === 'tls' ? connectTls({ ...at, rejectUnauthorized: false }) : connect(at);
  const wire: Wire = {
    send: (octets) => void socket.write(octets),
    onMessage: () => {},
    onClose: () => {},
    close: () => void socket.destroy(),
  };
  try {
    await once(socket, transport === 'tls' ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(patience) });
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  socket.on('error', () => {});
  if (transport === 'tls') wire.fingerprint = (socket as TLSSocket).getPeerCertificate().fingerprint256;
  socket.on('close', () => wire.onClose());
  const stream = new TurnStream(MAX_MESSAGE);
  socket.on('data', (chunk: Buffer) => {
    if (!framed) return wire.onMessage(chunk);
    try {
      for (const message of stream.push(chunk)) wire.onMessage(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      socket.destroy();
    }
  });
  return wire;
}

async function openWebSocket({ transport, address, port, patience }: WireTarget): Promise<Wire> {
  const socket = new WebSocket(`${transport}://${formatHostPort({ address, port })}/`, 'turn', {
    rejectUnauthorized: false,
    handshakeTimeout: patience,
    maxPayload: MAX_MESSAGE,
  });
  const wire: Wire = {
    send: (octets) => socket.send(octets, () => {}),
    onMessage: () => {},
    onClose: () => {},
    close: () => socket.terminate(),
  };
  await once(socket, 'open');
  socket.on('error', () => {});
  socket.on('close', () => wire.onClose());
  socket.on('message', (data) => wire.onMessage(data as Buffer));
  return wire;
}
