import { Element } from '../../protocol/xmpp/element.ts';
import { Jid } from '../../protocol/xmpp/jid.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import type { RosterItem } from '../../storage/messaging.ts';
import { type BlockLists, blocks } from './block-lists.ts';
import type { MessagingLimits } from './limits.ts';
import type { Roster, Rosters } from './rosters.ts';
import { inbound, inState, outbound, type SubscriptionVerb, stateOf } from './subscription-states.ts';
import type { Watchers } from './watchers.ts';

export interface SubscriptionsOptions {
  domain: string;
  rosters: Rosters;
  blockLists: BlockLists;
  accountExists: (name: string) => boolean;
  limits: MessagingLimits;
}

/** What follows from a change, for whoever speaks to clients. Called once it is durable. */
export interface SubscriptionListener {
  /** An item of that owner's roster as it is now; undefined: removed. */
  changed(owner: string, jid: string, item: RosterItem | undefined, version: number): void;
  /** A subscription stanza for that owner's clients. */
  deliver(owner: string, presence: Element): void;
}

/**
 * Who may see whom (RFC 6121 section 3), for both protocols: the two rosters of a subscription change together where both
 * accounts are here.
 */
export class Subscriptions implements Watchers {
  readonly #options: SubscriptionsOptions;
  readonly #listeners: SubscriptionListener[] = [];
  readonly #permissions: Array<(account: string, watcher: string, allowed: boolean) => void> = [];

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  listen(listener: SubscriptionListener): void {
    this.#listeners.push(listener);
  }

  onChange(listener: (account: string, watcher: string, allowed: boolean) => void): void {
    this.#permissions.push(listener);
  }

  /**
   * A subscription stanza from one bare address to another (section 3.1 to 3.4): `user` is an account here, or a
   * watcher of another protocol without one. Resolves when what it changed is durable.
   */
  async submit(verb: SubscriptionVerb, user: string, contact: string, stanza: Element): Promise<void> {
    if (user === contact) return; // one sees oneself anyhow (section 4.2.2)
    const [own, theirs] = await Promise.all([
      this.#rosterOf(user),
      this.#rosterOf(contact),
      this.#options.blockLists.of(contact), // at hand, below
    ]);
    if (verb === 'subscribe' && theirs !== undefined) this.#requireRoom(theirs, user);
    const steps = new Steps();
    const passes = own === undefined ? true : this.#sent(verb, own, contact, steps);
    if (passes && theirs !== undefined) this.#received(verb, theirs, user, stanza, steps, own);
    await steps.done();
  }

