// What the calls that pass this server say of its users: the states of their dialogs (RFC 4235 section 3.7.1), and that they
// are on the phone.
import type { Presences } from '../../messaging/presences.ts';
import type { Call } from '../calls.ts';
import type { DialogState } from './documents/dialog-info.ts';

/** Calls of one account that are told at most. */
const MOST = 20;

export class CallStates {
  readonly #presences: Presences;
  readonly #calls = new Map<string, Set<Call>>();
  readonly #onChange: (account: string) => void;

  /** `onChange`: an account's calls have changed. */
  constructor(presences: Presences, onChange: (account: string) => void) {
    this.#presences = presences;
    this.#onChange = onChange;
  }

  /** A call has begun, rings, was answered or is over. */
  changed(call: Call): void {
    const { caller, callee } = call;
    if (caller !== undefined) this.#update(caller, call);
    if (callee !== undefined && callee !== caller) this.#update(callee, call);
  }

  /** Dialogs of the account, the oldest first. */
  of(account: string): DialogState[] {
    return [...(this.#calls.get(account) ?? [])].slice(0, MOST).map((call) => ({
      id: call.id,
      direction: call.caller === account ? 'initiator' : 'recipient',
      state: call.answered !== undefined ? 'confirmed' : call.ringing ? 'early' : 'trying',
    }));
  }

  #update(account: string, call: Call): void {
    let calls = this.#calls.get(account);
    if (call.over) {
      if (calls === undefined || !calls.delete(call)) return;
      if (calls.size === 0) this.#calls.delete(account);
    } else if (calls === undefined) {
      calls = new Set([call]);
      this.#calls.set(account, calls);
    } else calls.add(call);
    // Whom somebody only calls is not on the phone yet.
    let busy = 0;
    for (const other of calls ?? []) if (other.answered !== undefined || other.caller === account) busy += 1;
    this.#presences.setCalls(account, busy);
    this.#onChange(account);
  }
}
