import type { Request, Response } from '../../../protocol/sip/message.ts';
import type { Flow } from '../../../transport/flow.ts';
import type { SipLimits } from '../limits.ts';
import { ClientTransaction, type TransactionLayer } from '../transactions.ts';

/**
 * One message on its way to the devices of an account, a transaction each. The first 2xx decides: it has been delivered. A
 * device that says nothing for `limits.deliveryTimeout` counts as one that is not there.
 */
export class Delivery {
  readonly #transactions: TransactionLayer;
  readonly #timeout: number;
  readonly #resolve: (taken: number) => void;
  readonly #over: () => void;
  #pending: number;
  #taken = 0;

  /** `resolve`: as soon as it is certain that one has taken it, or that none will. `over`: nothing more is under way. */
  constructor(
    parts: { transactions: TransactionLayer; limits: SipLimits },
    devices: number,
    resolve: (taken: number) => void,
    over: () => void,
  ) {
    this.#transactions = parts.transactions;
    this.#timeout = parts.limits.deliveryTimeout;
    this.#pending = devices;
    this.#resolve = resolve;
    this.#over = over;
  }

  try(flow: Flow, request: Request): void {
    const transaction = new ClientTransaction(this.#transactions, request, flow, {
      onResponse: ({ status }: Response) => {
        if (status < 200) return;
        timer.close();
        this.#done(status < 300);
      },
      onTimeout: () => {
        timer.close();
        this.#done(false);
      },
      onTransportError: () => {
        timer.close();
        this.#done(false);
      },
    });
    const timer = this.#transactions.clock.setTimer(this.#timeout, () => {
      transaction.discard();
      this.#done(false);
    });
    transaction.start();
  }

  #done(taken: boolean): void {
    this.#pending -= 1;
    if (taken) {
      this.#taken += 1;
      if (this.#taken === 1) this.#resolve(1);
    }
    if (this.#pending > 0) return;
    if (this.#taken === 0) this.#resolve(0);
    this.#over();
  }
}
