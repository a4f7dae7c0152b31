import type { Frame } from '../../protocol/msrp/frame.ts';
import type { RelayEvent } from '../../protocol/msrp/relay-event.ts';

/** What the relay has done, in plain numbers. */
export class MsrpCounters {
  receivedOctets = 0;
  #chunks = 0;
  #octets = 0;
  #grants = 0;
  #paused = 0;
  readonly #refused: Record<string, number> = {};
  readonly #reported: Record<string, number> = {};

  sent({ body }: Frame): void {
    if (body === undefined) return;
    this.#chunks += 1;
    this.#octets += body.length;
  }

  happened(event: RelayEvent): void {
    if (event.type === 'granted') this.#grants += 1;
    else if (event.type === 'pause') this.#paused += 1;
    else if (event.type === 'refused') this.#refused[event.status] = (this.#refused[event.status] ?? 0) + 1;
    else if (event.type === 'reported') this.#reported[event.status] = (this.#reported[event.status] ?? 0) + 1;
  }

  values() {
    return {
      relayedChunks: this.#chunks,
      relayedOctets: this.#octets,
      grants: this.#grants,
      paused: this.#paused,
      refused: this.#refused,
      reported: this.#reported,
    };
  }
}
