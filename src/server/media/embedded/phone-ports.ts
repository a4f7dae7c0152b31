// Ports of phone legs: which are free is known here, and the relaying thread binds them before a description names them.
import { ProtocolError } from '../../../protocol/errors.ts';
import type { MediaAddresses } from './media-addresses.ts';
import { type MediaSide, rtcpSocketOf } from './media-side.ts';
import { PortPairs, type PortRange } from './port-pairs.ts';
import type { RelayThread } from './relay-thread.ts';

/** How long a pair rests after use. Milliseconds. */
const REST = 30_000;
/** Pairs tried before we say that there is none: others that another program has. */
const TRIES = 50;

export interface PhonePortsOptions {
  range: PortRange;
  addresses: MediaAddresses;
  /** Pairs that the calls of one account may have. */
  mostOfAccount: number;
  now: () => number;
}

export class PhonePorts {
  private readonly pairs: PortPairs;
  private readonly options: PhonePortsOptions;
  /** Under way, by side and section: the branches of a call may ask for the caller's at once. */
  private readonly underWay = new Map<MediaSide, Map<number, Promise<void>>>();
  /** Pairs that its calls have, or are getting. */
  private readonly byAccount = new Map<string, number>();
  private lastName = 0;

  constructor(options: PhonePortsOptions) {
    this.options = options;
    this.pairs = new PortPairs(options.range, REST);
  }

  get available(): number {
    return this.pairs.available;
  }

  /** Binds what these sections of a phone have not got yet. Rejects with ProtocolError 503. */
  async reserve(thread: RelayThread, side: MediaSide, sections: readonly number[]): Promise<void> {
    let reserving = this.underWay.get(side);
    if (reserving === undefined) {
      reserving = new Map();
      this.underWay.set(side, reserving);
    }
    const here = reserving;
    const all = sections
      .filter((index) => side.ports[index] === undefined)
      .map((index) => {
        const known = here.get(index);
        if (known !== undefined) return known;
        const made = this.bindFor(thread, side, index).finally(() => here.delete(index));
        here.set(index, made);
        return made;
      });
    const results = await Promise.allSettled(all);
    if (here.size === 0) this.underWay.delete(side);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** The side is over. */
  release(thread: RelayThread, side: MediaSide): void {
    const held = side.ports.splice(0).filter((ports) => ports !== undefined);
    if (held.length === 0) return;
    thread.unbind(held.flatMap((ports) => [ports.socket, rtcpSocketOf(ports)]));
    this.charge(side.account, -held.length);
    for (const { port } of held) this.pairs.giveBack(port, this.options.now());
  }

  private async bindFor(thread: RelayThread, side: MediaSide, index: number): Promise<void> {
    this.charge(side.account, 1);
    try {
      await this.bind(thread, side, index);
    } catch (error) {
      this.charge(side.account, -1);
      throw error;
    }
  }

  private charge(account: string | undefined, pairs: number): void {
    if (account === undefined) return;
    const held = (this.byAccount.get(account) ?? 0) + pairs;
    if (held > this.options.mostOfAccount) throw noPorts('Too many ports for media of this account');
    if (held > 0) this.byAccount.set(account, held);
    else this.byAccount.delete(account);
  }

  private async bind(thread: RelayThread, side: MediaSide, index: number): Promise<void> {
    const { addresses, now } = this.options;
    const bind = addresses.forPhone(side.party.address)?.bind;
    if (bind === undefined) throw noPorts('No media address of the family of the phone');
    this.lastName += 1;
    const socket = `p${this.lastName}`;
    for (let tries = 0; tries < TRIES; tries++) {
      const port = this.pairs.take(now());
      if (port === undefined) break;
      const transport = { socket, port };
      let code: string | undefined;
      try {
        code = await thread.bind(bind, [
          { name: socket, port },
          { name: rtcpSocketOf(transport), port: port + 1 },
        ]);
      } catch (error) {
        this.pairs.giveBack(port, now());
        throw error;
      }
      if (code === undefined) {
        side.ports[index] = transport;
        return;
      }
      this.pairs.giveBack(port, now());
      if (code !== 'EADDRINUSE') throw noPorts(`A port for media cannot be opened (${code})`);
    }
    throw noPorts('No port for media is free');
  }
}

function noPorts(why: string): ProtocolError {
  return new ProtocolError('MEDIA_NO_PORTS', why, { status: 503 });
}
