// A media engine that relays nothing: what it writes for the other side says what it was asked, so that a test can see
// which description became which, and how often it was asked.
import { ProtocolError } from '../../src/protocol/errors.ts';
import { otherSide, type Side } from '../../src/protocol/sdp/payload-map.ts';
import type {
  LegStatistics,
  MediaBranch,
  MediaCall,
  MediaCallOptions,
  MediaEngine,
  MediaEvent,
  MediaMetrics,
  MediaParty,
} from '../../src/server/media/engine.ts';

/** In every description: no trace may show it. */
export const FAKE_SECRET = 'secretsecretsecretsecret';

/** A description as a page or a phone of that profile writes it; `name` is its s= line. */
export function fakeDescription(name: string, profile: string): string {
  const webrtc = profile === 'webrtc';
  const lines = ['v=0', 'o=- 1 1 IN IP4 192.0.2.9', `s=${name}`, 'c=IN IP4 192.0.2.9', 't=0 0'];
  lines.push(`m=audio 4000 ${webrtc ? 'UDP/TLS/RTP/SAVPF' : profile} 0`);
  if (webrtc) lines.push('a=ice-ufrag:u', `a=ice-pwd:${FAKE_SECRET}`, 'a=fingerprint:sha-256 AB', 'a=rtcp-mux');
  else if (profile.includes('SAVP')) lines.push(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${FAKE_SECRET}`);
  return `${lines.join('\r\n')}\r\n`;
}

/** `name profile` of such a description. */
export function describe(text: string): string {
  const name = /^s=(.*?)\r?$/m.exec(text)?.[1];
  const proto = /^m=\w+ \d+ (\S+)/m.exec(text)?.[1];
  return `${name} ${text.includes('a=ice-ufrag') ? 'webrtc' : proto}`;
}

export class FakeMediaEngine implements MediaEngine {
  readonly name = 'embedded';
  readonly calls: FakeMediaCall[] = [];
  /** What was asked: `offer caller alice`, `reject`, `confirm`, ... */
  readonly asked: string[] = [];
  readonly opened = new Set<FakeMediaBranch>();
  /** Answers wait for `release`. */
  holding = false;
  /** The next descriptions are refused with that status. */
  refusal: number | undefined;
  readonly #held: Array<() => void> = [];

  open(options: MediaCallOptions): MediaCall {
    const call = new FakeMediaCall(this, options);
    this.calls.push(call);
    return call;
  }

  reaches(): boolean {
    return true;
  }

  /** Branches that were never closed. */
  get branches(): number {
    return this.opened.size;
  }

  answer(text: () => string): Promise<string> {
    if (!this.holding) return new Promise((resolve) => resolve(text()));
    return new Promise((resolve, reject) => {
      this.#held.push(() => {
        try {
          resolve(text());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  release(): void {
    this.holding = false;
    for (const held of this.#held.splice(0)) held();
  }

  /** To the branch that was opened last, or the one before. */
  tell(event: MediaEvent, which = -1): void {
    [...this.opened].at(which)?.onEvent(event);
  }

  metrics(): MediaMetrics {
    return { calls: this.branches, packets: 0, octets: 0, dropped: {}, refused: 0, failed: 0 };
  }

  async close(): Promise<void> {}
}

class FakeMediaCall implements MediaCall {
  readonly options: MediaCallOptions;
  readonly #engine: FakeMediaEngine;

  constructor(engine: FakeMediaEngine, options: MediaCallOptions) {
    this.#engine = engine;
    this.options = options;
  }

  branch(callee: MediaParty, onEvent: (event: MediaEvent) => void): MediaBranch {
    return new FakeMediaBranch(this.#engine, { caller: this.options.caller.profile, callee: callee.profile }, onEvent);
  }
}

class FakeMediaBranch implements MediaBranch {
  readonly onEvent: (event: MediaEvent) => void;
  readonly #engine: FakeMediaEngine;
  readonly #profiles: Record<Side, string>;
  #offerer: Side | undefined;
  #answered = false;

  constructor(engine: FakeMediaEngine, profiles: Record<Side, string>, onEvent: (event: MediaEvent) => void) {
    this.#engine = engine;
    this.#profiles = profiles;
    this.onEvent = onEvent;
    engine.opened.add(this);
  }

  offer(from: Side, description: string): Promise<string> {
    return this.#describe('offer', from, description, () => {
      if (this.#offerer === otherSide(from) && !this.#answered)
        throw new ProtocolError('SDP_GLARE', 'Glare', { status: 491 });
      this.#offerer = from;
      this.#answered = false;
    });
  }

  answer(from: Side, description: string): Promise<string> {
    return this.#describe('answer', from, description, () => {
      if (this.#offerer !== otherSide(from))
        throw new ProtocolError('SDP_ANSWER', 'Nothing was offered', { status: 488 });
      this.#answered = true;
    });
  }

  #describe(role: string, from: Side, description: string, check: () => void): Promise<string> {
    const [name] = describe(description).split(' ');
    this.#engine.asked.push(`${role} ${from} ${name}`);
    return this.#engine.answer(() => {
      const { refusal } = this.#engine;
      this.#engine.refusal = undefined;
      if (refusal !== undefined) throw new ProtocolError('SDP_NOT_ACCEPTABLE', 'Refused', { status: refusal });
      if (!this.#engine.opened.has(this)) throw new ProtocolError('MEDIA_GONE', 'Asked after its end', { status: 503 });
      check();
      return fakeDescription(`${name}|${role}`, this.#profiles[otherSide(from)]);
    });
  }

  reject(): void {
    this.#engine.asked.push('reject');
    this.#offerer = undefined;
  }

  fork(onEvent: (event: MediaEvent) => void): MediaBranch {
    const copy = new FakeMediaBranch(this.#engine, this.#profiles, onEvent);
    copy.#offerer = this.#offerer;
    this.#engine.asked.push('fork');
    return copy;
  }

  confirm(): void {
    this.#engine.asked.push('confirm');
  }

  statistics(): Promise<LegStatistics[]> {
    return Promise.resolve([]);
  }

  close(): Promise<LegStatistics[]> {
    this.#engine.opened.delete(this);
    return Promise.resolve([]);
  }
}
