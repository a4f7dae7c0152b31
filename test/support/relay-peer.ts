// Who is at the other end of a relay's legs in tests: a browser or a phone, of our own protocol code, at an address of a
// RelayWorld. It does what it is told, and remembers what it heard.
import { DtlsEndpoint } from '../../src/protocol/dtls/dtls-endpoint.ts';
import type { DtlsEvent, DtlsOptions, DtlsOutput } from '../../src/protocol/dtls/dtls-options.ts';
import { serializeFingerprint } from '../../src/protocol/dtls/fingerprint.ts';
import { splitKeyingMaterial } from '../../src/protocol/dtls/srtp-profile.ts';
import { ICE_CONTROLLED, ICE_CONTROLLING, PRIORITY, USE_CANDIDATE } from '../../src/protocol/ice/check.ts';
import { isRtcp } from '../../src/protocol/rtp/demultiplex.ts';
import {
  headerLength,
  marker,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
  writeHeader,
} from '../../src/protocol/rtp/header.ts';
import { addExtension } from '../../src/protocol/rtp/header-extension.ts';
import { parseCompound, type RtcpPacket, serializeCompound } from '../../src/protocol/rtp/rtcp/compound.ts';
import { parseDescription } from '../../src/protocol/sdp/session-description.ts';
import { PROFILES, profileOfSuite } from '../../src/protocol/srtp/profile.ts';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.ts';
import { SrtpSender } from '../../src/protocol/srtp/sender.ts';
import { appendFingerprint } from '../../src/protocol/stun/fingerprint.ts';
import { BINDING, parseStun, type StunMessage, serializeStun } from '../../src/protocol/stun/message.ts';
import { appendIntegrity } from '../../src/protocol/stun/message-integrity.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';
import type { SocketName } from '../../src/server/media/relay/plan.ts';
import { nodeSrtpCrypto } from '../../src/server/media/srtp-crypto.ts';
import type { Clock, Timer } from '../../src/transport/clock.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { OUR_CERTIFICATE } from './relay-world.ts';

const CERTIFICATE = generateCertificate(0);
export const PEER_CERTIFICATE = CERTIFICATE.der;
export const PEER_FINGERPRINT = serializeFingerprint(nodeDtlsCrypto.sha256(PEER_CERTIFICATE));
const RELAY_FINGERPRINT = nodeDtlsCrypto.sha256(OUR_CERTIFICATE.der);

export interface HeardPacket {
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  marker: boolean;
  payload: string;
  /** Whole and plain. */
  octets: Uint8Array;
}

export interface SentPacket {
  payloadType?: number;
  sequence?: number;
  timestamp?: number;
  ssrc?: number;
  marker?: boolean;
  payload?: string;
  /** Header extensions of the one-byte form. */
  extensions?: Record<number, string>;
}

const octetsOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** The network between: one on virtual time (relay-world.ts), or loopback (socket-world.ts). */
export interface PeerWorld {
  readonly clock: Clock;
  settle(address: string, port: number, peer: RelayPeer): void;
  /** Whether it was anybody's. */
  deliver(socket: SocketName, octets: Uint8Array, address: string, port: number): boolean;
}

/** One UDP socket of a peer. */
export class RelayPeer {
  readonly world: PeerWorld;
  readonly address: string;
  readonly port: number;
  /** The relay's socket that it sends to. */
  socket: SocketName;
  readonly rtp: HeardPacket[] = [];
  readonly rtcp: RtcpPacket[] = [];
  readonly stun: StunMessage[] = [];
  readonly dtlsEvents: DtlsEvent[] = [];
  /** Everything as it came. */
  readonly datagrams: Uint8Array[] = [];
  dtls: DtlsEndpoint | undefined;
  sender: SrtpSender | undefined;
  receiver: SrtpReceiver | undefined;
  private role: 'client' | 'server' = 'client';
  private sequence = 100;
  private timestamp = 1000;
  private readonly timers = new Map<string, Timer>();

  constructor(world: PeerWorld, address: string, port: number, socket: SocketName) {
    this.world = world;
    this.address = address;
    this.port = port;
    this.socket = socket;
    world.settle(address, port, this);
  }

  send(octets: Uint8Array): boolean {
    return this.world.deliver(this.socket, octets, this.address, this.port);
  }

  receive(octets: Uint8Array): void {
    this.datagrams.push(octets);
    const first = octets[0]!;
    if (first <= 3) this.stun.push(parseStun(octets));
    else if (first >= 20 && first <= 63) this.carry(this.dtls?.receive(octets, this.world.clock.now()) ?? []);
    else this.hear(octets);
  }

  /** A connectivity check with the credentials of the relay's description. */
  check(
    description: string,
    { nominate = true, ufrag = 'peer', password = '', controlled = false, index = 0 } = {},
  ): boolean {
    const ice = parseDescription(description).media[index]?.ice;
    if (!ice) throw new Error('no ICE in the description');
    const attributes = [
      { type: 0x0006, value: octetsOf(`${ice.ufrag}:${ufrag}`) },
      { type: PRIORITY, value: Uint8Array.of(0x6e, 0, 1, 0xff) },
      { type: controlled ? ICE_CONTROLLED : ICE_CONTROLLING, value: new Uint8Array(8) },
      ...(nominate ? [{ type: USE_CANDIDATE, value: new Uint8Array() }] : []),
    ];
    const transactionId = octetsOf(primitives.random(12));
    const request = serializeStun({ class: 'request', method: BINDING, transactionId, attributes });
    return this.send(appendFingerprint(appendIntegrity(primitives, request, password || ice.password, 'sha1')));
  }

