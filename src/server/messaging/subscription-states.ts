// RFC 6121 appendix A: what each of the four kinds of subscription stanza does to the state of one side, and whether it goes on.
import type { RosterItem } from '../../storage/messaging.ts';

export type SubscriptionVerb = 'subscribe' | 'unsubscribe' | 'subscribed' | 'unsubscribed';

/** Section A.1: the nine states, as the user's server sees a contact. `+ out`: we asked, `+ in`: they asked. */
export type SubscriptionState =
  | 'none'
  | 'none + out'
  | 'none + in'
  | 'none + out + in'
  | 'to'
  | 'to + in'
  | 'from'
  | 'from + out'
  | 'both';

/** `pass`: routed to the contact (outbound), delivered to the user's clients (inbound). The state stays where none is given. */
interface Transition {
  pass: boolean;
  next?: SubscriptionState;
}

type Table = Record<SubscriptionVerb, Record<SubscriptionState, Transition>>;

const pass = (next?: SubscriptionState): Transition => (next === undefined ? { pass: true } : { pass: true, next });
const hold: Transition = { pass: false };

/** Section A.2: the user has sent it. */
export const outbound: Table = {
  subscribe: {
    none: pass('none + out'),
    'none + out': pass(),
    'none + in': pass('none + out + in'),
    'none + out + in': pass(),
    to: pass(),
    'to + in': pass(),
    from: pass('from + out'),
    'from + out': pass(),
    both: pass(),
  },
  unsubscribe: {
    none: pass(),
    'none + out': pass('none'),
    'none + in': pass(),
    'none + out + in': pass('none + in'),
    to: pass('none'),
    'to + in': pass('none + in'),
    from: pass(),
    'from + out': pass('from'),
    both: pass('from'),
  },
  // Where it is held, nobody has asked: it is a pre-approval (section 3.4).
  subscribed: {
    none: hold,
    'none + out': hold,
    'none + in': pass('from'),
    'none + out + in': pass('from + out'),
    to: hold,
    'to + in': pass('both'),
    from: hold,
    'from + out': hold,
    both: hold,
  },
  // Where it is held, it can only take a pre-approval back.
  unsubscribed: {
    none: hold,
    'none + out': hold,
    'none + in': pass('none'),
    'none + out + in': pass('none + out'),
    to: hold,
    'to + in': pass('to'),
    from: pass('none'),
    'from + out': pass('none + out'),
    both: pass('to'),
  },
};

/** Section A.3: the contact has sent it. */
export const inbound: Table = {
  // Where it is held with `from` or `both`, it is answered `subscribed` for the user.
  subscribe: {
    none: pass('none + in'),
    'none + out': pass('none + out + in'),
    'none + in': hold,
    'none + out + in': hold,
    to: pass('to + in'),
    'to + in': hold,
    from: hold,
    'from + out': hold,
    both: hold,
  },
  unsubscribe: {
    none: hold,
    'none + out': hold,
    'none + in': pass('none'),
    'none + out + in': pass('none + out'),
    to: hold,
    'to + in': pass('to'),
    from: pass('none'),
    'from + out': pass('none + out'),
    both: pass('to'),
  },
  subscribed: {
    none: hold,
    'none + out': pass('to'),
    'none + in': hold,
    'none + out + in': pass('to + in'),
    to: hold,
    'to + in': hold,
    from: hold,
    'from + out': pass('both'),
    both: hold,
  },
  unsubscribed: {
    none: hold,
    'none + out': pass('none'),
    'none + in': hold,
    'none + out + in': pass('none + in'),
    to: pass('none'),
    'to + in': pass('none + in'),
    from: hold,
    'from + out': pass('from'),
    both: pass('from'),
  },
};

export function stateOf(item: RosterItem | undefined): SubscriptionState {
  if (item === undefined) return 'none';
  const { subscription } = item;
  if (subscription === 'both') return 'both';
  const out = item.pendingOut && subscription !== 'to' ? ' + out' : '';
  const in_ = item.pendingIn !== undefined && subscription !== 'from' ? ' + in' : '';
  return `${subscription}${out}${in_}` as SubscriptionState;
}

/** The item in that state; `request`: the stanza to keep while they wait for an answer. */
export function inState(item: RosterItem, state: SubscriptionState, request?: string): RosterItem {
  return {
    ...item,
    subscription: state.split(' ', 1)[0] as RosterItem['subscription'],
    pendingOut: state.includes('+ out'),
    pendingIn: state.includes('+ in') ? (request ?? item.pendingIn) : undefined,
  };
}
