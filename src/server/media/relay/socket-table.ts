// Whose datagrams at the sockets of phone legs are. A socket is one leg's, but where a call has forked behind us: several
// phones were offered one and the same description, and send to the ports that it names.
import { checkUsername } from '../../../protocol/ice/check.ts';
import type { Component } from './component.ts';
import type { SocketName } from './plan.ts';

export class SocketTable {
  private readonly components = new Map<SocketName, Component[]>();

  /** Sockets that somebody has. */
  get size(): number {
    return this.components.size;
  }

  add(component: Component): void {
    const known = this.components.get(component.socket);
    if (known === undefined) this.components.set(component.socket, [component]);
    else known.push(component);
  }

  remove(component: Component): void {
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
