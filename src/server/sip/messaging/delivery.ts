import type { Request, Response } from '../../../protocol/sip/message.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { Flow } from '../../../transport/flow.ts';
import { ClientTransaction, type ClientUser, type TransactionLayer } from '../transactions.ts';

/** Final for this content, whoever sends it when. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([413, 415, 488, 493, 513, 606]);

/**
 * One message on its way to the devices of an account, a transaction each. The first 2xx decides: it has been delivered. A
 * device that has said nothing when the time is over counts as one that is not there. What has waited and is refused for
 * good counts as taken: it would be refused each time, and all that waits behind it would never come.
 */
export class Delivery implements ClientUser {
  readonly #transactions: TransactionLayer;
  readonly #over: () => void;
  readonly #waited: boolean;
  readonly #pending: ClientTransaction[] = [];
  #timer: Timer | undefined;
  #decide: ((taken: number) => void) | undefined;
  #taken = 0;

  /** `over`: nothing of it is under way any more. */
  constructor(transactions: TransactionLayer, { over, waited }: { over: () => void; waited: boolean }) {
    this.#transactions = transactions;
    this.#over = over;
    this.#waited = waited;
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
    if ((status < 300 || (this.#waited && REFUSED_FOR_GOOD.has(status))) && this.#taken++ === 0) this.#decide?.(1);
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
