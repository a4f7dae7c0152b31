// RFC 8445 section 2.2: one flow of datagrams with the peer, RTP or RTCP or both. Who may be heard on it, how it is kept secret.
import type { SrtpProfile } from '../../../protocol/dtls/srtp-profile.ts';
import type { CheckUsername } from '../../../protocol/ice/check.ts';
import type { IceCredentials } from '../../../protocol/ice/credentials.ts';
import type { IcePath } from '../../../protocol/ice/lite-options.ts';
import { isRtcp } from '../../../protocol/rtp/demultiplex.ts';
import { headerLength } from '../../../protocol/rtp/header.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import { DtlsAgreement } from './dtls-agreement.ts';
import { IceSession } from './ice-session.ts';
import { HOST, Latch, PEER, STRANGE } from './latch.ts';
import type { SocketName } from './plan.ts';
import { type Protection, UNKEYED } from './protection.ts';
import { MALFORMED, type RefusedPackets, STRANGER, UNEXPECTED } from './refused-packets.ts';
import type { Shared } from './shared.ts';

/** Who has a component: its transport. */
export interface ComponentUser {
  readonly refused: RefusedPackets;
  /** A plain packet that the peer has sent, in place. */
  receiveRtp(packet: Uint8Array, length: number, now: number): void;
  receiveRtcp(packet: Uint8Array, length: number, now: number): void;
  /** Something authentic came. */
  heard(now: number): void;
  failed(reason: string): void;
}

/** On the port that all WebRTC legs share, or at a socket of its own: for RTP, and for RTCP where it is not multiplexed. */
export type ComponentKind = 'mux' | 'rtp' | 'rtcp';

/** RFC 7675 section 5.1. Phones with ICE are of RFC 5245, and send no checks once they have nominated. */
const CONSENT = 30_000;

export class Component {
  readonly socket: SocketName;
  /** On the port that all WebRTC legs share. */
  readonly mux: boolean;
  /** Shared by both components where SDES has one pair of keys for them. */
  protection: Protection;
  ice: IceSession | undefined;
  private readonly shared: Shared;
  private readonly user: ComponentUser;
  private readonly latch = new Latch();
  private usesIce: boolean;
  private readonly dtls: DtlsAgreement;
  private security: MediaStream['security'];
  /** Whether it is the one of RTCP alone, and whether RTP and RTCP share one. */
  private readonly second: boolean;
  private muxed = false;
  /** Where the datagram of a handshake came from, that has not proved yet to be the peer's. */
  private origin: { address: string; port: number } | undefined;

  constructor(shared: Shared, socket: SocketName, kind: ComponentKind, protection: Protection, user: ComponentUser) {
    this.shared = shared;
    this.socket = socket;
    this.mux = kind === 'mux';
    this.second = kind === 'rtcp';
    this.dtls = new DtlsAgreement(shared.ports, this);
    this.protection = protection;
    this.user = user;
    this.usesIce = this.mux;
  }

  /** Our credentials of the latest generation. */
  describeIce(local: IceCredentials): void {
    const { ports, router } = this.shared;
    if (this.ice === undefined) {
      this.ice = new IceSession(ports, local, this.mux ? CONSENT : Number.POSITIVE_INFINITY, {
        answer: (octets, path) => this.sendTo(octets, octets.length, path),
        pathValid: (path) => this.pathValid(path),
        pathGone: (path) => this.pathGone(path),
        pathSelected: () => this.startDtls(),
      });
      if (this.mux) {
        router.add(this.ice.agent);
        this.shared.agents.set(this.ice.agent, this);
      }
    } else if (this.ice.describeLocal(local) && this.mux) router.add(this.ice.agent);
  }

  /** The peer has not answered yet: its hello may come before, from where its signalling does. */
  await(signalling: string): void {
    if (this.security === undefined) this.latch.describe(undefined, 0, signalling);
  }

