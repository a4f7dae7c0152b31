// An embedded engine with its threads, and peers of relay-peer.ts, on real sockets of loopback.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parseFingerprint } from '../../src/protocol/dtls/fingerprint.ts';
import { parseDescription } from '../../src/protocol/sdp/session-description.ts';
import { EmbeddedEngine, type EmbeddedEngineOptions } from '../../src/server/media/embedded/embedded-engine.ts';
import { listenForMedia } from '../../src/server/media/embedded/own-socket.ts';
import type { PortRange } from '../../src/server/media/embedded/port-pairs.ts';
import type { MediaBranch, MediaEvent, MediaParty } from '../../src/server/media/engine.ts';
import { StunServer } from '../../src/server/turn/stun-server.ts';
import { nativeClock } from '../../src/transport/clock.ts';
import { freePort } from './ports.ts';
import { type PeerWorld, RelayPeer } from './relay-peer.ts';

export const LOOPBACK = '127.0.0.1';
export const BROWSER: MediaParty = { profile: 'webrtc', address: LOOPBACK };
export const PHONE: MediaParty = { profile: 'RTP/AVP', address: LOOPBACK };

export interface WorldOptions extends Partial<EmbeddedEngineOptions> {
  /** Of phone ports. */
  pairs?: number;
  /** Where the engine listens, and where its peers are. */
  listen?: string;
  address?: string;
  /** Whether threads may have sockets of their own on the shared port, where the system has that. */
  takeover?: boolean;
}

export class SocketWorld implements PeerWorld {
  readonly clock = nativeClock;
  readonly engine: EmbeddedEngine;
  readonly logged: string[] = [];
  readonly events: MediaEvent[] = [];
  readonly ports: PortRange;
  /** Of its peers. */
  readonly address: string;
  private readonly port: { close(): Promise<void> };
  private readonly sockets = new Map<number, Socket>();
  private calls = 0;

  private constructor(options: EmbeddedEngineOptions, address: string, takeover: boolean) {
    this.address = address;
    const log = (fields: object, message: string) => void this.logged.push(`${message} ${JSON.stringify(fields)}`);
    this.engine = new EmbeddedEngine({ ...options, log: { warn: log, error: log } });
    const shared = this.engine.shared.add();
    const port = listenForMedia({ address: options.addresses.listen, port: 0 }, shared, new StunServer().respond);
    shared.attach({ ...port, reusable: port.reusable && takeover });
    this.port = port;
    this.ports = options.ports;
  }

  static async open(options: WorldOptions = {}): Promise<SocketWorld> {
    const { pairs = 50, listen = LOOPBACK, address = LOOPBACK, takeover = true, ...rest } = options;
    const first = (await freePort(2 * pairs + 1)) + 1;
    const even = first - (first % 2);
    const ports = { first: even, last: even + 2 * pairs - 1 };
    return new SocketWorld(
      { addresses: { listen, rtp: [], publicAddress: undefined }, ports, ...rest },
      address,
      takeover,
    );
  }

  /** Every call ends, every peer goes. */
  async hangUp(): Promise<void> {
    await Promise.all([...this.engine['branches'].values()].map((branch) => branch.close()));
    for (const socket of this.sockets.values()) socket.close();
    this.sockets.clear();
  }

  async close(): Promise<void> {
    await this.hangUp();
    await this.engine.close();
    await this.port.close();
  }

  /** As if it had run into a fault that nobody catches. */
  async killThread(): Promise<void> {
    await this.engine['threads']['threads'][0]!['worker'].terminate();
  }

  get threadIsReady(): boolean {
    return this.engine['threads'].leastLoaded().alive;
  }

  /** What the engine keeps for calls. */
  held() {
    const { engine, ports } = this;
    const pairs = (ports.last - ports.first + 1) / 2;
    return {
      branches: engine['branches'].size + engine['byAccount'].size,
      ports: pairs - engine.phonePorts.available,
      fragments: engine.shared['fragments'].size,
      paths: engine.shared.listening.reduce((sum, port) => sum + port['paths'].size, 0),
      calls: engine['threads']['threads'].reduce((sum: number, thread: { calls: number }) => sum + thread.calls, 0),
    };
  }

  /** A call's first branch. */
  branch(caller: MediaParty, callee: MediaParty, account?: string): MediaBranch {
    return this.call(caller, account).branch(callee, (event) => this.events.push(event));
  }

  call(caller: MediaParty, account?: string) {
    this.calls += 1;
    return this.engine.open({
      callId: `call-${this.calls}`,
      callerTag: 'tag',
      caller,
      ...(account !== undefined && { account }),
    });
  }

  /** Somebody with a socket of his own. */
  async peer(): Promise<RelayPeer> {
    const { address } = this;
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    const { port } = socket.address();
    this.sockets.set(port, socket);
    const peer = new RelayPeer(this, address, port, '');
    socket.on('message', (datagram) => peer.receive(new Uint8Array(datagram)));
    return peer;
  }

  settle(): void {}

  /** `destination` is a port of the engine's. */
  deliver(destination: string, octets: Uint8Array, _address: string, port: number): boolean {
    this.sockets.get(port)?.send(octets, Number(destination), this.address);
    return true;
  }
}

/** Lets a peer send where a description says. */
export function sendsTo(peer: RelayPeer, description: string, index = 0): RelayPeer {
  peer.socket = String(parseDescription(description).media[index]?.port);
  return peer;
}

/** A browser that has the description: its check, and DTLS in the role that is left for it. */
export async function connectBrowser(peer: RelayPeer, description: string): Promise<void> {
  const section = parseDescription(description).media[0]!;
  sendsTo(peer, description);
  const answered = peer.stun.length;
  peer.check(description);
  await until(() => peer.stun.length > answered);
  startDtls(peer, description);
  await until(() => peer.dtlsEvents.length > 0);
  if (section.fingerprints.length === 0) throw new Error('no fingerprint');
}

export function startDtls(peer: RelayPeer, description: string): void {
  const section = parseDescription(description).media[0]!;
  const fingerprint = parseFingerprint(section.fingerprints[0]!.value)!;
  peer.startDtls(section.setup === 'active' ? 'server' : 'client', { fingerprints: [fingerprint] });
}

const PATIENCE = 10_000;

/** Looks often, and waits no longer than it has to. */
export async function until(condition: () => unknown): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`in vain: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
