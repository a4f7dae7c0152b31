// Whose datagrams at the sockets of phone legs are. A socket is one leg's, but where a call has forked behind us: several
// phones were offered one and the same description, and send to the ports that it names.
import { checkUsername } from '../../../protocol/ice/check.ts';
import type { Component } from './component.ts';
import type { SocketName } from './plan.ts';
import type { RelayPorts } from './ports.ts';

export class SocketTable {
  private readonly ports: Pick<RelayPorts, 'settled' | 'unsettled'>;
  private readonly components = new Map<SocketName, Component[]>();
  /** Each one's only peer. */
  private readonly settled = new Map<SocketName, string>();

  constructor(ports: Pick<RelayPorts, 'settled' | 'unsettled'>) {
    this.ports = ports;
  }

  /** Sockets that somebody has. */
  get size(): number {
    return this.components.size;
  }

  add(component: Component): void {
    const known = this.components.get(component.socket);
    if (known === undefined) this.components.set(component.socket, [component]);
    else {
      known.push(component);
      this.unsettle(component);
    }
  }

  /** The component listens to nobody but this peer. */
  settle({ socket }: Component, address: string, port: number): void {
    const peer = `${address} ${port}`;
    if (this.components.get(socket)?.length !== 1 || this.settled.get(socket) === peer) return;
    this.settled.set(socket, peer);
    this.ports.settled(socket, address, port);
  }

  /** It listens to others again. */
  unsettle({ socket }: Component): void {
    if (this.settled.delete(socket)) this.ports.unsettled(socket);
  }

  remove(component: Component): void {
    this.unsettle(component);
    const left = this.components.get(component.socket)?.filter((each) => each !== component) ?? [];
    if (left.length > 0) this.components.set(component.socket, left);
    else this.components.delete(component.socket);
  }

  find(socket: SocketName, packet: Uint8Array, length: number, address: string, port: number): Component | undefined {
    const components = this.components.get(socket);
    if (components === undefined || components.length === 1) return components?.[0];
    const name = packet[0]! <= 3 ? checkUsername(packet.subarray(0, length)) : undefined;
    let nearest: Component | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const component of components) {
      const distance =
        name === undefined ? component.route.distance(address, port) : component.route.distanceOfCheck(name);
      if (distance >= least) continue;
      nearest = component;
      least = distance;
    }
    return nearest;
  }
}
