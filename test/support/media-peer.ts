// One end of a call with one PCMU stream, as a browser or as a phone of any profile: it writes and reads descriptions, and
// sends and hears packets on UDP sockets of this machine. It is a full ICE agent, but for the one candidate that it has.
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { DtlsEndpoint } from '../../src/protocol/dtls/dtls-endpoint.ts';
import type { DtlsOptions, DtlsOutput, DtlsTimer } from '../../src/protocol/dtls/dtls-options.ts';
import { parseFingerprint, serializeFingerprint } from '../../src/protocol/dtls/fingerprint.ts';
import { splitKeyingMaterial } from '../../src/protocol/dtls/srtp-profile.ts';
import { ICE_CONTROLLED, ICE_CONTROLLING, PRIORITY, USE_CANDIDATE } from '../../src/protocol/ice/check.ts';
import { createCredentials, type IceCredentials } from '../../src/protocol/ice/credentials.ts';
import { headerLength, sequenceNumber, writeHeader } from '../../src/protocol/rtp/header.ts';
import type { MediaDescription } from '../../src/protocol/sdp/media-description.ts';
import { parseDescription } from '../../src/protocol/sdp/session-description.ts';
import type { MasterKeys, SrtpProfile } from '../../src/protocol/srtp/profile.ts';
import { profileOfSuite } from '../../src/protocol/srtp/profile.ts';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.ts';
import { SrtpSender } from '../../src/protocol/srtp/sender.ts';
import { USERNAME, XOR_MAPPED_ADDRESS, xorAddress } from '../../src/protocol/stun/attributes.ts';
import { appendFingerprint } from '../../src/protocol/stun/fingerprint.ts';
import { attribute, BINDING, looksLikeStun, parseStun, serializeStun } from '../../src/protocol/stun/message.ts';
import { appendIntegrity } from '../../src/protocol/stun/message-integrity.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';
import type { MediaParty } from '../../src/server/media/engine.ts';
import { nodeSrtpCrypto } from '../../src/server/media/srtp-crypto.ts';
import { primitives } from '../../src/transport/primitives.ts';

const PAYLOAD = 160;
const CHECK_INTERVAL = 50;

interface Place {
  address: string;
  port: number;
}

export interface HeardPacket {
  payloadType: number;
  sequence: number;
  payload: Buffer;
}

export class MediaPeer {
  readonly profile: MediaParty['profile'];
  readonly heard: HeardPacket[] = [];
  /** RTP or SRTP that could not be read. */
  refused = 0;
  /** Takes RTP and RTCP as they come, in place of `heard`. */
  onPacket: ((packet: Buffer) => void) | undefined;
  /** Milliseconds that everything takes to get here. */
  latency = 0;
  /** Milliseconds after which it repeats its part of a DTLS handshake, to be set before that. */
  repeatAfter = 200;
  readonly ssrc = randomBytes(4).readUInt32BE();
  readonly socket: Socket;
  sender: SrtpSender | undefined;
  receiver: SrtpReceiver | undefined;
  /** Where its RTP goes. */
  target: Place | undefined;
  private readonly rtcp: Socket;
  private readonly credentials = createCredentials(primitives);
  private readonly certificate = generateCertificate(Date.now());
  private readonly sdes = { suite: 'AES_CM_128_HMAC_SHA1_80', key: randomBytes(30) };
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly dtlsTimers = new Map<DtlsTimer, NodeJS.Timeout>();
  private srtpProfiles: NonNullable<DtlsOptions['srtpProfiles']> = [
    'SRTP_AEAD_AES_128_GCM',
    'SRTP_AES128_CM_HMAC_SHA1_80',
  ];
  private dtls: DtlsEndpoint | undefined;
  private role: 'client' | 'server' = 'server';
  private remoteIce: IceCredentials | undefined;
  private controlling = false;
  private offered = false;
  private connected = false;
  private sequence = randomBytes(2).readUInt16BE();
  private whenReady: () => void = () => {};
  /** Media can be sent. */
  readonly ready = new Promise<void>((resolve) => {
    this.whenReady = resolve;
  });

