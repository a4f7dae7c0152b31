// The question what a phone speaks, before somebody calls it: OPTIONS to a binding that is new, whose answer describes
// what the phone would answer to an INVITE (RFC 3261 section 11). A phone that had to refuse a first offer would take the
// second for the same call (482) for some seconds.

import type { Primitives } from '../../protocol/primitives.ts';
import { toHex } from '../../protocol/primitives.ts';
import { createRequest } from '../../protocol/sip/create.ts';
import type { Response } from '../../protocol/sip/message.ts';
import type { Timer } from '../../transport/clock.ts';
import type { Forwarding } from './forward.ts';
import type { SipLimits } from './limits.ts';
import type { Binding } from './location.ts';
import { learnAccepted } from './messaging/accepted-types.ts';
import { profileOf } from './profile.ts';
import { sessionBody } from './session-body.ts';
import { ClientTransaction, type TransactionLayer } from './transactions.ts';

export interface ProbeParts {
  domain: string;
  limits: SipLimits;
  primitives: Primitives;
  forwarding: Forwarding;
  transactions: TransactionLayer;
}

/** The REGISTER is answered first. */
const AFTER_REGISTER = 50;

/** Who calls a phone that is being asked waits for its answer, this long at most. */
const PATIENCE = 500;

export class Probe {
  readonly #parts: ProbeParts;
  /** Bindings to be asked; one that is gone meanwhile is passed over. */
  readonly #waiting = new Set<Binding>();
  /** Those that have been asked, and who waits for what they say. */
  readonly #asked = new Map<Binding, Set<() => void>>();
  #timer: Timer | undefined;

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  /** A binding that is new, or has another contact. Who is on a WebSocket is not asked. */
  ask(binding: Binding): void {
    const { transport } = binding.flow;
    if (transport === 'ws' || transport === 'wss') return;
    const { limits, transactions } = this.#parts;
    if (this.#waiting.size >= limits.probesWaiting) return; // it will be called as one that is not known
    this.#waiting.add(binding);
    this.#timer ??= transactions.clock.setTimer(AFTER_REGISTER, () => {
      this.#timer = undefined;
      this.#next();
    });
  }

  /** It is to be asked, or has not answered yet. */
  concerns(binding: Binding): boolean {
    return this.#waiting.has(binding) || this.#asked.has(binding);
  }

  /** It is called: asked at once, if it has not been, and `then` when it has answered or has had the time to. */
  whenKnown(binding: Binding, then: () => void): void {
    if (this.#waiting.delete(binding) && binding.flow.open) this.#send(binding);
    const callers = this.#asked.get(binding);
    if (callers === undefined) {
      then();
      return;
    }
    const told = () => {
      if (!callers.delete(told)) return;
      timer.close();
      then();
    };
    const timer = this.#parts.transactions.clock.setTimer(PATIENCE, told);
    callers.add(told);
  }

  close(): void {
    this.#timer?.close();
    this.#waiting.clear();
  }

  #next(): void {
    const { limits } = this.#parts;
    for (const binding of this.#waiting) {
      if (this.#asked.size >= limits.probes) return;
      this.#waiting.delete(binding);
      if (binding.flow.open && binding.profile === undefined) this.#send(binding);
    }
  }

  #send(binding: Binding): void {
    const { domain, primitives, forwarding, transactions, limits } = this.#parts;
    const token = toHex(primitives.random(8));
    const request = createRequest('OPTIONS', binding.contact, [
      ['From', `<sip:${domain}>;tag=${token.slice(0, 8)}`],
      ['To', `<sip:${encodeURIComponent(binding.aor)}@${domain}>`],
      ['Call-ID', `probe-${token}`],
      ['CSeq', '1 OPTIONS'],
      ['Accept', 'application/sdp'],
    ]);
    const { flow, path } = binding;
    const copy = forwarding.copy(request, { flow, path }, forwarding.loopHash(request));
    const callers = new Set<() => void>();
    const over = () => {
      if (this.#asked.get(binding) !== callers) return;
      this.#asked.delete(binding);
      timer.close();
      for (const told of callers) told();
      this.#next();
    };
    const transaction = new ClientTransaction(transactions, copy, flow, {
      onResponse(response) {
        if (response.status < 200) return;
        learn(binding, response);
        over();
      },
      onTimeout: over,
      onTransportError: over,
    });
    this.#asked.set(binding, callers);
    const timer = transactions.clock.setTimer(limits.probeTimeout, () => {
      transaction.discard();
      over();
    });
    transaction.start();
  }
}

/** A phone that describes nothing stays unknown. */
function learn(binding: Binding, response: Response): void {
  if (response.status >= 300) return;
  if (response.has('accept')) learnAccepted(binding, response.values('accept'));
  const body = sessionBody(response); // throws a ProtocolError, which whoever received the response counts
  if (body !== undefined) binding.profile ??= profileOf(body.text);
}
