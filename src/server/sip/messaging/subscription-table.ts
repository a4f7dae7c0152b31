import type { ListedContact } from './contact-list.ts';
import type { Subscription } from './subscription.ts';

const NONE: ReadonlySet<Subscription> = new Set();

/** The subscriptions that are up: by their dialog and event, by what they hear of, by who has made them. */
export class SubscriptionTable {
  readonly #byKey = new Map<string, Subscription>();
  /** By package and account. */
  readonly #about = new Map<string, Set<Subscription>>();
  readonly #byWatcher = new Map<string, Set<Subscription>>();

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Subscription | undefined {
    return this.#byKey.get(key);
  }

  all(): Subscription[] {
    return [...this.#byKey.values()];
  }

  /** Those that hear of that event of that account, of it alone or in a list. */
  about(event: string, account: string): ReadonlySet<Subscription> {
    return this.#about.get(`${event} ${account}`) ?? NONE;
  }

  of(watcher: string): ReadonlySet<Subscription> {
    return this.#byWatcher.get(watcher) ?? NONE;
  }

  add(subscription: Subscription): void {
    this.#byKey.set(subscription.key, subscription);
    insert(this.#byWatcher, subscription.watcher, subscription);
    for (const key of topics(subscription)) insert(this.#about, key, subscription);
  }

  remove(subscription: Subscription): void {
    if (this.#byKey.get(subscription.key) !== subscription) return;
    this.#byKey.delete(subscription.key);
    take(this.#byWatcher, subscription.watcher, subscription);
    for (const key of topics(subscription)) take(this.#about, key, subscription);
  }

  /** Its list has others in it now. */
  relist(subscription: Subscription, listed: ReadonlyMap<string, ListedContact>): void {
    for (const key of topics(subscription)) take(this.#about, key, subscription);
    subscription.listed = listed;
    for (const key of topics(subscription)) insert(this.#about, key, subscription);
  }
}

/** What it hears of: its package of an account, or of each in its list. */
function topics({ eventPackage: { name }, account, listed }: Subscription): string[] {
  return [...(listed?.keys() ?? [account])].map((each) => `${name} ${each}`);
}

function insert(index: Map<string, Set<Subscription>>, key: string, subscription: Subscription): void {
  const found = index.get(key);
  if (found === undefined) index.set(key, new Set([subscription]));
  else found.add(subscription);
}

function take(index: Map<string, Set<Subscription>>, key: string, subscription: Subscription): void {
  const found = index.get(key);
  if (found?.delete(subscription) && found.size === 0) index.delete(key);
}
