// Whose datagrams on the port of all WebRTC legs are, once a check has proved it (RFC 8445 section 7.3).
import type { IcePath } from '../../../protocol/ice/lite-options.ts';
import type { Component } from './component.ts';

interface Owner {
  component: Component;
  path: IcePath;
}

/**
 * By local name, address and port: no key is put together for a packet. Two may have proved to own one path (somebody with
 * a call of his own checks with another's address as his): the first one has it, until it is given up.
 */
export class PathTable {
  private readonly owners = new Map<string, Map<string, Map<number, Owner[]>>>();

  find(local: string, address: string, port: number): Component | undefined {
    return this.owners.get(local)?.get(address)?.get(port)?.[0]?.component;
  }

  /** False: another one has it. */
  add(path: IcePath, component: Component): boolean {
    const { local, address, port } = path;
    let addresses = this.owners.get(local);
    if (addresses === undefined) {
      addresses = new Map();
      this.owners.set(local, addresses);
    }
    let ports = addresses.get(address);
    if (ports === undefined) {
      ports = new Map();
      addresses.set(address, ports);
    }
    const owners = ports.get(port);
    if (owners === undefined) ports.set(port, [{ component, path }]);
    else owners.push({ component, path });
    return owners === undefined;
  }

  /** The path that takes its place: of who owns it next. `first`: this one had it. */
  remove(path: IcePath, component: Component): { first: boolean; next: IcePath | undefined } {
    const { local, address, port } = path;
    const addresses = this.owners.get(local);
    const ports = addresses?.get(address);
    const owners = ports?.get(port);
    const index = owners?.findIndex((owner) => owner.component === component) ?? -1;
    if (!addresses || !ports || !owners || index < 0) return { first: false, next: undefined };
    owners.splice(index, 1);
    if (owners.length === 0) ports.delete(port);
    if (ports.size === 0) addresses.delete(address);
    return { first: index === 0, next: index === 0 ? owners[0]?.path : undefined };
  }
}
