import type { Request, Response } from '../../../protocol/sip/message.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { Flow } from '../../../transport/flow.ts';
import { ClientTransaction, type ClientUser, type TransactionLayer } from '../transactions.ts';

/**
 * One message on its way to the devices of an account, a transaction each. The first 2xx decides: it has been delivered. A
 * device that has said nothing when the time is over counts as one that is not there.
 */
export class Delivery implements ClientUser {
  readonly #transactions: TransactionLayer;
  readonly #over: () => void;
  readonly #pending: ClientTransaction[] = [];
  #timer: Timer | undefined;
  #decide: ((taken: number) => void) | undefined;
  #taken = 0;

  /** `over`: nothing of it is under way any more. */
  constructor(transactions: TransactionLayer, over: () => void) {
    this.#transactions = transactions;
    this.#over = over;
  }

  /** One more device. */
  add(flow: Flow, request: Request): void {
    this.#pending.push(new ClientTransaction(this.#transactions, request, flow, this));
  }

  /** Resolves with 1 as soon as one has taken it, with 0 when none has; after `timeout` milliseconds at the latest. */
  start(timeout: number): Promise<number> {
    return new Promise((resolve) => {
      this.#decide = resolve;
      this.#timer = this.#transactions.clock.setTimer(timeout, () => this.#timeOut());
      for (const transaction of [...this.#pending]) transaction.start();
    });
  }

  onResponse({ status }: Response, transaction: ClientTransaction): void {
    if (status < 200) return;
    if (status < 300 && this.#taken++ === 0) this.#decide?.(1);
    this.#end(transaction);
  }

  onTimeout(transaction: ClientTransaction): void {
    this.#end(transaction);
  }

  onTransportError(transaction: ClientTransaction): void {
    this.#end(transaction);
  }

  #timeOut(): void {
    for (const transaction of [...this.#pending]) {
      transaction.discard();
      this.#end(transaction);
    }
  }

  #end(transaction: ClientTransaction): void {
    const at = this.#pending.indexOf(transaction);
    if (at < 0) return;
    this.#pending.splice(at, 1);
    if (this.#pending.length > 0) return;
    this.#timer?.close();
    if (this.#taken === 0) this.#decide?.(0);
    this.#over();
  }
}
