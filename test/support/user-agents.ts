import type { Primitives } from '../../src/protocol/primitives.ts';
import { parseMessage } from '../../src/protocol/sip/parse.ts';
import { UserAgent } from '../../src/protocol/sip/user-agent.ts';
import type { UserAgentEvent, UserAgentOutput } from '../../src/protocol/sip/user-agent-event.ts';
import type { UserAgentOptions } from '../../src/protocol/sip/user-agent-options.ts';
import { primitives as nodePrimitives } from '../../src/transport/primitives.ts';
import { VirtualTime } from './virtual-time.ts';

/** Numbers that look random and are the same at each run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function seededPrimitives(seed: number): Primitives {
  const random = seeded(seed);
  const octet = () => String.fromCharCode(Math.floor(random() * 256));
  return { ...nodePrimitives, random: (length) => Array.from({ length }, octet).join('') };
}

type Event<Type extends UserAgentEvent['type']> = Extract<UserAgentEvent, { type: Type }>;

/** A user agent on virtual time, whose messages go to `transmit`, and a log of its events. */
export class TestAgent {
  readonly agent: UserAgent;
  readonly time: VirtualTime;
  readonly name: string;
  readonly events: UserAgentEvent[] = [];
  /** Start lines of what it sent: `INVITE`, `180 INVITE`. */
  readonly sent: string[] = [];
  readonly texts: string[] = [];
  transmit: (text: string) => void = () => {};
  onEvent: (event: UserAgentEvent) => void = () => {};

  constructor(time: VirtualTime, name: string, options: Partial<UserAgentOptions> = {}) {
    this.time = time;
    this.name = name;
    const seed = name.charCodeAt(0);
    const uri = `sip:${name}@example.test`;
    this.agent = new UserAgent({ uri, primitives: seededPrimitives(seed), ...options });
    this.run(this.agent.transportConnected(0));
  }

  get now(): number {
    return this.time.now;
  }

  run(outputs: UserAgentOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') {
        this.sent.push(summary(output.message));
        this.texts.push(output.message);
        this.transmit(output.message);
      } else if (output.type === 'setTimer') {
        const { name } = output;
        this.time.set(`${this.name} ${name}`, output.delay, () => this.run(this.agent.timer(name, this.now)));
      } else if (output.type === 'clearTimer') this.time.clear(`${this.name} ${output.name}`);
      else {
        this.events.push(output.event);
        this.onEvent(output.event);
      }
    }
  }

  receive(text: string): void {
    this.run(this.agent.receive(text, this.now));
  }

  /** The last event of this type; throws when there was none. */
  last<Type extends UserAgentEvent['type']>(type: Type): Event<Type> {
    const event = this.events.findLast((one) => one.type === type);
    if (event === undefined) throw new Error(`${this.name} had no ${type}: ${this.types().join(' ')}`);
    return event as Event<Type>;
  }

  types(): string[] {
    return this.events.map((event) => event.type);
  }

  /** The text of the last message sent with this summary. */
  text(wanted: string): string {
    const at = this.sent.lastIndexOf(wanted);
    if (at === -1) throw new Error(`${this.name} never sent ${wanted}: ${this.sent.join(', ')}`);
    return this.texts[at] as string;
  }

  take(): string[] {
    this.events.splice(0);
    this.texts.splice(0);
    return this.sent.splice(0);
  }
}

export function summary(text: string): string {
  const message = parseMessage(text);
  return message.kind === 'request' ? message.method : `${message.status} ${message.get('cseq')?.split(' ')[1]}`;
}

export interface PipeOptions {
  /** Milliseconds, for each message by itself: reordering. */
  delay?: () => number;
  lose?: (text: string) => boolean;
}

let pipes = 0;

/** What one sends the other receives, late or never. */
export function connect(a: TestAgent, b: TestAgent, options: PipeOptions = {}): void {
  const delay = options.delay ?? (() => 10);
  const pipe = (to: TestAgent) => (text: string) => {
    if (options.lose?.(text)) return;
    to.time.set(`pipe ${pipes++}`, delay(), () => to.receive(text));
  };
  a.transmit = pipe(b);
  b.transmit = pipe(a);
}

export function sdp(content: string): { type: string; content: string } {
  return { type: 'application/sdp', content };
}

export interface Pair {
  time: VirtualTime;
  alice: TestAgent;
  bob: TestAgent;
}

export function pair(options: Partial<UserAgentOptions> = {}, pipe: PipeOptions = {}): Pair {
  const time = new VirtualTime();
  const alice = new TestAgent(time, 'alice', options);
  const bob = new TestAgent(time, 'bob', options);
  connect(alice, bob, pipe);
  return { time, alice, bob };
}

/** Alice calls Bob (her call is `c`); the name of Bob's call is returned. */
export function ringing({ time, alice, bob }: Pair, settle = 50): string {
  alice.run(alice.agent.invite('c', 'sip:bob@example.test', { offer: sdp('offer-1') }, time.now));
  time.advance(settle);
  return bob.last('incomingCall').call;
}

/** The same, and Bob accepts. */
export function established(pair: Pair, settle = 50): string {
  const call = ringing(pair, settle);
  pair.bob.run(pair.bob.agent.accept(call, sdp('answer-1'), pair.time.now));
  pair.time.advance(settle);
  return call;
}
