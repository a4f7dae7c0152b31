import { answerBinding } from '../../protocol/stun/binding.ts';
import type { Endpoint } from '../../transport/flow.ts';
import { clientAddress } from './client.ts';

/** STUN Binding (RFC 8489): tells a client its address as seen from here. Without state, for every port that has it. */
export class StunServer {
  readonly #software: string | undefined;
  /** Binding requests answered. */
  answered = 0;

  /** `software`: what SOFTWARE says; absent: nothing. */
  constructor(options: { software?: string } = {}) {
    this.#software = options.software;
  }

  /** The answer to one message; undefined: silence. */
  readonly respond = (message: Uint8Array, source: Endpoint): Uint8Array | undefined => {
    const { port } = source;
    const answer = answerBinding(message, { address: clientAddress(source.address), port }, this.#software);
    if (answer !== undefined) this.answered += 1;
    return answer;
  };
}