  private constructor(profile: MediaParty['profile'], socket: Socket, rtcp: Socket) {
    this.profile = profile;
    this.socket = socket;
    this.rtcp = rtcp;
    socket.on('message', (datagram, from) => {
      if (this.latency === 0) this.receive(datagram, from);
      else this.after(this.latency, () => this.receive(datagram, from));
    });
    rtcp.on('message', () => {});
    for (const each of [socket, rtcp]) each.on('error', () => {}); // an ICMP message: the other side is gone
  }

  static async open(
    profile: MediaParty['profile'],
    address = '127.0.0.1',
    srtpProfiles?: DtlsOptions['srtpProfiles'],
  ): Promise<MediaPeer> {
    const open = async (): Promise<Socket> => {
      const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
      await new Promise<void>((resolve) => socket.bind(0, address, resolve));
      return socket;
    };
    const peer = new MediaPeer(profile, await open(), await open());
    if (srtpProfiles) peer.srtpProfiles = srtpProfiles;
    return peer;
  }

  get party(): MediaParty {
    return { profile: this.profile, address: this.socket.address().address };
  }

  offer(): string {
    this.offered = true;
    return this.describe(this.isWebrtc ? 'UDP/TLS/RTP/SAVPF' : this.profile, this.hasDtls ? 'actpass' : undefined);
  }

  answer(offer: string): string {
    const section = parseDescription(offer).media[0]!;
    const active = this.hasDtls && section.setup !== 'active';
    this.connect(offer, active);
    return this.describe(section.proto, this.hasDtls ? (active ? 'active' : 'passive') : undefined, section);
  }

  accept(answer: string): void {
    const section = parseDescription(answer).media[0]!;
    this.connect(answer, section.setup === 'passive');
  }

  /** One packet of 20 ms; its payload tells its number. */
  send(payloadType = 0): void {
    this.post(this.packet(payloadType));
  }

  /** What goes to the other side from here on costs less, and it cannot move any more. */
  async settle(): Promise<void> {
    const { address, port } = this.target!;
    await new Promise<void>((resolve) => this.socket.connect(port, address, resolve));
    this.connected = true;
  }

  /** As `packet` made it, now. */
  post(packet: Uint8Array): void {
    if (this.target === undefined) throw new Error('not described yet');
    if (this.connected) this.socket.send(packet);
    else this.socket.send(packet, this.target.port, this.target.address);
  }

  /** The next packet, as it goes on the wire. */
  packet(payloadType = 0): Buffer {
    const buffer = Buffer.alloc(12 + PAYLOAD + 20, 0xd5);
    this.sequence = (this.sequence + 1) & 0xffff;
    writeHeader(buffer, payloadType, this.sequence, this.sequence * PAYLOAD, this.ssrc);
    buffer.writeUInt32BE(this.sequence, 12);
    const length = this.sender ? this.sender.protect(buffer, 12 + PAYLOAD) : 12 + PAYLOAD;
    return buffer.subarray(0, length);
  }