  startDtls(role: 'client' | 'server', options: Partial<DtlsOptions> = {}): this {
    this.role = role;
    this.dtls = new DtlsEndpoint({
      role,
      crypto: nodeDtlsCrypto,
      certificate: CERTIFICATE,
      fingerprints: [RELAY_FINGERPRINT],
      ...options,
    });
    this.carry(this.dtls.start(this.world.clock.now()));
    return this;
  }

  closeDtls(): void {
    this.carry(this.dtls?.close(this.world.clock.now()) ?? []);
  }

  /** SDES keys: ours in the peer's own description, the relay's in its. */
  keyBySdes(own: string, relays: string, index = 0): this {
    const [mine, theirs] = [own, relays].map((text) => parseDescription(text).media[index]?.cryptos[0]);
    if (!mine || !theirs) throw new Error('no crypto');
    const keys = ({ suite, key }: { suite: string; key: string }) => {
      const profile = profileOfSuite(suite)!;
      const octets = new Uint8Array(Buffer.from(key, 'base64'));
      const split = PROFILES[profile].key;
      return {
        crypto: nodeSrtpCrypto,
        profile,
        master: { key: octets.subarray(0, split), salt: octets.subarray(split) },
      };
    };
    this.sender = new SrtpSender(keys(mine));
    this.receiver = new SrtpReceiver(keys(theirs));
    return this;
  }

  /** The next packet of its stream, but for what is given. Returns it as it was sent. */
  sendRtp(packet: SentPacket = {}): Uint8Array {
    const octets = this.packet(packet);
    this.send(octets);
    return octets;
  }

  packet({
    payloadType: type = 0,
    ssrc: id = 0x1234,
    marker: mark = false,
    payload = 'voice',
    extensions = {},
    ...at
  }: SentPacket): Uint8Array {
    const buffer = new Uint8Array(1500);
    const sequence = at.sequence ?? this.sequence++ & 0xffff;
    this.timestamp += 160;
    const time = at.timestamp ?? this.timestamp;
    writeHeader(buffer, type, sequence, time, id, mark);
    let length = 12;
    for (const [number, value] of Object.entries(extensions))
      length = addExtension(buffer, length, Number(number), octetsOf(value));
    buffer.set(octetsOf(payload), length);
    length += payload.length;
    if (this.sender) length = this.sender.protect(buffer, length);
    if (length < 0) throw new Error(`not protected: ${length}`);
    return buffer.slice(0, length);
  }

  sendRtcp(...packets: RtcpPacket[]): void {
    const octets = serializeCompound(packets);
    const buffer = new Uint8Array(octets.length + 32);
    buffer.set(octets);
    const length = this.sender ? this.sender.protectRtcp(buffer, octets.length) : octets.length;
    this.send(buffer.slice(0, length));
  }

  /** Payloads heard, in order. */
  get heard(): string[] {
    return this.rtp.map(({ payload }) => payload);
  }

  rtcpOf<T extends RtcpPacket['type']>(type: T): Extract<RtcpPacket, { type: T }>[] {
    return this.rtcp.filter((packet) => packet.type === type) as Extract<RtcpPacket, { type: T }>[];
  }

  private hear(datagram: Uint8Array): void {
    const octets = new Uint8Array(datagram);
    const rtcp = isRtcp(octets);
    let length = octets.length;
    if (this.receiver)
      length = rtcp ? this.receiver.unprotectRtcp(octets, length) : this.receiver.unprotect(octets, length);
    if (length < 0) throw new Error(`what the relay sent is refused: ${length}`);
    if (rtcp) {
      const packets = parseCompound(octets, length);
      if (!packets) throw new Error('malformed RTCP');
      this.rtcp.push(...packets);
      return;
    }
    const header = headerLength(octets, length);
    if (header < 0) throw new Error('malformed RTP');
    this.rtp.push({
      payloadType: payloadType(octets),
      sequence: sequenceNumber(octets),
      timestamp: timestamp(octets),
      ssrc: ssrc(octets),
      marker: marker(octets),
      payload: String.fromCharCode(...octets.subarray(header, length)),
      octets: octets.slice(0, length),
    });
  }

  private carry(outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.send(output.message);
      else if (output.type === 'clearTimer') this.timers.get(output.name)?.close();
      else if (output.type === 'setTimer') {
        const { name } = output;
        this.timers.get(name)?.close();
        const fire = () => this.carry(this.dtls?.timer(name, this.world.clock.now()) ?? []);
        this.timers.set(name, this.world.clock.setTimer(output.delay, fire));
      } else {
        this.dtlsEvents.push(output.event);
        if (output.event.type !== 'connected') continue;
        const { srtpProfile: profile, keyingMaterial } = output.event;
        const { local, remote } = splitKeyingMaterial(profile, this.role, keyingMaterial);
        this.sender = new SrtpSender({ crypto: nodeSrtpCrypto, profile, master: local });
        this.receiver = new SrtpReceiver({ crypto: nodeSrtpCrypto, profile, master: remote });
      }
    }
  }
}
