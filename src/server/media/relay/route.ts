// Where a component's peer is, and the way there: by ICE (RFC 8445), or without it by its packets (latch.ts).
import type { CheckUsername } from '../../../protocol/ice/check.ts';
import type { IceCredentials } from '../../../protocol/ice/credentials.ts';
import type { IcePath } from '../../../protocol/ice/lite-options.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import type { Component } from './component.ts';
import { IceSession } from './ice-session.ts';
import { HOST, Latch, PEER, STRANGE } from './latch.ts';
import type { SocketName } from './plan.ts';
import type { Shared } from './shared.ts';

/** RFC 7675 section 5.1. Phones with ICE are of RFC 5245, and send no checks once they have nominated. */
const CONSENT = 30_000;

export class Route {
  ice: IceSession | undefined;
  private readonly shared: Shared;
  private readonly socket: SocketName;
  /** On the port that all WebRTC legs share. */
  private readonly mux: boolean;
  private readonly owner: Component;
  private readonly latch = new Latch();
  private usesIce: boolean;
  /** Both descriptions are there. */
  private described = false;
  /** Where the datagram of a handshake came from, that has not proved yet to be the peer's. */
  private origin: { address: string; port: number } | undefined;

  constructor(shared: Shared, socket: SocketName, mux: boolean, owner: Component) {
    this.shared = shared;
    this.socket = socket;
    this.mux = mux;
    this.owner = owner;
    this.usesIce = mux;
  }

  /** Something may be sent. */
  get open(): boolean {
    return this.usesIce ? this.ice?.path !== undefined : this.latch.address !== '';
  }

  /** Our credentials of the latest generation. */
  describeIce(local: IceCredentials): void {
    const { ports, router, agents } = this.shared;
    if (this.ice === undefined) {
      this.ice = new IceSession(ports, local, this.mux ? CONSENT : Number.POSITIVE_INFINITY, {
        answer: (octets, path) => this.sendTo(octets, octets.length, path),
        pathValid: (path) => this.pathValid(path),
        pathGone: (path) => this.pathGone(path),
        pathSelected: () => this.owner.routed(),
      });
      if (!this.mux) return;
      router.add(this.ice.agent);
      agents.set(this.ice.agent, this.owner);
    } else if (this.ice.describeLocal(local) && this.mux) router.add(this.ice.agent);
  }

  /** The peer has not answered yet: its hello may come before, from where its signalling does. */
  await(signalling: string): void {
    if (this.described) return;
    this.latch.describe(undefined, 0, signalling);
    this.settle();
  }

  /** What the peer's description says; `rtcp`: of the component of RTCP. */
  describe({ remote, ice, security }: MediaStream, rtcp: boolean, signalling: string): void {
    // An offer alone says nothing yet of the credentials that it will be answered with.
    if (ice?.local !== undefined && ice.local.ufrag === this.ice?.agent.local.ufrag)
      this.ice.agent.expect(ice.remote.ufrag);
    if (security === undefined) return;
    this.described = true;
    // A peer that is lite itself sends no checks: it is known by its description, as one without ICE.
    this.usesIce = this.mux || (this.ice !== undefined && ice !== undefined && !ice.lite);
    const [address, port] = rtcp ? [remote?.rtcpAddress, remote?.rtcpPort] : [remote?.address, remote?.port];
    this.latch.describe(address, port ?? 0, signalling);
    this.settle();
  }

  /** Whose a datagram from there is: as in latch.ts. */
  judge(address: string, port: number): number {
    if (this.ice?.hears(address, port)) return PEER;
    return this.usesIce ? STRANGE : this.latch.judge(address, port);
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

  /** Answers to what came from there go there, until it has proved to be the peer. */
  suppose(address: string, port: number): void {
    this.origin = { address, port };
  }

  /** What came from there was believed. */
  take(address: string, port: number): void {
    this.latch.take(address, port);
    this.settle();
  }

  /** Its other component is heard from there. */
  prove(address: string): void {
    this.latch.prove(address);
  }

  /** So was the handshake. */
  takeSupposed(): void {
    if (this.origin !== undefined && !this.usesIce) this.take(this.origin.address, this.origin.port);
    this.origin = undefined;
  }

  /** False: nowhere. */
  send(packet: Uint8Array, length: number): boolean {
    if (!this.usesIce) return this.sendToLatch(packet, length);
    const path = this.ice?.path;
    if (path !== undefined) this.sendTo(packet, length, path);
    return path !== undefined;
  }

  /** As `send`, but before a packet was believed, and where a pair has been nominated and lost. */
  sendHandshake(datagram: Uint8Array): void {
    const path = this.usesIce || !this.described ? this.ice?.newest : undefined;
    if (path !== undefined) this.sendTo(datagram, datagram.length, path);
    else if (this.usesIce) return;
    else if (this.origin === undefined) this.sendToLatch(datagram, datagram.length);
    else this.shared.ports.send(this.socket, datagram, datagram.length, this.origin.address, this.origin.port);
  }

  close(): void {
    if (this.ice === undefined) return;
    this.shared.router.remove(this.ice.agent);
    this.shared.agents.delete(this.ice.agent);
    this.ice.close();
  }

  private settle(): void {
    const { sockets } = this.shared;
    const { settled, address, port } = this.latch;
    if (this.mux) return;
    if (settled && !this.usesIce) sockets.settle(this.owner, address, port);
    else sockets.unsettle(this.owner);
  }

  private sendToLatch(packet: Uint8Array, length: number): boolean {
    const { address, port } = this.latch;
    if (address === '' || !this.latch.spend()) return false;
    this.shared.ports.send(this.socket, packet, length, address, port);
    return true;
  }

  private sendTo(packet: Uint8Array, length: number, path: IcePath): void {
    const { ports } = this.shared;
    if (this.mux) ports.sendMux(path, packet, length);
    else ports.send(this.socket, packet, length, path.address, path.port);
  }

  private pathValid(path: IcePath): void {
    if (this.mux && this.shared.paths.add(path, this.owner)) this.shared.ports.pathValid(path);
    this.owner.routed();
  }

  private pathGone(path: IcePath): void {
    if (!this.mux) return;
    const { first, next } = this.shared.paths.remove(path, this.owner);
    if (first) this.shared.ports.pathGone(path);
    if (next) this.shared.ports.pathValid(next);
  }
}
