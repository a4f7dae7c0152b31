// The world around a SipServer in a test: flows without sockets, accounts without a store, time that is told.
import { type Primitives, toBase64 } from '../../src/protocol/primitives.ts';
import { digestHa1 } from '../../src/protocol/sip/digest.ts';
import type { DigestAlgorithm, SipAccounts } from '../../src/server/accounts/sip-accounts.ts';
import { SipServer, type SipServerOptions } from '../../src/server/sip/sip-server.ts';
import type { BindingStore, CallRecord, StoredBinding } from '../../src/storage/ports.ts';
import { VirtualClock } from '../../src/transport/clock.ts';
import { type Endpoint, type Flow, type Identity, nextFlowId, type SipTransport } from '../../src/transport/flow.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { FakeMediaEngine } from '../support/fake-media-engine.ts';
import { FakeMessaging } from '../support/fake-messaging.ts';

export const SECRET = 'a secret of the test';
/** 2027-01-15, in milliseconds: when every test begins. */
export const START = 1_800_000_000_000;

export class FakeFlow implements Flow {
  readonly id = nextFlowId();
  readonly transport: SipTransport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly reliable: boolean;
  readonly handshake?: { identity?: Identity };
  data: unknown = undefined;
  open = true;
  /** Nothing arrives any more, but nobody has noticed. */
  mute = false;
  readonly received: string[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;
  readonly #world: World;

  constructor(world: World, transport: SipTransport, remote: Endpoint, local: Endpoint, identity?: Identity) {
    this.#world = world;
    this.transport = transport;
    this.remote = remote;
    this.local = local;
    this.reliable = transport !== 'udp';
    if (identity !== undefined) this.handshake = { identity };
  }

  send(text: string): boolean {
    if (!this.open) return false;
    if (!this.mute) this.received.push(text);
    return true;
  }

  close(code?: number, reason?: string): void {
    if (!this.open) return;
    this.open = false;
    this.closed = { code, reason };
    if (this.reliable) this.#world.closing.push(this);
  }
}

export class FakeAccounts implements SipAccounts {
  readonly names = new Set(['alice', 'bob', 'carol']);
  readonly #primitives: Primitives = primitives;

  exists(name: string): boolean {
    return this.names.has(name);
  }