  /** What the peer's description says of this component. */
  describe(stream: MediaStream, signalling: string): void {
    const { remote, ice, security } = stream;
    // An offer alone says nothing yet of the credentials that it will be answered with.
    if (ice?.local !== undefined && ice.local.ufrag === this.ice?.agent.local.ufrag)
      this.ice.agent.expect(ice.remote.ufrag);
    if (security === undefined) return;
    // A peer that is lite itself sends no checks: it is known by its description, as one without ICE.
    this.usesIce = this.mux || (this.ice !== undefined && ice !== undefined && !ice.lite);
    const [address, port] = this.second ? [remote?.rtcpAddress, remote?.rtcpPort] : [remote?.address, remote?.port];
    this.latch.describe(address, port ?? 0, signalling);
    this.muxed = stream.mux;
    this.security = security;
    if (security.type !== 'dtls') {
      this.dtls.drop();
      return;
    }
    this.dtls.agree(security.role === 'active' ? 'client' : 'server', security.fingerprints);
    this.startDtls();
  }

  get reachable(): boolean {
    return this.usesIce ? this.ice?.selected !== undefined : this.latch.address !== '';
  }

  /** A datagram at a socket of its own. */
  receive(packet: Uint8Array, length: number, address: string, port: number, now: number): void {
    const first = length > 0 ? packet[0]! : 0xff;
    if (first <= 3) {
      if (this.ice === undefined) this.user.refused.count(STRANGER);
      else this.receiveCheck(packet.slice(0, length), { local: this.socket, address, port }, now);
      return;
    }
    const verdict = this.judge(address, port);
    if (verdict === STRANGE) this.user.refused.count(STRANGER);
    else this.receiveFrom(packet, length, address, port, verdict, now);
  }

  /** Of several that share a socket: whose a datagram from there is the likeliest has the least. */
  distance(address: string, port: number): number {
    const verdict = this.judge(address, port);
    return verdict === HOST && this.latch.port !== port ? verdict + 0.5 : verdict;
  }

  distanceOfCheck({ local, remote }: CheckUsername): number {
    const agent = this.ice?.agent;
    if (agent?.expects(local, remote)) return 0;
    return agent?.answersTo(local, remote) ? 1 : 2;
  }

  /** A datagram that is no STUN message; `verdict` as in latch.ts. */
  receiveFrom(packet: Uint8Array, length: number, address: string, port: number, verdict: number, now: number): void {
    const first = length > 0 ? packet[0]! : 0xff;
    if (first >= 128 && first <= 191) this.receiveMedia(packet, length, address, port, verdict, now);
    else if (first >= 20 && first <= 63) this.receiveDtls(packet.slice(0, length), address, port, verdict, now);
    else this.user.refused.count(MALFORMED);
  }

  receiveCheck(octets: Uint8Array, path: IcePath, now: number): void {
    if (this.ice?.receive(octets, path, now)) this.user.heard(now);
  }

  /** A plain packet becomes what the peer takes, in place, and is sent. False: it was not. */
  sendRtp(packet: Uint8Array, length: number): boolean {
    const size = this.protection.protect(packet, length);
    return this.sendProtected(packet, size);
  }

  sendRtcp(packet: Uint8Array, length: number): boolean {
    const size = this.protection.protectRtcp(packet, length);
    return this.sendProtected(packet, size);
  }

  close(): void {
    this.dtls.drop();
    if (this.ice) {
      this.shared.router.remove(this.ice.agent);
      this.shared.agents.delete(this.ice.agent);
      this.ice.close();
    }
  }

  private judge(address: string, port: number): number {
    if (this.ice?.hears(address, port)) return PEER;
    return this.usesIce ? STRANGE : this.latch.judge(address, port);
  }

  private receiveMedia(
    packet: Uint8Array,
    length: number,
    address: string,
    port: number,
    verdict: number,
    now: number,
  ): void {
    const { protection, user } = this;
    if (length < 8) {
      user.refused.count(MALFORMED);
      return;
    }
    const rtcp = isRtcp(packet);
    const size = rtcp ? protection.unprotectRtcp(packet, length) : protection.unprotect(packet, length);
    if (size < 0) {
      if (size === UNKEYED) user.refused.count(verdict === PEER ? UNEXPECTED : STRANGER);
      else if (verdict === PEER || verdict === HOST) user.refused.countRefusal(size);
      else user.refused.count(STRANGER);
      return;
    }
    if (verdict !== PEER && !this.believe(packet, size, rtcp, verdict)) return;
    if (verdict !== PEER) this.latch.take(address, port);
    user.heard(now);
    if (rtcp) user.receiveRtcp(packet, size, now);
    else user.receiveRtp(packet, size, now);
  }

