// What the calls that pass this server say of its users: the states of their dialogs (RFC 4235 section 3.7.1), and that they
// are on the phone.
import { xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { Presences } from '../../messaging/presences.ts';
import type { Call } from '../calls.ts';
import type { DialogState } from './documents/dialog-info.ts';

/** Calls of one account that are told at most. */
const MOST = 20;
/** The resource part under which XMPP contacts see that somebody is on the phone. */
const RESOURCE = 'sip-call';

export class CallStates {
  readonly #domain: string;
  readonly #presences: Presences;
  readonly #calls = new Map<string, Set<Call>>();
  readonly #onChange: (account: string) => void;

  /** `onChange`: an account's calls have changed. */
  constructor(domain: string, presences: Presences, onChange: (account: string) => void) {
    this.#domain = domain;
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
    const busy = [...(calls ?? [])].some((other) => other.answered !== undefined || other.caller === account);
    if (this.#presences.isBusy(account) !== busy) {
      this.#presences.setBusy(account, busy);
      this.#show(account, busy);
    }
    this.#onChange(account);
  }

  /** The highest priority, so that clients which show one resource show this one. */
  #show(account: string, busy: boolean) {
    if (!busy) return this.#presences.remove(account, RESOURCE);
    const presence = xml(
      'presence',
      NS.CLIENT,
      { from: `${account}@${this.#domain}/${RESOURCE}` },
      xml('show', NS.CLIENT, {}, 'dnd'),
      xml('status', NS.CLIENT, {}, 'On the phone'),
      xml('priority', NS.CLIENT, {}, '127'),
    );
    this.#presences.set({ account, resource: RESOURCE, presence, source: 'sip' });
  }
}