  digestSecrets(username: string, realm: string, algorithm: DigestAlgorithm, now: number) {
    const ephemeral = /^(\d+):(.+)$/.exec(username);
    const name = this.canonicalName(ephemeral?.[2] ?? username);
    if (name === undefined) return undefined;
    if (ephemeral !== null) {
      const expires = Number(ephemeral[1]);
      if (expires * 1000 <= now) return undefined;
      const ha1 = [digestHa1(this.#primitives, algorithm, username, realm, ephemeralPassword(username))];
      return { ha1, identity: { name, account: this.exists(name), admin: false, expires } };
    }
    if (!this.exists(name)) return undefined;
    const ha1 = [digestHa1(this.#primitives, algorithm, username, realm, `password of ${name}`)];
    return { ha1, identity: { name, account: true, admin: false } };
  }

  verifyCredential(): undefined {
    return undefined;
  }

  canonicalName(user: string): string | undefined {
    const name = decodeURIComponent(user).toLowerCase();
    return /^[a-z0-9._+-]{1,64}$/.test(name) ? name : undefined;
  }
}

/** base64(HMAC-SHA1(secret, username)): Kamailio's and coturn's formula. */
export function ephemeralPassword(username: string): string {
  return toBase64(primitives.hmac('sha1', SECRET, username));
}

export class FakeBindings implements BindingStore {
  stored = new Map<string, Array<Omit<StoredBinding, 'aor'>>>();
  /** Writes wait for flush() when set. */
  waiting: Array<() => void> | undefined;

  load(): Promise<StoredBinding[]> {
    return Promise.resolve([...this.stored].flatMap(([aor, list]) => list.map((binding) => ({ aor, ...binding }))));
  }

  of(aor: string): Promise<StoredBinding[]> {
    return Promise.resolve((this.stored.get(aor) ?? []).map((binding) => ({ aor, ...binding })));
  }

  save(aor: string, bindings: Array<Omit<StoredBinding, 'aor'>>): Promise<void> {
    this.stored.set(aor, bindings);
    if (this.waiting === undefined) return Promise.resolve();
    return new Promise((resolve) => this.waiting!.push(resolve));
  }
}

/** A server, its clock, and whoever talks to it. */
export class World {
  readonly clock = new VirtualClock();
  readonly accounts = new FakeAccounts();
  readonly bindings: FakeBindings;
  readonly server: SipServer;
  readonly flows = new Map<string, FakeFlow>();
  /** Flows that were closed and whose handler has not heard of it: never inside its own call. */
  readonly closing: FakeFlow[] = [];
  /** Relays media when it was asked for. */
  readonly engine: FakeMediaEngine | undefined;
  /** Messages and presence, where they were asked for. */
  readonly messaging: FakeMessaging | undefined;
  /** Of calls that are over. */
  readonly calls: CallRecord[] = [];
  /** What it logged as a fault of its own: nothing, if all is well. */
  readonly faults: string[] = [];
  lag = 0;
  #port = 40_000;

  constructor(
    { messaging, ...options }: Partial<SipServerOptions> & { messaging?: boolean } = {},
    bindings = new FakeBindings(),
  ) {
    this.bindings = bindings;
    this.messaging = messaging ? new FakeMessaging() : undefined;
    this.engine = options.media === undefined ? undefined : new FakeMediaEngine();
    this.server = new SipServer(
      {
        domain: 'example.test',
        secrets: [SECRET],
        auth: { required: true, digest: ['SHA-256', 'MD5'] },
        routes: [{ domain: 'other.test', to: 'udp:192.0.2.70:5070' }],
        ...options,
        // No message: the scripts, which read all that is sent as SIP, do without.
        limits: { natKeepAlive: 0, ...options.limits },
      },
      {
        clock: this.clock,
        primitives,
        accounts: this.accounts,
        bindings,
        log: { debug() {}, info() {}, warn() {}, error: (fields) => void this.faults.push(JSON.stringify(fields)) },
        calls: (record) => void this.calls.push(record),
        ...(this.engine !== undefined && { media: this.engine }),
        ...(this.messaging !== undefined && { messaging: this.messaging }),
        wallClock: () => this.now(),
        loopLag: () => this.lag,
      },
    );
  }

  now(): number {
    return START + this.clock.now();
  }

  async start(): Promise<void> {
    const address = '192.0.2.1';
    await this.server.start(
      {
        udpFlow: (remote) => this.udp(remote),
        connect: (transport, remote) => this.flow(transport, remote),
      },
      [
        { transport: 'ws', address, port: 8080 },
        { transport: 'udp', address, port: 5060 },
        { transport: 'tcp', address, port: 5060 },
      ],
    );
  }

  udp(remote: Endpoint): FakeFlow {
    const key = `udp ${remote.address}:${remote.port}`;
    let flow = this.flows.get(key);
    if (flow === undefined) {
      flow = new FakeFlow(this, 'udp', remote, { address: '192.0.2.1', port: 5060 });
      this.flows.set(key, flow);
    }
    return flow;
  }

  /** A connection, or the UDP flow to that peer. */
  flow(transport: SipTransport, remote?: Endpoint, identity?: Identity): FakeFlow {
    this.#port += 1;
    const peer = remote ?? { address: '198.51.100.7', port: this.#port };
    if (transport === 'udp') return this.udp(peer);
    const port = transport === 'ws' || transport === 'wss' ? 8080 : 5060;
    const flow = new FakeFlow(this, transport, peer, { address: '192.0.2.1', port }, identity);
    this.flows.set(`${transport} ${peer.address}:${peer.port}`, flow);
    this.server.onOpen(flow);
    return flow;
  }

  deliver(flow: FakeFlow, text: string): void {
    this.server.onMessage(flow, text);
    this.settle();
  }

  /** The client drops its connection. */
  drop(flow: FakeFlow): void {
    flow.open = false;
    this.server.onClose(flow, 'dropped');
    this.settle();
  }

  settle(): void {
    for (let flow = this.closing.shift(); flow !== undefined; flow = this.closing.shift())
      this.server.onClose(flow, 'closed');
  }

  pass(milliseconds: number): void {
    this.clock.advance(milliseconds);
    this.settle();
  }
}
