// The answers to our INVITE, one of each leg that it has reached (RFC 3261 section 13.2.2.4): those before the 2xx are for
// early media alone, and the one of the leg that accepts is the call's.
import type { UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import { textOf } from './negotiation.ts';

export interface ForkedAnswersPort {
  /** Rejects what cannot be used early; it may be fine later. */
  hearEarly(sdp: string): Promise<void>;
  settle(sdp: string): Promise<void>;
  /** With new ICE credentials. */
  reconnect(): void;
}

export class ForkedAnswers {
  readonly #port: ForkedAnswersPort;
  /** The last of each leg. One that is not final may be followed by another. */
  readonly #answers = new Map<string, { sdp: string; final: boolean }>();
  #accepted: string | undefined;
  /** Whose early media is connected. */
  #early: string | undefined;

  constructor(port: ForkedAnswersPort) {
    this.#port = port;
  }

  async receive({ leg, body, final }: Extract<UserAgentEvent, { type: 'answer' }>): Promise<void> {
    const sdp = textOf(body);
    this.#answers.set(leg, { sdp, final });
    if (this.#accepted !== undefined) {
      if (this.#accepted === leg) await this.accept(leg);
      return;
    }
    // Whoever answers last is heard, until one has accepted.
    await this.#port.hearEarly(sdp).then(
      () => {
        this.#early = leg;
      },
      () => {},
    );
  }

  /** That leg has sent the 2xx. */
  async accept(leg: string): Promise<void> {
    this.#accepted = leg;
    const answer = this.#answers.get(leg);
    if (!answer?.final) return; // it comes next
    await this.#port.settle(answer.sdp);
    // COMPAT: Chromium takes the answer of another leg, but connects to it only with new ICE credentials of our own.
    if (this.#early !== undefined && this.#early !== leg) this.#port.reconnect();
  }
}
