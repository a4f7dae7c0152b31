// A TURN machine on virtual time, with ports made up, and clients that keep their challenge.
import { createHash } from 'node:crypto';
import type { AddressFamily } from '../../src/protocol/turn/attributes.ts';
import type { TurnCredentials } from '../../src/protocol/turn/authentication.ts';
import type { FiveTuple } from '../../src/protocol/turn/five-tuple.ts';
import { type TurnLimits, turnLimits } from '../../src/protocol/turn/limits.ts';
import * as turn from '../../src/protocol/turn/numbers.ts';
import type { TurnEvent, TurnOutput } from '../../src/protocol/turn/outputs.ts';
import { PeerPolicy, type PeerPolicyOptions } from '../../src/protocol/turn/peer-policy.ts';
import type { Relay } from '../../src/protocol/turn/relay.ts';
import { RelayPath } from '../../src/protocol/turn/relay-path.ts';
import { TurnMachine } from '../../src/protocol/turn/turn-machine.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { Answer, type Peer, request, requestedTransport, type TurnUser } from './turn-messages.ts';

export const REALM = 'example.test';

export interface WorldOptions {
  limits?: Partial<TurnLimits>;
  families?: AddressFamily[];
  policy?: Partial<PeerPolicyOptions>;
  mtu?: number;
  mediaPort?: number;
  /** Ports that can be had; default: enough. */
  ports?: number;
  /** The driver answers openings only when told (`openAll`). */
  slow?: boolean;
}

