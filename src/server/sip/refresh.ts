// The short way of a REGISTER that only refreshes what its connection has registered: most of what a server with many
// idle clients does. One that is the same text as the last, but for what differs in each, is not read again: whatever was
// found out about that text holds, and only what depends on the time and on other messages is looked at. Anything out of
// the ordinary, and so every refusal, goes the long way (edge.ts, registrar.ts).
import type { Response } from '../../protocol/sip/message.ts';
import type { Flow } from '../../transport/flow.ts';
import { type ExtraFields, tagFor } from './answer.ts';
import type { FlowState } from './flow-state.ts';
import { hasExpired } from './identity.ts';
import type { Inbound } from './inbound.ts';
import type { Binding } from './location.ts';
import { count, type SipCounters } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import type { Overload } from './overload.ts';
import type { Asking, Registrar } from './registrar.ts';
import { RepeatedRegister } from './repeated-register.ts';
import type { TransactionLayer } from './transactions.ts';

/** A binding and the REGISTER that refreshes it. */
export interface Refresh {
  readonly register: RepeatedRegister;
  readonly binding: Binding;
  /** Granted each time. */
  readonly seconds: number;
  readonly asking: Asking;
}

export interface RefreshParts {
  registrar: Registrar;
  transactions: TransactionLayer;
  overload: Overload;
  outbox: Outbox;
  counters: SipCounters;
  wallClock: () => number;
}

/** A client whose REGISTERs are never alike (they have a Date, say) is not learned again and again. */
const MOST_UNLIKE = 4;

export class Refreshes {
  readonly #parts: RefreshParts;

  constructor(parts: RefreshParts) {
    this.#parts = parts;
  }

  /** True: it was the expected refresh, and is answered. False: nothing has happened. */
  take(flow: Flow, state: FlowState, { register, binding, seconds, asking }: Refresh, text: string): boolean {
    const repetition = register.read(text);
    if (repetition === undefined) return false;
    const { registrar, transactions, overload, outbox, counters, wallClock } = this.#parts;
    const { branch, fromTag, sequence } = repetition;
    const { identity, bindings } = state;
    const now = wallClock();
    if (identity === undefined || identity.name !== binding.aor || hasExpired(identity, now)) return false;
    if (!bindings.includes(binding) || binding.expires <= now || sequence <= binding.cseq) return false;
    if (transactions.servers.has(`${branch} ${register.sentBy} REGISTER`)) return false;
    if (!overload.admits(state, transactions.clock.now())) return false;
    count(counters.requests, 'REGISTER');
    registrar.prolong(binding, sequence, now + seconds * 1000);
    let lines = '';
    for (const [name, value] of registrar.fields(asking, now)) lines += `${name}: ${value}\r\n`;
    outbox.sendText(flow, register.answer(repetition, tagFor(register.callId, fromTag, sequence, branch), lines));
    state.unlike = 0;
    return true;
  }

  /** A REGISTER over a connection has gone the long way, and this was the answer. */
  learn(inbound: Inbound, aor: string, response: Response, fields: ExtraFields | undefined): void {
    const { state, prolongs: binding, request, now } = inbound;
    const { refresh } = state;
    if (refresh !== undefined) {
      // Another line of the phone may have the place.
      if (refresh.binding.aor !== aor && state.bindings.includes(refresh.binding)) return;
      state.refresh = undefined;
    }
    if (binding === undefined || fields === undefined || state.identity?.name !== aor) return;
    // With credentials it is more than a refresh.
    if (request.has('authorization') || state.unlike >= MOST_UNLIKE) return;
    state.unlike += 1;
    let lines = '';
    for (const [name, value] of fields) lines += `${name}: ${value}\r\n`;
    const register = RepeatedRegister.of(request, response.serialize(), response.to.tag ?? '', lines);
    if (register === undefined) return;
    const { callId, path } = binding; // its own: slices of the request would keep all of it
    const asking = { ...this.#parts.registrar.asking(inbound, binding.aor), callId, path };
    state.refresh = { register, binding, seconds: (binding.expires - now) / 1000, asking };
  }
}
