import type { Socket } from 'node:net';
import { plainAddress } from './flow.ts';
import type { TransportLimits } from './limits.ts';

/** What one address holds of us. One object for all of its connections. */
interface Tally {
  address: string;
  connections: number;
  handshakes: number;
}

const TALLY = Symbol('admission.tally');
const ADMISSION = Symbol('admission');
const IN_HANDSHAKE = Symbol('admission.handshake');

interface AdmittedSocket extends Socket {
  [TALLY]?: Tally | undefined;
  [ADMISSION]?: Admission;
  [IN_HANDSHAKE]?: boolean;
}

type AdmissionLimits = Pick<
  TransportLimits,
  'connections' | 'connectionsPerAddress' | 'handshakes' | 'handshakesPerAddress'
>;

/**
 * Counts the connections of all listeners that share it, over all and for each address, and those that are still in
 * their handshake. A connection over a bound is destroyed unread: that is the cheapest answer, and over the bound there
 * is no polite one. State is a property of the socket and the listener is shared: 10,000 idle sockets pay no closures.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #tallies = new Map<string, Tally>();
  connections = 0;
  handshakes = 0;
  /** Connections refused since the start. */
  refused = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Counts a connection just accepted, in its handshake; false: it was over a bound and has been destroyed. */
  admit(socket: Socket): boolean {
    const address = plainAddress(socket.remoteAddress);
    const limits = this.#limits;
    let tally = this.#tallies.get(address);
    if (
      address === '' || // the peer is gone already
      this.connections >= limits.connections ||
      this.handshakes >= limits.handshakes ||
      (tally !== undefined &&
        (tally.connections >= limits.connectionsPerAddress || tally.handshakes >= limits.handshakesPerAddress))
    ) {
      if (address !== '') this.refused += 1;
      socket.on('error', ignore);
      socket.destroy();
      return false;
    }
    if (tally === undefined) {
      tally = { address, connections: 0, handshakes: 0 };
      this.#tallies.set(address, tally);
    }
    tally.connections += 1;
    tally.handshakes += 1;
    this.connections += 1;
    this.handshakes += 1;
    const admitted: AdmittedSocket = socket;
    admitted[TALLY] = tally;
    admitted[ADMISSION] = this;
    admitted[IN_HANDSHAKE] = true;
    socket.on('close', onClose);
    return true;
  }

  release(tally: Tally, inHandshake: boolean): void {
    this.connections -= 1;
    tally.connections -= 1;
    if (inHandshake) {
      this.handshakes -= 1;
      tally.handshakes -= 1;
    }
    if (tally.connections === 0) this.#tallies.delete(tally.address);
  }

  settle(tally: Tally): void {
    this.handshakes -= 1;
    tally.handshakes -= 1;
  }
}

/** The socket's handshake is over: it only counts as a connection now. Harmless when called again. */
export function handshakeDone(socket: Socket): void {
  const admitted: AdmittedSocket = socket;
  if (admitted[IN_HANDSHAKE] !== true || admitted[TALLY] === undefined) return;
  admitted[IN_HANDSHAKE] = false;
  admitted[ADMISSION]?.settle(admitted[TALLY]);
}

function onClose(this: AdmittedSocket): void {
  const tally = this[TALLY];
  if (tally === undefined) return;
  this[TALLY] = undefined; // not `delete`: that turns the whole socket into a slow dictionary
  this[ADMISSION]?.release(tally, this[IN_HANDSHAKE] === true);
}

function ignore(): void {}
