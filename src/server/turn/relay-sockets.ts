import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Opened } from '../../protocol/turn/allocate.ts';
import type { Allocation, Opening } from '../../protocol/turn/allocation.ts';
import type { AddressFamily } from '../../protocol/turn/attributes.ts';
import type { Relay } from '../../protocol/turn/relay.ts';
import { literalLookup } from '../../transport/udp.ts';
import type { RelayAddress } from './relay-addresses.ts';
import { DatagramSender } from './udp-port.ts';

export interface RelayPorts {
  first: number;
  last: number;
}

/** Ports tried at random before the rest of the range is gone through in order. */
const RANDOM_TRIES = 16;
/** Ports tried in all: a bind that fails costs a system call. */
const TRIES = 200;
const BUFFER = 1024 * 1024;

/** A relayed transport address with its socket. */
export class RelaySocket implements Relay {
  readonly family: AddressFamily;
  readonly address: string;
  readonly port: number;
  readonly socket: Socket;
  readonly sender: DatagramSender;
  allocation: Allocation | undefined;

  constructor({ family, advertised }: RelayAddress, port: number, socket: Socket) {
    this.family = family;
    this.address = advertised;
    this.port = port;
    this.socket = socket;
    this.sender = new DatagramSender(socket);
  }
}

/** Opens relayed addresses within a range of ports, each chosen by a CSPRNG (RFC 8656 section 7.2; RFC 6056). */
export class RelaySockets {
  readonly #addresses: readonly RelayAddress[];
  readonly #ports: RelayPorts;
  readonly #receive: (relay: RelaySocket, datagram: Buffer, address: string, port: number) => void;

  constructor(
    addresses: readonly RelayAddress[],
    ports: RelayPorts,
    receive: (relay: RelaySocket, datagram: Buffer, address: string, port: number) => void,
  ) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.#receive = receive;
  }

  /** What of it can be had. */
  async open({ families, evenPort, reserveNext }: Opening): Promise<Opened> {
    const opened: Opened = { relays: [] };
    for (const family of families) {
      const address = this.#addresses.find((each) => each.family === family);
      if (address === undefined) continue;
      const [relay, next] = await this.#openOne(address, evenPort, reserveNext !== undefined);
      if (relay !== undefined) opened.relays.push(relay);
      if (next !== undefined) opened.reserved = next;
    }
    return opened;
  }

  async #openOne(address: RelayAddress, even: boolean, pair: boolean): Promise<RelaySocket[]> {
    for (const port of this.#candidates(even, pair)) {
      const relay = await this.#bind(address, port);
      if (relay === undefined) continue;
      if (!pair) return [relay];
      const next = await this.#bind(address, port + 1);
      if (next !== undefined) return [relay, next];
      relay.socket.close();
    }
    return [];
  }

  *#candidates(even: boolean, pair: boolean): Generator<number> {
    const { first, last } = this.#ports;
    const step = even ? 2 : 1;
    const start = even ? first + (first % 2) : first;
    const count = Math.floor((last - (pair ? 1 : 0) - start) / step) + 1;
    if (count < 1) return;
    for (let i = 0; i < RANDOM_TRIES; i++) yield start + step * randomInt(count);
    const from = randomInt(count);
    for (let i = 0; i < Math.min(count, TRIES); i++) yield start + step * ((from + i) % count);
  }

  #bind(address: RelayAddress, port: number): Promise<RelaySocket | undefined> {
    const type = address.family === 4 ? 'udp4' : 'udp6';
    return new Promise((resolve) => {
      const socket = createSocket({
        type,
        ipv6Only: address.family === 6,
        lookup: literalLookup(type),
        recvBufferSize: BUFFER,
        sendBufferSize: BUFFER,
      });
      socket.once('error', () => {
        socket.close();
        resolve(undefined);
      });
      socket.bind({ address: address.bind, port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        socket.on('error', ignore); // an ICMP message, say: UDP loses packets
        const relay = new RelaySocket(address, port, socket);
        socket.on('message', (datagram, remote) => this.#receive(relay, datagram, remote.address, remote.port));
        resolve(relay);
      });
    });
  }
}

function ignore(): void {}
