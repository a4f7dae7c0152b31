// A relay and its clients on virtual time, with nothing between them: what one sends the other reads at once.
import { type Frame, serializeFrame } from '../../src/protocol/msrp/frame.ts';
import { type ContinuationFlag, FrameReader } from '../../src/protocol/msrp/frame-reader.ts';
import type { Head } from '../../src/protocol/msrp/head.ts';
import { Relay, type RelayOptions } from '../../src/protocol/msrp/relay.ts';
import type { RelayEvent, RelayOutput } from '../../src/protocol/msrp/relay-event.ts';
import type { RelayLink } from '../../src/protocol/msrp/relay-link.ts';
import { VirtualClock } from '../../src/transport/clock.ts';
import { primitives } from '../../src/transport/primitives.ts';

export interface ReadFrame {
  head: Head;
  /** Latin-1. */
  body: string | undefined;
  flag: ContinuationFlag;
  /** Of the whole frame. */
  octets: number;
}

/** What a reader reads, collected. */
export function collectFrames(): { reader: FrameReader; frames: ReadFrame[] } {
  const frames: ReadFrame[] = [];
  let head: Head;
  let body: string | undefined;
  const reader = new FrameReader({
    head: (it) => {
      head = it;
      body = undefined;
    },
    body: (octets) => {
      body = (body ?? '') + Buffer.from(octets).toString('latin1');
    },
    end: (flag) => frames.push({ head, body, flag, octets: 0 }),
  });
  return { reader, frames };
}

/** One raw client of the relay. */
export class RawPeer {
  readonly frames: ReadFrame[] = [];
  readonly link: RelayLink;
  readonly #world: MsrpWorld;
  /** It takes nothing, as a socket whose peer does not read. */
  deaf = false;
  /** Answers every SEND with 200, as an endpoint does. */
  answers = true;
  closed: number | undefined;

  constructor(world: MsrpWorld, link: RelayLink) {
    this.#world = world;
    this.link = link;
  }

  /** Lines with LF; the transaction's end-line is added when the text has none. */
  send(text: string): void {
    let whole = text.replace(/\r?\n/g, '\r\n');
    const transaction = /^MSRP (\S+)/.exec(whole)?.[1];
    if (!/-------\S+[$+#]\r\n$/.test(whole))
      whole += `${whole.endsWith('\r\n') ? '' : '\r\n'}-------${transaction}$\r\n`;
    this.raw(Buffer.from(whole, 'latin1'));
  }

  raw(octets: Uint8Array): void {
    this.#world.carryOut(this.#world.relay.receive(this.link, octets, this.#world.clock.now()));
  }

  frame(frame: Frame): void {
    this.raw(serializeFrame(frame));
  }

  take(frame: Frame): void {
    const { reader, frames } = collectFrames();
    const octets = serializeFrame(frame);
    reader.push(octets);
    for (const read of frames) {
      this.frames.push({ ...read, octets: octets.length });
      const { head } = read;
      if (this.answers && head.method === 'SEND' && head.failureReport === 'yes')
        this.#world.later.push(() => this.respond(head));
    }
    if (this.deaf) this.#world.relay.blocked(this.link);
  }

  respond(head: Head, status = '200 OK'): void {
    this.send(`MSRP ${head.transaction} ${status}\nTo-Path: ${head.fromPath[0]}\nFrom-Path: ${head.toPath[0]}\n`);
  }

  close(): void {
    this.#world.carryOut(this.#world.relay.closed(this.link, this.#world.clock.now()));
  }

  hear(): void {
    this.deaf = false;
    this.#world.carryOut(this.#world.relay.writable(this.link, this.#world.clock.now()));
  }

  /** AUTH; the Use-Path. */
  auth(own: string, fields = ''): string {
    this.send(`MSRP auth${this.frames.length}1 AUTH\nTo-Path: msrp://relay.test:2855;ws\nFrom-Path: ${own}\n${fields}`);
    return this.frames.at(-1)?.head.get('Use-Path') ?? '';
  }

  statuses(): number[] {
    return this.frames.filter(({ head }) => !head.isRequest).map(({ head }) => head.status);
  }

  received(method: string): ReadFrame[] {
    return this.frames.filter(({ head }) => head.method === method);
  }
}

export class MsrpWorld {
  readonly clock = new VirtualClock();
  readonly relay: Relay;
  readonly events: RelayEvent[] = [];
  readonly later: (() => void)[] = [];
  readonly #timers = new Map<string, { close(): unknown }>();
  readonly peers = new Map<RelayLink, RawPeer>();
  #running = false;

  constructor(options: Partial<RelayOptions> = {}) {
    this.relay = new Relay({
      primitives,
      address: () => ({ secure: false, host: 'relay.test', port: 2855, transport: 'tcp' }),
      authenticate: (_head, link) =>
        link.identity === undefined
          ? { status: 401, challenges: ['Digest realm="test", nonce="n"'] }
          : { identity: link.identity },
      unixTime: () => this.clock.now() / 1000,
      ...options,
    });
  }

  /** `name`: its identity, from its handshake. */
  connect(name?: string, framing: 'message' | 'stream' = 'message', expires?: number): RawPeer {
    const identity = name === undefined ? {} : { identity: { name, ...(expires === undefined ? {} : { expires }) } };
    const { link, outputs } = this.relay.open({ name: `l${this.peers.size}`, framing, ...identity }, this.clock.now());
    const peer = new RawPeer(this, link);
    this.peers.set(link, peer);
    this.carryOut(outputs);
    return peer;
  }

  carryOut(outputs: RelayOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.peers.get(output.message.link)?.take(output.message.frame);
      else if (output.type === 'setTimer') {
        const { name } = output;
        this.#timers.get(name)?.close();
        this.#timers.set(
          name,
          this.clock.setTimer(output.delay, () => {
            this.#timers.delete(name);
            this.carryOut(this.relay.timer(name, this.clock.now()));
          }),
        );
      } else if (output.type === 'clearTimer') {
        this.#timers.get(output.name)?.close();
        this.#timers.delete(output.name);
      } else {
        this.events.push(output.event);
        const { event } = output;
        if (event.type === 'connect') this.peers.set(event.link, new RawPeer(this, event.link));
        if (event.type === 'close') {
          const peer = this.peers.get(event.link);
          if (peer !== undefined) peer.closed = event.code;
        }
      }
    }
    if (this.#running) return;
    this.#running = true;
    for (let next = this.later.shift(); next !== undefined; next = this.later.shift()) next();
    this.#running = false;
  }
}
