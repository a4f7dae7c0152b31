// RFC 8843's transport: where one section, or a bundle of them, is exchanged with one peer.

import { payloadType, ssrc } from '../../../protocol/rtp/header.ts';
import { elementLength, elementOffset, findExtension } from '../../../protocol/rtp/header-extension.ts';
import { parseCompound } from '../../../protocol/rtp/rtcp/compound.ts';
import { MID_EXTENSION } from '../../../protocol/sdp/header-extension.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import { Component, type ComponentUser } from './component.ts';
import type { TransportPlan } from './plan.ts';
import { Protection } from './protection.ts';
import { EXCESS, MALFORMED, RefusedPackets, UNNEGOTIATED } from './refused-packets.ts';
import { receiveCompound } from './rtcp-translation.ts';
import type { Section } from './section.ts';
import type { Shared } from './shared.ts';

/** SSRCs whose section was found out. */
const MOST_LEARNED = 64;

export class Transport implements ComponentUser {
  readonly refused: RefusedPackets;
  readonly rtp: Component;
  rtcp: Component | undefined;
  /** When something authentic was last heard; until then, since when it could have been. */
  heardAt: number;
  /** As in TransportPlan; another one when the bundle has another tag. */
  index: number;
  private readonly shared: Shared;
  private readonly onFailed: (reason: string) => void;
  private sections: readonly Section[] = [];
  private readonly learned = new Map<number, Section>();
  private muxed: boolean;
  /** RTP packets that may still come at once, and when that was so. */
  private allowance: number;
  private allowedAt = 0;

  constructor(shared: Shared, plan: TransportPlan, mux: boolean, onFailed: (reason: string) => void) {
    this.shared = shared;
    this.heardAt = shared.ports.clock.now();
    this.index = plan.index;
    this.onFailed = onFailed;
    this.refused = new RefusedPackets(shared.refused);
    this.muxed = mux;
    this.allowance = shared.packetRate;
    this.rtp = new Component(shared, plan.socket, mux ? 'mux' : 'rtp', new Protection(shared.ports.srtp), this);
    if (!mux) shared.sockets.add(this.rtp);
  }

  /** Several sections share it: they have to be told apart. */
  get bundled(): boolean {
    return this.sections.length > 1;
  }

  /** `stream` is that of the section whose transport it is; undefined: nothing is agreed. */
  update(plan: TransportPlan, stream: MediaStream | undefined, signalling: string): void {
    this.index = plan.index;
    const agreed = stream?.security;
    if (agreed !== undefined && this.rtp.kind !== 'mux') this.muxed = stream?.mux ?? false;
    if (this.muxed) this.closeSecond();
    else if (plan.rtcpSocket !== undefined && this.rtcp === undefined) {
      this.rtcp = new Component(this.shared, plan.rtcpSocket, 'rtcp', this.rtp.protection, this);
      this.shared.sockets.add(this.rtcp);
    }
    if (agreed !== undefined) this.key(agreed);
    for (const component of this.components) {
      if (plan.ice) component.route.describeIce(plan.ice.local);
      component.route.await(signalling);
      if (stream !== undefined) component.describe(stream, signalling);
    }
  }

  carry(sections: readonly Section[]): void {
    if (sections.length === this.sections.length && sections.every((section, i) => section === this.sections[i]))
      return;
    this.sections = sections;
    this.learned.clear();
  }

  sendRtp(packet: Uint8Array, length: number): boolean {
    return this.rtp.sendRtp(packet, length);
  }

  sendRtcp(packet: Uint8Array, length: number): boolean {
    const component = this.muxed ? this.rtp : this.rtcp;
    return component?.route.open === true && component.protection.ready && component.sendRtcp(packet, length);
  }

  receiveRtp(packet: Uint8Array, length: number, now: number): void {
    if (!this.allow(now)) {
      this.refused.count(EXCESS);
      return;
    }
    const section = this.sections.length === 1 ? this.sections[0] : this.sectionOf(packet);
    if (section === undefined) this.refused.count(UNNEGOTIATED);
    else section.receiveRtp(packet, length, now);
  }

  receiveRtcp(packet: Uint8Array, length: number, now: number): void {
    const packets = parseCompound(packet, length);
    if (packets === undefined) this.refused.count(MALFORMED);
    else receiveCompound(this.sections, packets, now);
  }

  heard(now: number): void {
    this.heardAt = now;
  }

  found(address: string): void {
    for (const { route } of this.components) route.prove(address);
  }

  failed(reason: string): void {
    this.onFailed(reason);
  }

  close(): void {
    this.closeSecond();
    this.rtp.close();
    this.forget(this.rtp);
  }

  /** Whatever its peer sends, and whatever comes round in circles, takes no more of us than this. */
  private allow(now: number): boolean {
    const { packetRate } = this.shared;
    this.allowance = Math.min(packetRate, this.allowance + ((now - this.allowedAt) * packetRate) / 1000);
    this.allowedAt = now;
    if (this.allowance < 1) return false;
    this.allowance -= 1;
    return true;
  }

  private get components(): Component[] {
    return this.rtcp === undefined ? [this.rtp] : [this.rtp, this.rtcp];
  }

  /** RFC 5761: RTCP comes with RTP from now on. */
  private closeSecond(): void {
    const { rtcp } = this;
    if (rtcp === undefined) return;
    this.rtcp = undefined;
    rtcp.close();
    this.forget(rtcp);
  }

  private forget(component: Component): void {
    this.shared.sockets.remove(component);
  }

  private key(security: NonNullable<MediaStream['security']>): void {
    const { rtp, rtcp } = this;
    if (security.type === 'dtls') {
      if (rtcp?.protection === rtp.protection) rtcp.protection = new Protection(this.shared.ports.srtp);
      for (const { protection } of this.components) protection.awaitDtls();
      return;
    }
    if (rtcp !== undefined) rtcp.protection = rtp.protection;
    if (security.type === 'none') rtp.protection.open();
    else {
      const receive = security.receive[0];
      if (receive === undefined || !rtp.protection.keyBySdes(security.send, receive))
        this.failed(`SDES ${security.send.suite}`);
    }
  }

  /** RFC 9143 section 9.2: by the SSRC that is known, by what the packet says itself, by the payload type. */
  private sectionOf(packet: Uint8Array): Section | undefined {
    const id = ssrc(packet);
    const known = this.learned.get(id);
    if (known !== undefined) return known;
    const found = this.sectionByMid(packet) ?? this.sectionByPayloadType(payloadType(packet));
    if (found === undefined) return undefined;
    if (this.learned.size >= MOST_LEARNED) this.learned.clear();
    this.learned.set(id, found);
    return found;
  }

  private sectionByMid(packet: Uint8Array): Section | undefined {
    const id = this.sections[0]?.stream?.extensions.get(MID_EXTENSION);
    const element = id === undefined ? -1 : findExtension(packet, id);
    if (element < 0) return undefined;
    const start = elementOffset(element);
    const mid = String.fromCharCode(...packet.subarray(start, start + elementLength(element)));
    return this.sections.find(({ stream }) => stream?.mid === mid);
  }

  private sectionByPayloadType(type: number): Section | undefined {
    return this.sections.find(({ rates }) => rates[type]! > 0);
  }
}
