// A relay on virtual time with a network of its own: what it sends reaches whoever is at that address, a millisecond later.

import { serializeFingerprint } from '../../src/protocol/dtls/fingerprint.ts';
import type { IcePath } from '../../src/protocol/ice/lite-options.ts';
import type { Leg, PhoneLeg, WebRtcLeg } from '../../src/protocol/sdp/leg.ts';
import type { Side } from '../../src/protocol/sdp/payload-map.ts';
import { SessionTranslation, type TranslatedSection } from '../../src/protocol/sdp/session-translation.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';
import type { BranchPlan, RelayEvent, SidePlan, SocketName } from '../../src/server/media/relay/plan.ts';
import { type RelayOptions, type RelayPorts, ROOM } from '../../src/server/media/relay/ports.ts';
import { Relay } from '../../src/server/media/relay/relay.ts';
import { nodeSrtpCrypto } from '../../src/server/media/srtp-crypto.ts';
import { VirtualClock } from '../../src/transport/clock.ts';
import { primitives } from '../../src/transport/primitives.ts';

export const OUR_CERTIFICATE = generateCertificate(0);
export const RELAY_ADDRESS = '198.51.100.1';

/** Whoever can be sent to. */
export interface Addressee {
  receive(octets: Uint8Array, from: SocketName): void;
}

export class RelayWorld {
  readonly clock = new VirtualClock();
  readonly events: RelayEvent[] = [];
  /** Every datagram that was sent to an address where nobody is. */
  readonly astray: { octets: Uint8Array; address: string; port: number }[] = [];
  readonly valid = new Set<IcePath>();
  /** Sockets at which nobody but one peer is listened to, and that peer. */
  readonly settled = new Map<SocketName, string>();
  readonly relay: Relay;
  private readonly addressees = new Map<string, Addressee>();
  /** One for every datagram, as a driver has it: what is kept of one is spoilt by the next. */
  private readonly buffer = new Uint8Array(65_536 + ROOM);

  constructor(options: RelayOptions = {}) {
    const ports: RelayPorts = {
      clock: this.clock,
      epoch: Date.UTC(2026, 0, 1),
      primitives,
      dtls: nodeDtlsCrypto,
      srtp: nodeSrtpCrypto,
      certificate: OUR_CERTIFICATE,
      send: (socket, packet, length, address, port) => this.carry(socket, packet, length, address, port),
      sendMux: ({ local, address, port }, packet, length) => this.carry(local, packet, length, address, port),
      pathValid: (path) => this.valid.add(path),
      pathGone: (path) => {
        if (!this.valid.delete(path)) throw new Error('gone before it was valid');
      },
      settled: (socket, address, port) => this.settled.set(socket, `${address} ${port}`),
      unsettled: (socket) => {
        if (!this.settled.delete(socket)) throw new Error('unsettled before it was settled');
      },
      event: (event) => this.events.push(event),
    };
    this.relay = new Relay(ports, options);
  }

  settle(address: string, port: number, addressee: Addressee): void {
    this.addressees.set(`${address} ${port}`, addressee);
  }

  /** A datagram for one of the relay's sockets; `mux` is that of all WebRTC legs. Whether it was anybody's. */
  deliver(socket: SocketName, octets: Uint8Array, address: string, port: number): boolean {
    this.buffer.fill(0xaa);
    this.buffer.set(octets);
    if (socket === 'mux') return this.relay.receiveMux('mux', this.buffer, octets.length, address, port);
    this.relay.receive(socket, this.buffer, octets.length, address, port);
    return true;
  }

  private carry(socket: SocketName, packet: Uint8Array, length: number, address: string, port: number): void {
    const octets = packet.slice(0, length);
    const addressee = this.addressees.get(`${address} ${port}`);
    if (addressee === undefined) this.astray.push({ octets, address, port });
    else this.clock.setTimer(1, () => addressee.receive(octets, socket));
  }
}

export interface PartyOptions {
  type: 'webrtc' | 'phone';
  /** Where its signalling comes from. */
  address: string;
  leg?: Partial<WebRtcLeg> & Partial<PhoneLeg>;
  /** Whether the description names SSRCs. */
  sources?: boolean;
}

const FINGERPRINT = { hash: 'sha-256', value: serializeFingerprint(nodeDtlsCrypto.sha256(OUR_CERTIFICATE.der)) };

/** Port of RTP of the section at this position; RTCP has the next one. */
function portOf(side: Side, index: number, call: number): number {
  return 30_000 + 100 * (call % 300) + (side === 'caller' ? 0 : 50) + 2 * index;
}

let calls = 0;

