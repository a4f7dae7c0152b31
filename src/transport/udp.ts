import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ByteString } from '../protocol/byte-string.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { deliverError, deliverMessage } from './deliver.ts';
import { type Endpoint, type Flow, type FlowHandler, nextFlowId, plainAddress } from './flow.ts';
import { type TransportLimits, transportLimits } from './limits.ts';

/** The answer to a STUN message from that peer, or undefined for none. */
export type StunResponder = (message: Uint8Array, remote: Endpoint) => Uint8Array | undefined;

export interface UdpOptions extends Endpoint {
  /** Binding requests on this port are answered by it (RFC 5626 section 8); absent: they are dropped. */
  stun?: StunResponder;
  limits?: Partial<TransportLimits>;
}

export interface UdpPort {
  readonly endpoint: Endpoint;
  /** The flow to that peer: the same object while it is remembered. */
  flowTo(remote: Endpoint): Flow;
  close(): Promise<void>;
}

/** What IPv4 can carry in one datagram (RFC 768): more cannot be sent at all. */
const MAX_DATAGRAM = 65_507;

/** SIP over UDP (RFC 3261 section 18). Rejects with the system's error when the address cannot be bound. */
export function listenUdp(options: UdpOptions, handler: FlowHandler): Promise<UdpPort> {
  const type = isIPv6(options.address) ? 'udp6' : 'udp4';
  const socket = createSocket({
    type,
    recvBufferSize: 4 * 1024 * 1024, // a burst waits in the kernel (which cuts this to net.core.rmem_max)
    sendBufferSize: 4 * 1024 * 1024,
    lookup: literalLookup(type),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: options.address, port: options.port }, () => {
      socket.off('error', reject);
      resolve(new BoundPort(socket, options, handler));
    });
  });
}

class BoundPort implements UdpPort {
  readonly endpoint: Endpoint;
  readonly socket: Socket;
  readonly handler: FlowHandler;
  readonly #stun: StunResponder | undefined;
  readonly #limits: TransportLimits;
  /**
   * Flows by peer. Two generations bound them: when the young are half of the bound they become the old, and the old who
   * have not been seen since are forgotten. That costs nothing for each datagram, as an exact order would.
   */
  #young = new Map<string, UdpFlow>();
  #old = new Map<string, UdpFlow>();

  constructor(socket: Socket, options: UdpOptions, handler: FlowHandler) {
    const bound = socket.address();
    this.endpoint = { address: plainAddress(bound.address), port: bound.port };
    this.socket = socket;
    this.handler = handler;
    this.#stun = options.stun;
    this.#limits = { ...transportLimits, ...options.limits };
    socket.on('message', (datagram, remote) => this.#receive(datagram, remote));
    // Errors that belong to no send of ours (an ICMP message): nothing to do, the transaction timers know.
    socket.on('error', () => {});
  }

  flowTo(remote: Endpoint): UdpFlow {
    const key = `${remote.address} ${remote.port}`;
    let flow = this.#young.get(key);
    if (flow !== undefined) return flow;
    flow = this.#old.get(key) ?? new UdpFlow(this, { address: remote.address, port: remote.port });
    if (this.#young.size >= this.#limits.udpFlows / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, flow);
    return flow;
  }

  forget(remote: Endpoint): void {
    const key = `${remote.address} ${remote.port}`;
    this.#young.delete(key);
    this.#old.delete(key);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }

  #receive(datagram: Buffer, info: RemoteInfo): void {
    const first = datagram[0];
    if (first === undefined || info.port === 0) return; // an answer to port 0 cannot be sent
    if (first < 4) {
      // RFC 7983: STUN. (COMPAT: phones that keep their NAT open with NULs end here too, and need no answer.)
      const answer = this.#stun?.(datagram, { address: plainAddress(info.address), port: info.port });
      if (answer !== undefined) this.socket.send(answer, info.port, info.address, ignore);
      return;
    }
    const flow = this.flowTo({ address: plainAddress(info.address), port: info.port });
    if (datagram.length <= 4 && isBlank(datagram)) {
      // COMPAT: RFC 5626 keeps UDP alive by STUN, but phones send CRLF too. A ping is answered by half of its size.
      if (datagram.length === 4) flow.send('\r\n');
      return;
    }
    const text = datagram.toString('latin1');
    if (datagram.length > this.#limits.messageBytes) {
      const tooLarge = new ProtocolError('SIP_MESSAGE_SIZE', 'Message Too Large', { status: 413 });
      deliverError(flow, this.handler, tooLarge, text);
    } else deliverMessage(flow, this.handler, text);
  }
}

class UdpFlow implements Flow {
  readonly id = nextFlowId();
  readonly transport = 'udp';
  readonly reliable = false;
  readonly remote: Endpoint;
  data: unknown = undefined;
  readonly #port: BoundPort;
  readonly #sent: (error: Error | null) => void;
  #closed = false;

  constructor(port: BoundPort, remote: Endpoint) {
    this.#port = port;
    this.remote = remote;
    this.#sent = (error) => {
      if (error !== null && !this.#closed) port.handler.onSendFailed?.(this, error.message);
    };
  }

  get local(): Endpoint {
    return this.#port.endpoint;
  }

  get open(): boolean {
    return !this.#closed;
  }

  send(text: ByteString): boolean {
    if (this.#closed || text.length > MAX_DATAGRAM) return false;
    try {
      this.#port.socket.send(Buffer.from(text, 'latin1'), this.remote.port, this.remote.address, this.#sent);
      return true;
    } catch {
      return false; // the port is closed, or the peer's port is none
    }
  }

  /** Forgets what the edge keeps of this peer; its next datagram is a new flow. */
  close(): void {
    this.#closed = true;
    this.#port.forget(this.remote);
  }
}

/** Only CR and LF. */
function isBlank(datagram: Buffer): boolean {
  for (const octet of datagram) if (octet !== 13 && octet !== 10) return false;
  return true;
}

type Lookup = (
  address: string,
  options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
) => void;

/**
 * For sockets whose peers are literal addresses: without this, each send waits for a turn of the name service. An IPv6
 * socket that is also bound to IPv4 reaches an IPv4 peer by its mapped address, which plainAddress had taken off.
 */
export function literalLookup(type: 'udp4' | 'udp6'): Lookup {
  return (address, _options, done) => {
    if (type === 'udp4') done(null, address, 4);
    else done(null, isIPv6(address) ? address : `::ffff:${address}`, 6);
  };
}

function ignore(): void {}
