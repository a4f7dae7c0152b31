// A phone behind a NAT on UDP is reached only as long as the NAT remembers it, often 30 s (RFC 4787 section 4.3), and most
// phones register far less often than that: something is sent there before it forgets.
import { hostAddress } from '../../protocol/sip/host.ts';
import type { Clock, Timer } from '../../transport/clock.ts';
import type { Binding, Location } from './location.ts';
import { tryUri } from './try-uri.ts';

/** RFC 5626 section 4.4.1's ping. COMPAT: phones ignore it on UDP too, where no message can be that short. */
const PING = '\r\n\r\n';

/** The work of a round is spread over it, so that many bindings do not hold up the calls. */
const STEP = 1_000;

export class NatKeepAlive {
  readonly #location: Location;
  readonly #clock: Clock;
  readonly #wallClock: () => number;
  /** Milliseconds between two pings to one phone. */
  readonly #interval: number;
  /** Where the present round stands, when it began, and how many addresses of record it has seen. */
  #names: Iterator<string> | undefined;
  #began = 0;
  #seen = 0;
  #timer: Timer | undefined;

  /** `interval` 0: nothing is sent. */
  constructor(location: Location, clock: Clock, wallClock: () => number, interval: number) {
    this.#location = location;
    this.#clock = clock;
    this.#wallClock = wallClock;
    this.#interval = interval;
  }

  start(): void {
    if (this.#interval <= 0) return;
    this.#timer = this.#clock.setTimer(Math.min(STEP, this.#interval), () => {
      this.#step();
      this.start();
    });
    (this.#timer as { unref?: () => void }).unref?.();
  }

  close(): void {
    this.#timer?.close();
    this.#timer = undefined;
  }

  #step(): void {
    const now = this.#clock.now();
    if (this.#names === undefined || now - this.#began >= this.#interval) {
      this.#names = this.#location.names()[Symbol.iterator]();
      this.#began = now;
      this.#seen = 0;
    }
    const passed = now - this.#began + STEP;
    const due = this.#location.addresses * (passed / this.#interval);
    for (; this.#seen < due; this.#seen++) {
      const { value: name, done } = this.#names.next();
      if (done) return;
      for (const binding of this.#location.reachable(name, this.#wallClock()))
        if (isBehindNat(binding)) binding.flow.send(PING);
    }
  }
}

/** What it calls itself is not where it was heard from. */
function isBehindNat({ flow, contact }: Binding): boolean {
  if (flow.transport !== 'udp') return false;
  const uri = tryUri(contact);
  if (uri === undefined) return true;
  return hostAddress(uri.host) !== flow.remote.address || (uri.port ?? 5060) !== flow.remote.port;
}
