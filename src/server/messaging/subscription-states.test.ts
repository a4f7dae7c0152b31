import { describe, expect, it } from 'vitest';
import type { RosterItem } from '../../storage/messaging.ts';
import {
  inbound,
  inState,
  outbound,
  type SubscriptionState,
  type SubscriptionVerb,
  stateOf,
} from './subscription-states.ts';

const STATES = Object.keys(outbound.subscribe) as SubscriptionState[];
const VERBS = Object.keys(outbound) as SubscriptionVerb[];
const blank: RosterItem = {
  ...{
    jid: 'bob@example.test',
    subscription: 'none',
    pendingOut: false,
    approved: false,
    groups: [],
    listed: true,
    version: 1,
  },
};

describe('subscription states (RFC 6121 appendix A)', () => {
  it('an item is written in a state, and read again', () => {
    for (const state of STATES) expect(stateOf(inState(blank, state, '<presence/>'))).toBe(state);
    expect(stateOf(undefined)).toBe('none');
  });

  it('two sides that begin with nothing always agree', () => {
    // Every exchange of two subscription stanzas each way, seen by both: what one has as "to" is "from" for the other.
    const walk = (alice: RosterItem, bob: RosterItem, depth: number): void => {
      const [one, other] = [stateOf(alice), stateOf(bob)];
      const to = (state: SubscriptionState) => state.startsWith('to') || state === 'both';
      const from = (state: SubscriptionState) => state.startsWith('from') || state === 'both';
      expect([to(one), from(one)], `${one} | ${other}`).toEqual([from(other), to(other)]);
      expect(one.includes('out'), `${one} | ${other}`).toBe(other.includes('in'));
      if (depth === 0) return;
      for (const verb of VERBS)
        for (const sender of ['alice', 'bob'] as const) {
          const [mine, theirs] = sender === 'alice' ? [alice, bob] : [bob, alice];
          const sent = outbound[verb][stateOf(mine)];
          const after = sent.next === undefined ? mine : inState(mine, sent.next, '<presence/>');
          let got = theirs;
          if (sent.pass) {
            const received = inbound[verb][stateOf(theirs)];
            if (received.next !== undefined) got = inState(theirs, received.next, '<presence/>');
          }
          if (sender === 'alice') walk(after, got, depth - 1);
          else walk(got, after, depth - 1);
        }
    };
    walk(blank, blank, 4);
  });

  it('takes a step only where the state says that something is there to be changed', () => {
    expect(outbound.subscribed.none).toEqual({ pass: false });
    expect(outbound.subscribed['none + in']).toEqual({ pass: true, next: 'from' });
    expect(inbound.subscribed.none).toEqual({ pass: false });
    expect(inbound.subscribed['from + out']).toEqual({ pass: true, next: 'both' });
    expect(inbound.unsubscribed.both).toEqual({ pass: true, next: 'from' });
  });
});
