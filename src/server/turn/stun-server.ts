import { answerBinding } from '../../protocol/stun/binding.ts';
import type { Endpoint } from '../../transport/flow.ts';
import { clientAddress } from './client.ts';
import type { SourceRate } from './source-rate.ts';

/** STUN Binding (RFC 8489): tells a client its address as seen from here. One for all ports that have it. */
export class StunServer {
  readonly #software: string | undefined;
  readonly #rate: SourceRate | undefined;
  /** Binding requests answered. */
  answered = 0;
  /** Messages that were not looked at: their source has had its share. */
  unanswered = 0;

  /** `software`: what SOFTWARE says; absent: nothing. `rate`: how often one source is answered; absent: always. */
  constructor(options: { software?: string; rate?: SourceRate } = {}) {
    this.#software = options.software;
    this.#rate = options.rate;
  }

  /** The answer to one message; undefined: silence. */
  readonly respond = (message: Uint8Array, source: Endpoint): Uint8Array | undefined => {
    const { port } = source;
    const address = clientAddress(source.address);
    if (this.#rate?.take(address) === false) {
      this.unanswered += 1;
      return undefined;
    }
    const answer = answerBinding(message, { address, port }, this.#software);
    if (answer !== undefined) this.answered += 1;
    return answer;
  };
}
