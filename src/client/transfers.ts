// Transfers that we have asked the other side of a call for (REFER, RFC 3515; attended: RFC 3891), and how they end.
import { decodeUtf8 } from '../protocol/byte-string.ts';
import type { UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import type { TransferProgress } from './call-event.ts';
import { ClientError, wrongState } from './errors.ts';

type ReferProgress = Extract<UserAgentEvent, { type: 'referProgress' }>;

export class Transfers {
  readonly #waiting = new Map<string, { resolve: () => void; reject: (error: ClientError) => void }>();
  readonly #onChange: () => void;

  /** `onChange`: one begins or ends. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get pending(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves when the other side has reached whom it was to call; rejects with what became of it. `refer` names it. */
  async ask(send: (refer: string) => void): Promise<void> {
    const refer = crypto.randomUUID();
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.set(refer, { resolve, reject });
    });
    try {
      send(refer);
      this.#onChange();
      await done;
    } finally {
      this.#waiting.delete(refer);
      this.#onChange();
    }
  }

  /** What the other side reports (NOTIFY of event `refer`). */
  receive({ refer, status, reason: octets, final }: ReferProgress): TransferProgress {
    const reason = decodeUtf8(octets) ?? octets;
    const waiting = final ? this.#waiting.get(refer) : undefined;
    if (status < 300) waiting?.resolve();
    else waiting?.reject(new ClientError('REJECTED', `the transfer failed: ${reason}`, status));
    return { status, reason, final };
  }

  /** The call is over. Whoever was asked to call somebody and hangs up has done so: not every phone reports before its BYE. */
  end(by: 'local' | 'remote' | 'network'): void {
    for (const { resolve, reject } of this.#waiting.values())
      if (by === 'remote') resolve();
      else reject(wrongState('transfer'));
  }
}
