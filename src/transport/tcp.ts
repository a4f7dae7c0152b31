import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Admission, handshakeDone } from './admission.ts';
import { acceptFailed, type Endpoint, type Flow, type FlowHandler, plainAddress } from './flow.ts';
import { Heartbeat } from './heartbeat.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import { StreamFlow, type StreamFlows } from './stream-flow.ts';

export interface StreamOptions {
  limits?: Partial<TransportLimits>;
  /** Shared with other listeners, so that an address is counted once. */
  admission?: Admission;
}

export interface StreamPort {
  readonly endpoint: Endpoint;
  /** Stops listening and ends every flow. */
  close(): Promise<void>;
}

/**
 * The SIP flows of some TCP or TLS connections: takes sockets that someone else accepted (`accept`: the web port hands
 * over the ones that speak SIP), listens itself, and connects.
 */
export class TcpFlows implements StreamFlows {
  readonly handler: FlowHandler;
  readonly limits: TransportLimits;
  readonly heartbeat: Heartbeat;

  constructor(handler: FlowHandler, limits: Partial<TransportLimits> = {}) {
    this.handler = handler;
    this.limits = { ...transportLimits, ...limits };
    // Visited more often than messageTimeout, which is what the visits are for.
    this.heartbeat = new Heartbeat(Math.min(this.limits.pingInterval, this.limits.messageTimeout));
  }

  /** A connection that is up. `secure`: inside TLS. */
  accept(socket: Socket, secure: boolean): Flow {
    const flow = new StreamFlow(this, socket, secure ? 'tls' : 'tcp');
    flow.opened();
    return flow;
  }

  close(): void {
    for (const flow of this.heartbeat.members()) (flow as StreamFlow).close(undefined, 'the server stops');
    this.heartbeat.stop();
  }
}

/** SIP over TCP. Rejects with the system's error when the address cannot be bound. */
export function listenTcp(options: Endpoint & StreamOptions, handler: FlowHandler): Promise<StreamPort> {
  const flows = new TcpFlows(handler, options.limits);
  const admission = options.admission ?? new Admission(flows.limits);
  const server = createServer({ noDelay: true });
  server.on('connection', (socket) => {
    if (!admission.admit(socket)) return;
    awaitFirstOctet(socket, flows.limits.firstByteTimeout);
    flows.accept(socket, false);
  });
  return listening(server, options, flows);
}

/** Cuts a connection on which nothing comes. */
export function awaitFirstOctet(socket: Socket, timeout: number): void {
  const deadline = setTimeout(() => socket.destroy(), timeout);
  socket.once('data', () => {
    clearTimeout(deadline);
    handshakeDone(socket);
  });
  socket.once('close', () => clearTimeout(deadline));
}

export function listening(server: Server, at: Endpoint, flows: TcpFlows): Promise<StreamPort> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.address, port: at.port, backlog: flows.limits.backlog }, () => {
      server.off('error', reject);
      server.on('error', acceptFailed);
      const bound = server.address() as AddressInfo;
      resolve({
        endpoint: { address: plainAddress(bound.address), port: bound.port },
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            flows.close();
          }),
      });
    });
  });
}

/**
 * An outgoing flow, at once: what is sent before the connection is up waits for it, and onClose tells when it does not
 * come up within `connectTimeout`.
 */
export function connectTcp(remote: Endpoint, flows: TcpFlows): Flow {
  const socket = connect({ host: remote.address, port: remote.port, noDelay: true });
  const flow = new StreamFlow(flows, socket, 'tcp', remote);
  return connecting(socket, 'connect', flow, flows.limits.connectTimeout);
}

export function connecting(socket: Socket, up: string, flow: StreamFlow, timeout: number): Flow {
  const deadline = setTimeout(() => {
    flow.gone('connect timeout');
    socket.destroy();
  }, timeout);
  socket.once(up, () => {
    clearTimeout(deadline);
    flow.opened();
  });
  socket.once('close', () => clearTimeout(deadline));
  return flow;
}
