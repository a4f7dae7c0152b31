// A UDP port of all WebRTC legs, in the signalling thread: whose datagram it is, and the way there. Its socket is TURN's
// where both listen on the same address (RFC 7983 tells them apart by the first octet), else one of its own.
import { checkUsername } from '../../../protocol/ice/check.ts';
import { packetClass } from '../../../protocol/rtp/demultiplex.ts';
import { plainAddress } from '../../../transport/flow.ts';
import type { RelayThread } from './relay-thread.ts';
import type { SharedAddress } from './thread-messages.ts';

/** Whoever has the socket. */
export interface SharedSocket {
  readonly endpoint: SharedAddress;
  /** Other sockets may be bound to the same address: threads take over what is theirs. */
  readonly reusable: boolean;
  send(octets: Uint8Array, port: number, address: string): void;
  /** As if it had come to the socket: it came to another one that is bound to the same address. */
  receive(datagram: Uint8Array, address: string, port: number): void;
}

export class SharedPort {
  /** As paths name it (IcePath.local). */
  readonly name: string;
  private readonly fragments: ReadonlyMap<string, RelayThread>;
  private readonly onListening: (port: SharedPort) => void;
  private attached: SharedSocket | undefined;
  /**
   * By address, then port, of what has proved to be there: no key is made for a packet. Somebody with a call of his own may
   * claim another's address: the first one has it, until it is given up (as in relay/path-table.ts).
   */
  private readonly paths = new Map<string, Map<number, RelayThread[]>>();

  constructor(name: string, fragments: ReadonlyMap<string, RelayThread>, onListening: (port: SharedPort) => void) {
    this.name = name;
    this.fragments = fragments;
    this.onListening = onListening;
  }

  /** Undefined: it does not listen yet. */
  get socket(): SharedSocket | undefined {
    return this.attached;
  }

  attach(socket: SharedSocket): void {
    this.attached = socket;
    this.onListening(this);
  }

  addPath(address: string, port: number, thread: RelayThread): void {
    let ports = this.paths.get(address);
    if (ports === undefined) {
      ports = new Map();
      this.paths.set(address, ports);
    }
    const owners = ports.get(port);
    if (owners === undefined) ports.set(port, [thread]);
    else owners.push(thread);
  }

  removePath(address: string, port: number, thread: RelayThread): void {
    const ports = this.paths.get(address);
    const owners = ports?.get(port);
    const at = owners?.indexOf(thread) ?? -1;
    if (!ports || !owners || at < 0) return;
    owners.splice(at, 1);
    if (owners.length === 0) ports.delete(port);
    if (ports.size === 0) this.paths.delete(address);
  }

  /** The thread is gone. */
  forget(thread: RelayThread): void {
    for (const [address, ports] of this.paths)
      for (const [port, owners] of ports)
        for (const owner of [...owners]) if (owner === thread) this.removePath(address, port, thread);
  }

  /** For what a thread sends. */
  send(octets: Uint8Array, address: string, port: number): void {
    this.attached?.send(octets, port, address);
  }

  /**
   * One datagram, whose octets are given away. `rawAddress` as the socket says it. False: it is STUN, and no check of a call
   * here: for whoever else listens.
   */
  receive(datagram: Uint8Array, rawAddress: string, port: number): boolean {
    const address = plainAddress(rawAddress);
    if (packetClass(datagram) !== 'stun') {
      this.paths.get(address)?.get(port)?.[0]?.packet(this.name, datagram, address, port);
      return true;
    }
    const name = checkUsername(datagram);
    const thread = name && this.fragments.get(name.local);
    thread?.packet(this.name, datagram, address, port);
    return thread !== undefined;
  }
}