  /** Section 2.5: taking somebody out of the roster ends both directions. Resolves to false where he was not in it. */
  async remove(user: string, contact: string): Promise<boolean> {
    const [own, theirs] = await Promise.all([this.#rosterOf(user), this.#rosterOf(contact)]);
    const item = own?.get(contact);
    if (own === undefined || item === undefined || !item.listed) return false;
    const steps = new Steps();
    const state = stateOf(item);
    if (theirs !== undefined) {
      if (state.startsWith('to') || state === 'both' || item.pendingOut)
        this.#received('unsubscribe', theirs, user, stanzaOf('unsubscribe', user, contact), steps, own);
      if (state.startsWith('from') || state === 'both' || item.pendingIn !== undefined)
        this.#received('unsubscribed', theirs, user, stanzaOf('unsubscribed', user, contact), steps, own);
    }
    const seen = item.subscription === 'from' || item.subscription === 'both';
    const { version, durable } = this.#options.rosters.take(own, contact);
    steps.wait(durable);
    steps.next(() => this.#changed(user, contact, undefined, version));
    if (seen) this.#permits(user, contact, false, steps);
    await steps.done();
    return true;
  }

  async mayWatch(account: string, watcher: string): Promise<'yes' | 'pending' | 'no'> {
    const owner = this.#owner(account);
    if (owner === watcher) return 'yes';
    if (await this.isBlocked(account, watcher)) return 'no';
    const item = (await this.#rosterOf(owner))?.get(watcher);
    if (item === undefined) return 'no';
    if (item.subscription === 'from' || item.subscription === 'both') return 'yes';
    return item.pendingIn === undefined ? 'no' : 'pending';
  }

  async ask(account: string, watcher: string): Promise<void> {
    const owner = this.#owner(account);
    await this.submit('subscribe', watcher, owner, stanzaOf('subscribe', watcher, owner));
  }

  async isBlocked(account: string, address: string): Promise<boolean> {
    return blocks(await this.#options.blockLists.of(this.#owner(account)), split(address));
  }

  async contacts(account: string): Promise<RosterItem[]> {
    const roster = await this.#rosterOf(this.#owner(account));
    return roster === undefined ? [] : [...roster.items].filter(({ listed }) => listed);
  }

  /** Section A.2. True: it goes on to the contact. */
  #sent(verb: SubscriptionVerb, roster: Roster, contact: string, steps: Steps): boolean {
    const before = roster.get(contact);
    const { pass, next } = outbound[verb][stateOf(before)];
    const item = before ?? roster.blank(contact);
    let after = next === undefined ? item : inState(item, next);
    // Section 3.4: approved before they ask, and taken back.
    if (verb === 'subscribed' && !pass && !sees(item)) after = { ...after, approved: true };
    if (verb === 'unsubscribed' && item.approved) after = { ...after, approved: false };
    // Whoever asks to see somebody, or lets himself be seen, has him in his roster from then on.
    const listed = item.listed || verb === 'subscribe' || (verb === 'subscribed' && (pass || after.approved));
    if (after !== item || listed !== item.listed) {
      if (before === undefined && roster.size >= this.#options.limits.rosterItems)
        throw new StanzaError('resource-constraint', 'the roster is full');
      this.#put(roster, { ...after, listed }, steps);
    }
    if (sees(item) !== sees(after)) this.#permits(roster.owner, contact, sees(after), steps);
    return pass;
  }

  /** Section A.3. */
  #received(verb: SubscriptionVerb, roster: Roster, user: string, stanza: Element, steps: Steps, from?: Roster): void {
    const { blockLists } = this.#options;
    if (verb === 'subscribe' && blocks(blockLists.peek(roster.owner), split(user))) return;
    const before = roster.get(user);
    const item = before ?? roster.blank(user);
    // Section 3.4.2, and 3.1.3 for whoever may see already: answered for the user.
    if (verb === 'subscribe' && (item.approved || sees(item))) {
      if (!sees(item)) {
        this.#put(
          roster,
          { ...item, approved: false, subscription: item.subscription === 'to' ? 'both' : 'from' },
          steps,
        );
      }
      if (from !== undefined)
        this.#received('subscribed', from, roster.owner, stanzaOf('subscribed', roster.owner, user), steps);
      this.#permits(roster.owner, user, true, steps);
      return;
    }
    const { pass, next } = inbound[verb][stateOf(before)];
    if (!pass) return;
    if (next !== undefined) {
      const after = inState(item, next, stanza.serialize());
      if (after.listed || after.pendingIn !== undefined || after.approved) this.#put(roster, after, steps);
      else if (before !== undefined) steps.wait(this.#options.rosters.take(roster, user).durable);
      if (sees(item) !== sees(after)) this.#permits(roster.owner, user, sees(after), steps);
    }
    steps.next(() => {
      for (const listener of this.#listeners) listener.deliver(roster.owner, stanza);
    });
  }

  #put(roster: Roster, next: RosterItem, steps: Steps): void {
    const { item, durable } = this.#options.rosters.put(roster, next);
    steps.wait(durable);
    if (item.listed) steps.next(() => this.#changed(roster.owner, item.jid, item, item.version));
  }

  /** For a request to wait in; before anything is changed. Whoever is blocked does not learn of it. */
  #requireRoom(roster: Roster, user: string): void {
    const { blockLists, limits } = this.#options;
    if (roster.get(user) !== undefined || blocks(blockLists.peek(roster.owner), split(user))) return;
    if (this.#pending(roster) >= limits.pendingRequests)
      throw new StanzaError('resource-constraint', 'too many wait for an answer there');
  }

  #pending(roster: Roster): number {
    let pending = 0;
    for (const item of roster.items) if (item.pendingIn !== undefined && !item.listed) pending += 1;
    return pending;
  }

  #changed(owner: string, jid: string, item: RosterItem | undefined, version: number): void {
    for (const listener of this.#listeners) listener.changed(owner, jid, item, version);
  }

  /** Presence follows the word that it may be seen, and its end comes before the word that it no longer may (section 3.2.1). */
  #permits(owner: string, watcher: string, allowed: boolean, steps: Steps): void {
    const account = split(owner).local as string;
    const tell = () => {
      for (const listener of this.#permissions) listener(account, watcher, allowed);
    };
    if (allowed) steps.last(tell);
    else steps.first(tell);
  }

  /** undefined: not an account here. */
  #rosterOf(bare: string): Roster | Promise<Roster> | undefined {
    const { local, domain } = split(bare);
    if (local === undefined || domain !== this.#options.domain || !this.#options.accountExists(local)) return undefined;
    return this.#options.rosters.of(bare);
  }

  #owner(account: string): string {
    return `${account}@${this.#options.domain}`;
  }
}

/** The writes of one change, which begin at once, and what follows when all are durable. */
class Steps {
  readonly #writes: Array<Promise<void>> = [];
  readonly #effects: Array<Array<() => void>> = [[], [], []];

  wait(write: Promise<void>): void {
    this.#writes.push(write);
  }

  first(effect: () => void): void {
    this.#effects[0]?.push(effect);
  }

  next(effect: () => void): void {
    this.#effects[1]?.push(effect);
  }

  last(effect: () => void): void {
    this.#effects[2]?.push(effect);
  }

  async done(): Promise<void> {
    await Promise.all(this.#writes);
    for (const effect of this.#effects.flat()) effect();
  }
}

function sees({ subscription }: RosterItem): boolean {
  return subscription === 'from' || subscription === 'both';
}

function stanzaOf(type: SubscriptionVerb, from: string, to: string): Element {
  return new Element('presence', NS.CLIENT, { from, to, type });
}

/** An address that is prepared already. */
function split(address: string): Jid {
  const slash = address.indexOf('/');
  const bare = slash < 0 ? address : address.slice(0, slash);
  const at = bare.indexOf('@');
  return new Jid(
    at < 0 ? undefined : bare.slice(0, at),
    bare.slice(at + 1),
    slash < 0 ? undefined : address.slice(slash + 1),
  );
}
