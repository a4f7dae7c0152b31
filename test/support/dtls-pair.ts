// Two DTLS endpoints back to back on virtual time, with a network between them that loses, repeats and reorders on demand.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { DtlsEndpoint } from '../../src/protocol/dtls/dtls-endpoint.ts';
import type { DtlsEvent, DtlsOptions, DtlsOutput, DtlsTimer } from '../../src/protocol/dtls/dtls-options.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';

export type Role = 'client' | 'server';

export const CERTIFICATES: Record<Role, DtlsOptions['certificate']> = {
  client: generateCertificate(0),
  server: generateCertificate(0),
};

export function fingerprintOf(certificate: { der: Uint8Array }): Uint8Array {
  return nodeDtlsCrypto.sha256(certificate.der);
}

/** A certificate's octets with another's key: what a thief of the certificate has. */
export function copied(certificate: DtlsOptions['certificate']): DtlsOptions['certificate'] {
  const other = generateCertificate(0);
  return { der: certificate.der, keyType: certificate.keyType, sign: other.sign };
}

export function rsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

/** What the network does with a datagram: the delays after which copies of it arrive; none, and it is lost. */
export type Network = (datagram: Uint8Array, from: Role, now: number) => number[];

export interface PairOptions {
  client?: Partial<DtlsOptions>;
  server?: Partial<DtlsOptions>;
  network?: Network;
}

export class DtlsPair {
  now = 0;
  readonly client: DtlsEndpoint;
  readonly server: DtlsEndpoint;
  readonly events: Record<Role, DtlsEvent[]> = { client: [], server: [] };
  readonly sent: Record<Role, { at: number; datagram: Uint8Array }[]> = { client: [], server: [] };
  network: Network;
  private readonly timers: Record<Role, Map<DtlsTimer, number>> = { client: new Map(), server: new Map() };
  private flying: { at: number; order: number; to: Role; datagram: Uint8Array }[] = [];
  private order = 0;

  constructor({ client, server, network }: PairOptions = {}) {
    const base = { crypto: nodeDtlsCrypto };
    this.client = new DtlsEndpoint({
      ...base,
      role: 'client',
      certificate: CERTIFICATES.client,
      fingerprints: [fingerprintOf(server?.certificate ?? CERTIFICATES.server)],
      ...client,
    });
    this.server = new DtlsEndpoint({
      ...base,
      role: 'server',
      certificate: CERTIFICATES.server,
      fingerprints: [fingerprintOf(client?.certificate ?? CERTIFICATES.client)],
      ...server,
    });
    this.network = network ?? (() => [10]);
  }

  start(): this {
    this.carry('server', this.server.start(this.now));
    this.carry('client', this.client.start(this.now));
    return this;
  }

  /** What an endpoint wants done. */
  carry(role: Role, outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.send(role, output.message);
      else if (output.type === 'setTimer') this.timers[role].set(output.name, this.now + output.delay);
      else if (output.type === 'clearTimer') this.timers[role].delete(output.name);
      else this.events[role].push(output.event);
    }
  }

  /** Gives a datagram to an endpoint as if it had come from the other's address. */
  inject(to: Role, datagram: Uint8Array): void {
    this.carry(to, this[to].receive(datagram, this.now));
  }

  /** Virtual time passes up to `until` milliseconds, or until nothing is left to happen. */
  run(until = 120_000): this {
    for (;;) {
      const timer = this.nextTimer();
      const flight = this.flying.reduce(
        (a, b) => (!a || b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a),
        this.flying[0],
      );
      const at = Math.min(timer?.at ?? Number.POSITIVE_INFINITY, flight?.at ?? Number.POSITIVE_INFINITY);
      if (at > until || at === Number.POSITIVE_INFINITY) break;
      this.now = at;
      if (flight && flight.at === at) {
        this.flying = this.flying.filter((other) => other !== flight);
        this.inject(flight.to, flight.datagram);
      } else if (timer) {
        this.timers[timer.role].delete(timer.name);
        this.carry(timer.role, this[timer.role].timer(timer.name, at));
      }
    }
    this.now = Math.max(this.now, until);
    return this;
  }

  event<T extends DtlsEvent['type']>(role: Role, type: T): Extract<DtlsEvent, { type: T }> {
    const found = this.events[role].find((event) => event.type === type);
    if (!found) throw new Error(`${role}: no ${type}, but ${JSON.stringify(this.events[role].map(brief))}`);
    return found as Extract<DtlsEvent, { type: T }>;
  }

  /** Both are up and have the same keys. */
  agreed(): boolean {
    const [a, b] = [this.events.client[0], this.events.server[0]];
    if (a?.type !== 'connected' || b?.type !== 'connected') return false;
    return a.srtpProfile === b.srtpProfile && nodeDtlsCrypto.equal(a.keyingMaterial, b.keyingMaterial);
  }

  private send(from: Role, datagram: Uint8Array): void {
    this.sent[from].push({ at: this.now, datagram });
    const to = from === 'client' ? 'server' : 'client';
    for (const delay of this.network(datagram, from, this.now)) {
      this.flying.push({ at: this.now + delay, order: this.order++, to, datagram });
    }
  }

  private nextTimer(): { role: Role; name: DtlsTimer; at: number } | undefined {
    let next: { role: Role; name: DtlsTimer; at: number } | undefined;
    for (const role of ['client', 'server'] as const) {
      for (const [name, at] of this.timers[role]) if (!next || at < next.at) next = { role, name, at };
    }
    return next;
  }
}

function brief(event: DtlsEvent): string {
  return event.type === 'failed' ? `failed ${event.code} ${event.alert ?? ''}` : event.type;
}
