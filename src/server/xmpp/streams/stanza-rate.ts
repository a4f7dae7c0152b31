import type { XmppLimits } from './limits.ts';

/** A token bucket that is filled when it is asked. */
export class StanzaRate {
  readonly #limits: Pick<XmppLimits, 'stanzaRate' | 'stanzaBurst'>;
  #tokens: number;
  #counted = 0;

  constructor(limits: Pick<XmppLimits, 'stanzaRate' | 'stanzaBurst'>) {
    this.#limits = limits;
    this.#tokens = limits.stanzaBurst;
  }

  /** False: too many have come. `now`: monotonic milliseconds. */
  take(now: number): boolean {
    const { stanzaRate, stanzaBurst } = this.#limits;
    this.#tokens = Math.min(stanzaBurst, this.#tokens + ((now - this.#counted) * stanzaRate) / 1000) - 1;
    this.#counted = now;
    return this.#tokens >= 0;
  }
}