/** One branch of a call as its describing thread has it: descriptions go through a translation, and the relay is told. */
export class DescribedBranch {
  readonly number: number;
  readonly id: string;
  confirmed = false;
  readonly legs: Record<Side, Leg>;
  readonly parties: Record<Side, PartyOptions>;
  readonly call: string;
  readonly world: { readonly relay: Pick<Relay, 'update'> };
  private readonly translation: SessionTranslation;
  /** Of our ICE credentials; undefined: no description has had any yet. */
  private readonly generations: Record<Side, { latest: number | undefined }>;

  constructor(world: DescribedBranch['world'], caller: PartyOptions, callee: PartyOptions, first?: DescribedBranch) {
    this.world = world;
    this.number = calls++;
    this.call = first?.call ?? `call ${this.number}`;
    this.id = `branch ${this.number}`;
    this.parties = { caller, callee };
    this.generations = { caller: first?.generations.caller ?? { latest: undefined }, callee: { latest: undefined } };
    this.legs = { caller: first?.legs.caller ?? this.leg('caller', caller), callee: this.leg('callee', callee) };
    this.translation = first?.translation.fork(this.legs.callee) ?? new SessionTranslation(this.legs);
  }

  offer(from: Side, text: string): string {
    const { text: translated, sections } = this.translation.offer(from, text);
    this.tell(sections);
    return translated;
  }

  answer(from: Side, text: string): string {
    const { text: translated, sections } = this.translation.answer(from, text);
    this.tell(sections);
    return translated;
  }

  fork(callee: PartyOptions): DescribedBranch {
    return new DescribedBranch(this.world, this.parties.caller, callee, this);
  }

  confirm(): void {
    this.confirmed = true;
    this.tell(this.sections);
  }

  sections: readonly TranslatedSection[] = [];

  tell(sections: readonly TranslatedSection[]): void {
    this.sections = sections;
    const side = (name: Side): SidePlan => this.sidePlan(name, sections);
    const plan: BranchPlan = {
      call: this.call,
      branch: this.id,
      caller: side('caller'),
      callee: side('callee'),
      sections,
      confirmed: this.confirmed,
    };
    this.world.relay.update(structuredClone(plan));
  }

  socket(side: Side, index = 0, rtcp = false): SocketName {
    if (this.parties[side].type === 'webrtc') return 'mux';
    const { port, rtcpPort } = this.legs[side].transport(index);
    return String(rtcp ? (rtcpPort ?? port + 1) : port);
  }

  ssrc(side: Side, index: number): number {
    return 0x0a00_0000 + 0x1_0000 * this.number + (side === 'caller' ? 0 : 0x100) + index;
  }

  private sidePlan(side: Side, sections: readonly TranslatedSection[]): SidePlan {
    const { type, address, sources } = this.parties[side];
    const leg = this.legs[side];
    const positions = [
      ...new Set(sections.filter((section) => section[side].live).map((section) => section[side].transportIndex)),
    ];
    const generation = this.generations[side].latest;
    return {
      type,
      address,
      transports: positions.map((index) => ({
        index,
        socket: this.socket(side, index),
        ...(type === 'phone' ? { rtcpSocket: this.socket(side, index, true) } : {}),
        ...(leg.ice && generation !== undefined ? { ice: { generation, local: leg.ice(generation) } } : {}),
      })),
      sources: sections.map((_, index) =>
        sources
          ? { ssrc: this.ssrc(side, index), cname: `cname-${side}`, repair: this.ssrc(side, index) + 0x80 }
          : undefined,
      ),
    };
  }

  private leg(side: Side, { type, leg = {} }: PartyOptions): Leg {
    const sessionId = String(1000 + this.number);
    const ice = (generation: number) => {
      this.generations[side].latest = Math.max(this.generations[side].latest ?? 0, generation);
      return { ufrag: `${side}${this.number}g${generation}`, password: `password0123456789${side}${generation}` };
    };
    if (type === 'webrtc')
      return {
        type,
        sessionId,
        stream: 'chappe',
        transport: () => ({ address: RELAY_ADDRESS, port: 3478 }),
        fingerprint: FINGERPRINT,
        ice,
        ...leg,
      } as WebRtcLeg;
    return {
      type,
      sessionId,
      profile: 'RTP/AVP',
      transport: (index: number) => ({ address: RELAY_ADDRESS, port: portOf(side, index, this.number) }),
      fingerprint: FINGERPRINT,
      sdes: (index: number) => [
        { suite: 'AES_CM_128_HMAC_SHA1_80', key: `${'C'.repeat(38)}${index}${side.at(-1)}` },
        { suite: 'AEAD_AES_128_GCM', key: `${'G'.repeat(36)}${side.at(-1)}A==` },
      ],
      ...leg,
      ...(leg.ice ? { ice } : {}),
    } as PhoneLeg;
  }
}
