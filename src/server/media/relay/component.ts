// RFC 8445 section 2.2: one flow of datagrams with the peer, RTP or RTCP or both. Who is heard on it, how it is kept secret.
import type { SrtpProfile } from '../../../protocol/dtls/srtp-profile.ts';
import type { IcePath } from '../../../protocol/ice/lite-options.ts';
import { isRtcp } from '../../../protocol/rtp/demultiplex.ts';
import { headerLength } from '../../../protocol/rtp/header.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import { DtlsAgreement } from './dtls-agreement.ts';
import { HOST, PEER, STRANGE } from './latch.ts';
import type { SocketName } from './plan.ts';
import { type Protection, UNKEYED } from './protection.ts';
import { MALFORMED, type RefusedPackets, STRANGER, UNEXPECTED } from './refused-packets.ts';
import { Route } from './route.ts';
import type { Shared } from './shared.ts';

/** Who has a component: its transport. */
export interface ComponentUser {
  readonly refused: RefusedPackets;
  /** A plain packet that the peer has sent, in place. */
  receiveRtp(packet: Uint8Array, length: number, now: number): void;
  receiveRtcp(packet: Uint8Array, length: number, now: number): void;
  /** Something authentic came. */
  heard(now: number): void;
  /** The peer was found to be there. */
  found(address: string): void;
  failed(reason: string): void;
}

/** On the port that all WebRTC legs share, or at a socket of its own: for RTP, and for RTCP where it is not multiplexed. */
export type ComponentKind = 'mux' | 'rtp' | 'rtcp';

/** The shortest RTCP packet: a receiver report without blocks. */
const LEAST_MEDIA = 8;

export class Component {
  readonly socket: SocketName;
  readonly kind: ComponentKind;
  readonly route: Route;
  /** Shared by both components where SDES has one pair of keys for them. */
  protection: Protection;
  private readonly shared: Shared;
  private readonly user: ComponentUser;
  private readonly dtls: DtlsAgreement;
  private security: MediaStream['security'];
  /** RTP and RTCP share it. */
  private muxed = false;

  constructor(shared: Shared, socket: SocketName, kind: ComponentKind, protection: Protection, user: ComponentUser) {
    this.shared = shared;
    this.socket = socket;
    this.kind = kind;
    this.protection = protection;
    this.user = user;
    this.route = new Route(shared, socket, kind === 'mux', this);
    this.dtls = new DtlsAgreement(shared.ports, this);
  }

  /** What the peer's description says of this component; `signalling`: the address that its signalling comes from. */
  describe(stream: MediaStream, signalling: string): void {
    const { security } = stream;
    this.route.describe(stream, this.kind === 'rtcp', signalling);
    if (security === undefined) return;
    this.muxed = stream.mux;
    this.security = security;
    if (security.type === 'dtls') {
      this.dtls.agree(security.role === 'active' ? 'client' : 'server', security.fingerprints);
      this.routed();
    } else this.dtls.drop();
  }

  /** RFC 5763 section 6.7.1: a handshake begins once there is a pair; without ICE, once it is known where the peer is. */
  routed(): void {
    if (this.route.open) this.dtls.start();
  }

  /** A datagram at a socket of its own. */
  receive(packet: Uint8Array, length: number, address: string, port: number, now: number): void {
    const first = length > 0 ? packet[0]! : 0xff;
    if (first <= 3) {
      if (this.route.ice === undefined) this.user.refused.count(STRANGER);
      else this.receiveCheck(packet.slice(0, length), { local: this.socket, address, port }, now);
      return;
    }
    const verdict = this.route.judge(address, port);
    if (verdict === STRANGE) this.user.refused.count(STRANGER);
    else this.receiveFrom(packet, length, address, port, verdict, now);
  }

  /** A datagram that is no STUN message; `verdict` as in latch.ts. */
  receiveFrom(packet: Uint8Array, length: number, address: string, port: number, verdict: number, now: number): void {
    const first = length > 0 ? packet[0]! : 0xff;
    if (first >= 128 && first <= 191) this.receiveMedia(packet, length, address, port, verdict, now);
    else if (first >= 20 && first <= 63) this.receiveDtls(packet.slice(0, length), address, port, verdict, now);
    else this.user.refused.count(MALFORMED);
  }

  receiveCheck(octets: Uint8Array, path: IcePath, now: number): void {
    if (this.route.ice?.receive(octets, path, now)) this.user.heard(now);
  }

  /** A plain packet becomes what the peer takes, in place, and is sent. False: it was not. */
  sendRtp(packet: Uint8Array, length: number): boolean {
    return this.sendProtected(packet, this.protection.protect(packet, length));
  }

  sendRtcp(packet: Uint8Array, length: number): boolean {
    return this.sendProtected(packet, this.protection.protectRtcp(packet, length));
  }

  close(): void {
    this.dtls.drop();
    this.route.close();
  }

  /** For DtlsAgreement. */
  sendDtls(datagram: Uint8Array): void {
    this.route.sendHandshake(datagram);
  }

  /** For DtlsAgreement. */
  keyed(profile: SrtpProfile, role: 'client' | 'server', material: Uint8Array): void {
    this.protection.keyByDtls(profile, role, material);
    this.route.takeSupposed();
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

  private receiveMedia(
    packet: Uint8Array,
    length: number,
    address: string,
    port: number,
    verdict: number,
    now: number,
  ): void {
    const { protection, user } = this;
    if (length < LEAST_MEDIA) {
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
    if (verdict !== PEER) {
      if (!this.believe(packet, size, rtcp, verdict)) return;
      this.route.take(address, port);
      user.found(address);
    }
    user.heard(now);
    if (rtcp) user.receiveRtcp(packet, size, now);
    else user.receiveRtp(packet, size, now);
  }

  /** Whether this packet, which is not from where the peer is known to be, shows where it is. */
  private believe(packet: Uint8Array, length: number, rtcp: boolean, verdict: number): boolean {
    const { refused } = this.user;
    // What came at the other's port shows where the other is.
    const misled = rtcp !== (this.kind === 'rtcp') && !this.muxed;
    if (misled || (verdict !== HOST && !this.protection.authentic)) refused.count(STRANGER);
    else if (!rtcp && headerLength(packet, length) < 0) refused.count(MALFORMED);
    else return true;
    return false;
  }

  private receiveDtls(datagram: Uint8Array, address: string, port: number, verdict: number, now: number): void {
    const { security } = this;
    if (verdict !== PEER && verdict !== HOST) this.user.refused.count(STRANGER);
    else if (security !== undefined && security.type !== 'dtls') this.user.refused.count(UNEXPECTED);
    else {
      if (verdict === HOST) this.route.suppose(address, port);
      this.dtls.receive(datagram, now);
    }
  }

  private sendProtected(packet: Uint8Array, size: number): boolean {
    const { shared, user } = this;
    if (size < 0 && size !== UNKEYED) {
      user.refused.countRefusal(size);
      return false;
    }
    if (size < 0 || !this.route.send(packet, size)) {
      user.refused.count(UNEXPECTED);
      return false;
    }
    shared.packets++;
    shared.octets += size;
    return true;
  }
}