  /** Whether this packet, which is not from where the peer is known to be, shows where it is. */
  private believe(packet: Uint8Array, length: number, rtcp: boolean, verdict: number): boolean {
    const { refused } = this.user;
    // What came at the other's port shows where the other is.
    const misled = rtcp !== this.second && !this.muxed;
    if (misled || (verdict !== HOST && !this.protection.authentic)) refused.count(STRANGER);
    else if (!rtcp && headerLength(packet, length) < 0) refused.count(MALFORMED);
    else return true;
    return false;
  }

  private receiveDtls(datagram: Uint8Array, address: string, port: number, verdict: number, now: number): void {
    const { security } = this;
    if (verdict !== PEER && verdict !== HOST) {
      this.user.refused.count(STRANGER);
      return;
    }
    if (security !== undefined && security.type !== 'dtls') {
      this.user.refused.count(UNEXPECTED);
      return;
    }
    if (verdict === HOST) this.origin = { address, port };
    this.dtls.receive(datagram, now);
  }

  /** For DtlsAgreement. */
  sendDtls(datagram: Uint8Array): void {
    const { ports } = this.shared;
    const size = datagram.length;
    const path = this.ice?.newest;
    if (path !== undefined && (this.usesIce || this.security === undefined)) this.sendTo(datagram, size, path);
    else if (this.usesIce) return;
    else if (this.origin !== undefined) ports.send(this.socket, datagram, size, this.origin.address, this.origin.port);
    else if (this.latch.address !== '') ports.send(this.socket, datagram, size, this.latch.address, this.latch.port);
  }

  /** For DtlsAgreement. */
  keyed(profile: SrtpProfile, role: 'client' | 'server', material: Uint8Array): void {
    this.protection.keyByDtls(profile, role, material);
    if (this.origin !== undefined && !this.usesIce) this.latch.take(this.origin.address, this.origin.port);
    this.origin = undefined;
    this.user.heard(this.shared.ports.clock.now());
  }

  /** For DtlsAgreement: close_notify ends the media. */
  closed(): void {
    this.protection.close();
  }

  /** For DtlsAgreement. */
  failed(reason: string): void {
    this.user.failed(reason);
  }

  /** RFC 5763 section 6.7.1: once there is a pair; without ICE, once it is known where the peer is. */
  private startDtls(): void {
    if (this.reachable) this.dtls.start();
  }

  private sendProtected(packet: Uint8Array, size: number): boolean {
    if (size < 0) {
      if (size === UNKEYED) this.user.refused.count(UNEXPECTED);
      else this.user.refused.countRefusal(size);
      return false;
    }
    const { shared } = this;
    if (this.usesIce) {
      const path = this.ice?.selected;
      if (path === undefined) {
        this.user.refused.count(UNEXPECTED);
        return false;
      }
      this.sendTo(packet, size, path);
    } else {
      const { latch } = this;
      if (latch.address === '') {
        this.user.refused.count(UNEXPECTED);
        return false;
      }
      shared.ports.send(this.socket, packet, size, latch.address, latch.port);
    }
    shared.packets++;
    shared.octets += size;
    return true;
  }

  private sendTo(packet: Uint8Array, length: number, path: IcePath): void {
    const { ports } = this.shared;
    if (this.mux) ports.sendMux(path, packet, length);
    else ports.send(this.socket, packet, length, path.address, path.port);
  }

  private pathValid(path: IcePath): void {
    if (this.mux && this.shared.paths.add(path, this)) this.shared.ports.pathValid(path);
  }

  private pathGone(path: IcePath): void {
    if (!this.mux) return;
    const { first, next } = this.shared.paths.remove(path, this);
    if (first) this.shared.ports.pathGone(path);
    if (next) this.shared.ports.pathValid(next);
  }
}