export class TurnWorld {
  now = 1_000_000;
  readonly machine: TurnMachine;
  readonly path: RelayPath;
  readonly relays = new Set<Relay>();
  readonly events: TurnEvent[] = [];
  readonly toPeers: Array<{ from: string; to: string; data: string }> = [];
  /** Passwords by username; an expiry in unix milliseconds of this world's time. */
  readonly users = new Map<string, { password: string; account: string; expires?: number }>([
    ['alice', { password: 'secret1', account: 'alice' }],
    ['bob', { password: 'secret2', account: 'bob' }],
  ]);
  readonly #timers = new Map<object, number>();
  readonly #waiting: Array<Extract<TurnOutput, { type: 'openRelays' }>['opening']> = [];
  readonly #options: WorldOptions;
  #port = 50_000;
  #clientPort = 40_000;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    const credentials: TurnCredentials = {
      keys: (username, algorithm) => {
        const user = this.users.get(username);
        if (user === undefined || (user.expires ?? Number.POSITIVE_INFINITY) <= this.now) return undefined;
        const hash = createHash(algorithm === 'MD5' ? 'md5' : 'sha256');
        return {
          keys: ['not this one', hash.update(`${username}:${REALM}:${user.password}`).digest('binary')],
          account: user.account,
        };
      },
    };
    this.machine = new TurnMachine({
      realm: REALM,
      credentials,
      primitives,
      policy: new PeerPolicy({ allow: [], deny: [], ...options.policy }),
      limits: { ...turnLimits, ...options.limits },
      families: options.families ?? [4, 6],
      mtu: options.mtu,
      isMediaPort: (port) => port === options.mediaPort,
      software: 'Chappe',
    });
    this.path = new RelayPath(this.machine.state, {
      now: () => this.now,
      buffer: (size) => new Uint8Array(size).fill(0xaa),
      toPeer: (relay, data, port, address) => {
        this.toPeers.push({
          from: `${relay.address} ${relay.port}`,
          to: `${address} ${port}`,
          data: String(Buffer.from(data)),
        });
      },
      toClient: (fiveTuple, message) => (fiveTuple as TurnClient).received.push(message),
    });
  }

  client(options: { address?: string; port?: number; transport?: FiveTuple['transport'] } = {}): TurnClient {
    this.#clientPort += 1;
    return new TurnClient(
      this,
      options.address ?? '198.51.100.7',
      options.port ?? this.#clientPort,
      options.transport ?? 'udp',
    );
  }

  carryOut(outputs: readonly TurnOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') (output.fiveTuple as TurnClient).received.push(output.message);
      else if (output.type === 'setTimer') this.#timers.set(output.subject, this.now + output.delay);
      else if (output.type === 'clearTimer') this.#timers.delete(output.subject);
      else if (output.type === 'closeRelay') this.relays.delete(output.relay);
      else if (output.type === 'event') this.events.push(output.event);
      else {
        this.#waiting.push(output.opening);
        if (!this.#options.slow) this.openAll();
      }
    }
  }

  /** The driver opens what it was asked to. */
  openAll(): void {
    for (const opening of this.#waiting.splice(0)) {
      const relays: Relay[] = [];
      const left = () => (this.#options.ports ?? Number.POSITIVE_INFINITY) - this.relays.size;
      let reserved: Relay | undefined;
      for (const family of opening.families) {
        if (left() < (opening.reserveNext ? 2 : 1)) continue;
        this.#port += this.#port % 2 === 0 ? 2 : 1;
        const address = family === 4 ? '203.0.113.1' : '2001:db8::1';
        relays.push({ family, address, port: this.#port, allocation: undefined });
        if (opening.reserveNext) {
          this.#port += 1;
          reserved = { family, address, port: this.#port, allocation: undefined };
        }
      }
      for (const relay of [...relays, ...(reserved ? [reserved] : [])]) this.relays.add(relay);
      this.carryOut(this.machine.opened(opening, { relays, ...(reserved && { reserved }) }, this.now));
    }
  }

  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter(([, due]) => due <= end).sort(([, a], [, b]) => a - b);
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.now = Math.max(this.now, next[1]);
      this.carryOut(this.machine.timer(next[0] as never, this.now));
    }
    this.now = end;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** A datagram of a peer's comes in at a relayed address. */
  peerSends(relayed: { address: string; port: number }, address: string, port: number, data: string): void {
    const relay = [...this.relays].find((each) => each.address === relayed.address && each.port === relayed.port);
    if (relay !== undefined) this.path.fromPeer(relay, address, port, Buffer.from(data));
  }
}

export class TurnClient implements FiveTuple {
  readonly world: TurnWorld;
  readonly transport: FiveTuple['transport'];
  readonly address: string;
  readonly port: number;
  allocation: FiveTuple['allocation'];
  opening: FiveTuple['opening'];
  readonly received: Uint8Array[] = [];
  user: TurnUser = { username: 'alice', password: 'secret1' };

  constructor(world: TurnWorld, address: string, port: number, transport: FiveTuple['transport']) {
    this.world = world;
    this.address = address;
    this.port = port;
    this.transport = transport;
  }

  /** Gives the machine a message as it is; the answer, if there is one at once. */
  give(octets: Uint8Array): Answer | undefined {
    const before = this.received.length;
    const outputs = this.world.machine.receive(octets, this, this.world.now);
    if (outputs !== undefined) this.world.carryOut(outputs);
    const answer = this.received[before];
    return answer && new Answer(answer);
  }

  /** Asks, takes the challenge if there is one, and asks again. */
  ask(method: number, attributes: Parameters<typeof request>[1] = []): Answer {
    const answer = this.give(request(method, attributes, this.user.nonce === undefined ? undefined : this.user));
    if (answer === undefined) throw new Error('no answer');
    if (answer.code !== 401 && answer.code !== 438) return answer;
    this.challenged(answer);
    return this.give(request(method, attributes, this.user)) as Answer;
  }

  challenged(answer: Answer): void {
    this.user = { ...this.user, realm: answer.text(turn.REALM), nonce: answer.text(turn.NONCE) };
    const algorithms = answer.octets(turn.PASSWORD_ALGORITHMS);
    if (algorithms !== undefined) this.user.algorithms = algorithms;
  }

  allocate(attributes: Parameters<typeof request>[1] = []): Answer {
    return this.ask(turn.ALLOCATE, [requestedTransport(), ...attributes]);
  }

  permit(...peers: Peer['peer'][]): Answer {
    return this.ask(
      turn.CREATE_PERMISSION,
      peers.map((peer) => ({ peer })),
    );
  }

  /** What came since it was last looked at. */
  take(): Uint8Array[] {
    return this.received.splice(0);
  }
}
