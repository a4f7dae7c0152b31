import { type ByteString, decodeUtf8, encodeUtf8 } from '../protocol/byte-string.ts';
import type { Body, UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import type { MediaSession } from './media-session.ts';

/** What a negotiation needs of the user agent, for one call. */
export interface Signalling {
  /** No offer is open in either direction. */
  readonly stable: boolean;
  renegotiate(offer: Body): void;
  answer(body: Body): void;
  rejectOffer(): void;
}

type Outcome = 'done' | 'busy' | 'glare';

/** How often an offer is tried while the other side's are in the way, and how long between. */
const MOST_ATTEMPTS = 40;
const PAUSE = 250;

/**
 * Offers and answers of an established call, one after the other (RFC 3264 section 4: no new offer before the answer to
 * the last). RTCPeerConnection's steps take time, the user agent's are immediate, so either side may be overtaken. The
 * laws: (1) every step runs in the queue; (2) our offer goes out only if no other has come in meanwhile, else it is
 * rolled back and tried after that one; (3) after 491 it is rolled back and tried again when the user agent says so (RFC 3261
 * section 14.1); (4) what fails leaves the session as it was agreed before.
 */
export class Negotiation {
  readonly #media: MediaSession;
  readonly #signalling: Signalling;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #queue: Promise<unknown> = Promise.resolve();
  #offered: { resolve: (outcome: Outcome) => void; reject: (error: ClientError) => void } | undefined;
  #due: Promise<void> = Promise.resolve();
  #isDue: () => void = () => {};
  #closed = false;

  constructor(media: MediaSession, signalling: Signalling, clock: Clock, onChange: () => void) {
    this.#media = media;
    this.#signalling = signalling;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Offers what the media session wants to send now. Rejects with the status of a refusal. */
  async offer(options: { iceRestart?: boolean } = {}): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const outcome = await this.#enqueue(() => this.#offerOnce(options));
      if (outcome === 'done') return;
      if (outcome === 'glare') await this.#due;
      else await new Promise<void>((resolve) => this.#clock.after(PAUSE, resolve));
    }
    throw new ClientError('REJECTED', 'the other side keeps offering at the same time', 491);
  }

  /** The user agent's events about offers and answers. */
  receive(event: UserAgentEvent): void {
    switch (event.type) {
      case 'answer':
        void this.#settle(textOf(event.body));
        break;
      case 'offer':
        void this.#enqueue(() => this.#takeOffer(textOf(event.body)));
        break;
      case 'offerRequested':
        void this.#enqueue(() => this.#giveOffer());
        break;
      case 'offerFailed':
        void this.#fail(event.status, event.reason, event.retry);
        break;
      case 'offerAbandoned':
        void this.#media.rollback().catch(() => {});
        break;
      case 'offerDue':
        this.#isDue();
        break;
    }
  }

  close(): void {
    this.#closed = true;
    this.#offered?.reject(ended());
    this.#isDue();
  }

  async #offerOnce(options: { iceRestart?: boolean }): Promise<Outcome> {
    if (this.#closed) throw ended();
    if (!this.#signalling.stable) return 'busy';
    const sdp = await this.#media.offer(options);
    if (this.#closed) throw ended();
    if (!this.#signalling.stable) {
      await this.#media.rollback();
      return 'busy';
    }
    const outcome = new Promise<Outcome>((resolve, reject) => {
      this.#offered = { resolve, reject };
    });
    this.#signalling.renegotiate(sessionDescription(sdp));
    return outcome;
  }

  async #settle(sdp: string): Promise<void> {
    const offered = this.#offered;
    this.#offered = undefined;
    try {
      await this.#media.acceptAnswer(sdp);
      offered?.resolve('done');
    } catch (error) {
      offered?.reject(error as ClientError);
    }
    this.#onChange();
  }

  async #fail(status: number, reason: ByteString, retry: boolean): Promise<void> {
    const offered = this.#offered;
    this.#offered = undefined;
    if (retry)
      this.#due = new Promise((resolve) => {
        this.#isDue = resolve;
      });
    await this.#media.rollback().catch(() => {});
    if (retry) offered?.resolve('glare');
    else offered?.reject(new ClientError('REJECTED', decodeUtf8(reason) ?? reason, status));
  }

  async #takeOffer(sdp: string): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#media.acceptOffer(sdp);
      const answer = await this.#media.answer();
      if (!this.#closed) this.#signalling.answer(sessionDescription(answer));
    } catch {
      await this.#media.rollback().catch(() => {});
      if (!this.#closed) this.#signalling.rejectOffer();
    }
    this.#onChange();
  }

  async #giveOffer(): Promise<void> {
    try {
      const offer = await this.#media.offer();
      if (!this.#closed) this.#signalling.answer(sessionDescription(offer));
    } catch {
      if (!this.#closed) this.#signalling.rejectOffer();
    }
  }

  /** Runs the step when those before it are through; the caller hears of its failure, the next step does not. */
  #enqueue<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(step);
    this.#queue = result.catch(() => {});
    return result;
  }
}

export function sessionDescription(sdp: string): Body {
  return { type: 'application/sdp', content: encodeUtf8(sdp) };
}

export function textOf(body: Body): string {
  return decodeUtf8(body.content) ?? body.content;
}

function ended(): ClientError {
  return new ClientError('WRONG_STATE', 'the call has ended');
}