  /** Sends until `count` packets of the other's have been heard here, at most for some seconds. */
  async hear(other: MediaPeer, count = 10, seconds = 5): Promise<number> {
    const start = this.heard.length;
    for (let i = 0; i < seconds * 100 && this.heard.length - start < count; i++) {
      other.send();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.heard.length - start;
  }

  close(): void {
    for (const timer of [...this.timers, ...this.dtlsTimers.values()]) clearTimeout(timer);
    this.timers.clear();
    this.dtlsTimers.clear();
    this.socket.close();
    this.rtcp.close();
  }

  private get isWebrtc(): boolean {
    return this.profile === 'webrtc';
  }

  private get hasDtls(): boolean {
    return this.isWebrtc || this.profile.startsWith('UDP/TLS');
  }

  private describe(proto: string, setup: string | undefined, offered?: MediaDescription): string {
    const { address, port } = this.socket.address();
    const family = address.includes(':') ? 'IP6' : 'IP4';
    const events = offered?.codecs.find(({ name, clockRate }) => name === 'telephone-event' && clockRate === 8000);
    const event = offered === undefined ? 101 : events?.payloadType;
    const lines = ['v=0', `o=- 1 1 IN ${family} ${address}`, 's=-', `c=IN ${family} ${address}`, 't=0 0'];
    if (this.isWebrtc) lines.push(`a=group:BUNDLE ${offered?.mid ?? '0'}`);
    lines.push(
      `m=audio ${port} ${proto} ${[...(this.isWebrtc && offered === undefined ? [111] : []), 0, event ?? []].flat().join(' ')}`,
    );
    if (this.isWebrtc) lines.push(`a=mid:${offered?.mid ?? '0'}`, 'a=rtpmap:111 opus/48000/2');
    if (this.hasDtls || offered?.rtcpMux) lines.push('a=rtcp-mux');
    else lines.push(`a=rtcp:${this.rtcp.address().port}`);
    lines.push(
      'a=rtpmap:0 PCMU/8000',
      ...(event === undefined ? [] : [`a=rtpmap:${event} telephone-event/8000`]),
      'a=sendrecv',
    );
    if (this.isWebrtc) {
      lines.push(`a=ice-ufrag:${this.credentials.ufrag}`, `a=ice-pwd:${this.credentials.password}`);
      lines.push(`a=candidate:1 1 udp 2130706431 ${address} ${port} typ host`);
    }
    if (setup !== undefined) {
      lines.push(
        `a=fingerprint:sha-256 ${serializeFingerprint(nodeDtlsCrypto.sha256(this.certificate.der))}`,
        `a=setup:${setup}`,
      );
    } else if (/SAVP/.test(proto)) {
      const tag = offered?.cryptos.find(({ suite }) => suite === this.sdes.suite)?.tag ?? 1;
      lines.push(`a=crypto:${tag} ${this.sdes.suite} inline:${this.sdes.key.toString('base64')}`);
    }
    return `${lines.join('\r\n')}\r\n`;
  }

  /** What the other side has described. */
  private connect(description: string, active: boolean): void {
    const section = parseDescription(description).media[0]!;
    const candidate = section.candidates.find(({ component, type }) => component === 1 && type === 'host');
    this.target =
      this.isWebrtc && candidate !== undefined
        ? { address: candidate.address, port: candidate.port }
        : { address: section.connection!.address, port: section.port };
    if (this.hasDtls) {
      const fingerprint = section.fingerprints[0]!;
      if (!this.dtls) this.role = active ? 'client' : 'server';
      this.dtls ??= new DtlsEndpoint({
        role: this.role,
        crypto: nodeDtlsCrypto,
        certificate: this.certificate,
        fingerprints: [parseFingerprint(fingerprint.value)!],
        srtpProfiles: this.srtpProfiles,
        retransmission: { first: this.repeatAfter },
      });
    } else if (section.profile?.secure) this.useSdes(section);
    else this.whenReady();
    if (this.isWebrtc) {
      this.remoteIce = section.ice;
      this.controlling = this.offered || /^a=ice-lite/m.test(description);
      this.check();
    } else if (this.dtls !== undefined) this.carry(this.dtls.start(performance.now()));
  }

  private useSdes(section: MediaDescription): void {
    const crypto = section.cryptos.find(({ suite }) => suite === this.sdes.suite)!;
    const keys = (octets: Buffer): MasterKeys => ({ key: octets.subarray(0, 16), salt: octets.subarray(16, 30) });
    this.useKeys(profileOfSuite(crypto.suite)!, keys(this.sdes.key), keys(Buffer.from(crypto.key, 'base64')));
  }

  private useKeys(profile: SrtpProfile, local: MasterKeys, remote: MasterKeys): void {
    this.sender = new SrtpSender({ crypto: nodeSrtpCrypto, profile, master: local });
    this.receiver = new SrtpReceiver({ crypto: nodeSrtpCrypto, profile, master: remote });
    this.whenReady();
  }

  private receive(datagram: Buffer, from: RemoteInfo): void {
    if (this.onPacket !== undefined && datagram[0]! >= 128) {
      this.onPacket(datagram);
      return;
    }
    if (looksLikeStun(datagram)) {
      this.receiveStun(datagram, from);
      return;
    }
    if (datagram[0]! >= 20 && datagram[0]! < 64) {
      if (this.dtls) this.carry(this.dtls.receive(datagram, performance.now()));
      return;
    }
    if (datagram[1]! >= 192 && datagram[1]! <= 223) return; // RTCP
    const length = this.receiver ? this.receiver.unprotect(datagram, datagram.length) : datagram.length;
    if (length < 0) {
      this.refused++;
      return;
    }
    const payload = Buffer.from(datagram.subarray(headerLength(datagram, length), length));
    this.heard.push({ payloadType: datagram[1]! & 0x7f, sequence: sequenceNumber(datagram), payload });
  }

  private check(): void {
    if (!this.controlling || this.target === undefined || this.remoteIce === undefined) return;
    const role = Buffer.alloc(8, 1);
    const request = serializeStun({
      class: 'request',
      method: BINDING,
      transactionId: randomBytes(12),
      attributes: [
        { type: USERNAME, value: Buffer.from(`${this.remoteIce.ufrag}:${this.credentials.ufrag}`) },
        { type: PRIORITY, value: Buffer.from([0x6e, 0xff, 0xff, 0xff]) },
        { type: ICE_CONTROLLING, value: role },
        { type: USE_CANDIDATE, value: Buffer.alloc(0) },
      ],
    });
    const message = appendFingerprint(appendIntegrity(primitives, request, this.remoteIce.password, 'sha1'));
    this.post(message);
    this.after(this.dtls?.connected ? 2_000 : CHECK_INTERVAL, () => this.check());
  }

  private receiveStun(datagram: Buffer, from: RemoteInfo): void {
    const message = parseStun(datagram);
    if (message.class === 'success') this.paired(from);
    if (message.class !== 'request' || message.method !== BINDING) return;
    const mapped = xorAddress(XOR_MAPPED_ADDRESS, from, message.transactionId);
    const answer = serializeStun({ ...message, class: 'success', attributes: [mapped] });
    const response = appendFingerprint(appendIntegrity(primitives, answer, this.credentials.password, 'sha1'));
    if (this.connected) this.socket.send(response);
    else this.socket.send(response, from.port, from.address);
    const nominated =
      attribute(message, USE_CANDIDATE) !== undefined || attribute(message, ICE_CONTROLLED) === undefined;
    if (!this.controlling && nominated) this.paired(from);
  }

  private paired({ address, port }: Place): void {
    this.target = { address, port };
    if (this.dtls) this.carry(this.dtls.start(performance.now())); // once
  }

  private carry(outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.post(output.message);
      else if (output.type === 'event') {
        if (output.event.type !== 'connected') continue;
        const { srtpProfile, keyingMaterial } = output.event;
        const { local, remote } = splitKeyingMaterial(srtpProfile, this.role, keyingMaterial);
        this.useKeys(srtpProfile, local, remote);
      } else {
        clearTimeout(this.dtlsTimers.get(output.name));
        if (output.type === 'clearTimer') continue;
        const { name } = output;
        this.dtlsTimers.set(
          name,
          setTimeout(() => this.carry(this.dtls!.timer(name, performance.now())), output.delay),
        );
      }
    }
  }

  private after(delay: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      task();
    }, delay);
    this.timers.add(timer);
  }
}
