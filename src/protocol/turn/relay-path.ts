// The way of a relayed packet (RFC 8656 sections 11 and 12): no outputs and no objects for it but the octets that are sent.
import type { Allocation } from './allocation.ts';
import { CHANNEL_DATA_HEADER, channelDataLength, channelDataSize, writeChannelData } from './channel-data.ts';
import type { FiveTuple } from './five-tuple.ts';
import { dataIndicationSize, readSend, SendIndication, writeDataIndication } from './indications.ts';
import type { Permission } from './permission.ts';
import type { Relay } from './relay.ts';
import type { TurnState } from './state.ts';

/** What the driver does for a packet. */
export interface RelayDriver {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Octets to be filled and sent; they need not be zero. */
  buffer(size: number): Uint8Array;
  toPeer(relay: Relay, data: Uint8Array, port: number, address: string): void;
  toClient(fiveTuple: FiveTuple, message: Uint8Array): void;
}

/** IPv4 and IPv6 header with UDP's. */
const HEADERS = { 4: 28, 6: 48 } as const;

/** Relays packets between clients and peers, and counts them. */
export class RelayPath {
  readonly #state: TurnState;
  readonly #driver: RelayDriver;
  readonly #now: () => number;
  readonly #send = new SendIndication();
  #transaction = 0;
  /** Packets and octets of data from clients to peers and back. */
  sentPackets = 0;
  sentOctets = 0;
  receivedPackets = 0;
  receivedOctets = 0;
  /** Packets without a permission or channel, malformed ones, and those over an account's bandwidth. */
  dropped = 0;

  constructor(state: TurnState, driver: RelayDriver) {
    this.#state = state;
    this.#driver = driver;
    this.#now = () => driver.now();
  }

  /** Receiving a ChannelData message (RFC 8656 section 12.6). */
  channelData(allocation: Allocation, message: Uint8Array): void {
    const length = channelDataLength(message);
    const channel =
      length < 0 ? undefined : allocation.channels.get(((message[0] as number) << 8) | (message[1] as number));
    if (channel === undefined || !channel.permission.active) {
      this.dropped += 1;
      return;
    }
    this.#toPeer(
      allocation,
      channel.permission,
      channel.port,
      message.subarray(CHANNEL_DATA_HEADER, CHANNEL_DATA_HEADER + length),
    );
  }

  /** Receiving a Send indication (RFC 8656 section 11.2). */
  sendIndication(allocation: Allocation, message: Uint8Array): void {
    const send = this.#send;
    const permission = readSend(message, send) ? allocation.permissionFor(send.family, send.address) : undefined;
    if (permission === undefined || !permission.active || send.port === 0 || this.#tooLarge(send)) {
      this.dropped += 1;
      return;
    }
    this.#toPeer(allocation, permission, send.port, message.subarray(send.start, send.end));
  }

  /** Receiving a UDP datagram on a relayed address (RFC 8656 sections 11.3 and 12.7). */
  fromPeer(relay: Relay, address: string, port: number, data: Uint8Array): void {
    const { allocation } = relay;
    const permission = allocation?.permissions.get(address);
    if (
      allocation === undefined ||
      permission === undefined ||
      !permission.active ||
      !allocation.usage.spend(data.length, this.#now)
    ) {
      this.dropped += 1;
      return;
    }
    this.receivedPackets += 1;
    this.receivedOctets += data.length;
    const { fiveTuple } = allocation;
    const channel = permission.channels.get(port);
    let message: Uint8Array;
    if (channel !== undefined) {
      const padded = fiveTuple.transport === 'tcp' || fiveTuple.transport === 'tls';
      message = this.#driver.buffer(channelDataSize(data.length, padded));
      writeChannelData(message, channel.number, data);
    } else {
      this.#transaction = (this.#transaction + 1) >>> 0;
      message = this.#driver.buffer(dataIndicationSize(permission.octets.length, data.length));
      writeDataIndication(message, this.#transaction, permission.octets, port, data);
    }
    this.#driver.toClient(fiveTuple, message);
  }

  #toPeer(allocation: Allocation, permission: Permission, port: number, data: Uint8Array): void {
    const neighbour = permission.relays?.get(port);
    if (
      // This host, but neither a relayed address nor media of it.
      (permission.own && neighbour === undefined && !this.#state.isMediaPort(port)) ||
      !allocation.usage.spend(data.length, this.#now)
    ) {
      this.dropped += 1;
      return;
    }
    this.sentPackets += 1;
    this.sentOctets += data.length;
    const { relay } = permission;
    // Two clients of this server: what one relays is what the other's relay receives.
    if (neighbour !== undefined) this.fromPeer(neighbour, relay.address, relay.port, data);
    else this.#driver.toPeer(relay, data, port, permission.address);
  }

  /** RFC 8656 section 14: with DONT-FRAGMENT, what would leave in pieces does not leave. */
  #tooLarge({ dontFragment, start, end, family }: SendIndication): boolean {
    const { mtu } = this.#state;
    return dontFragment && (mtu === undefined || end - start + HEADERS[family] > mtu);
  }
}
