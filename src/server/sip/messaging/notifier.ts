// The notifier (RFC 6665 section 4.2) for the server's users: SUBSCRIBE to what is known of them, or of one's own contacts
// as a resource list (RFC 4662). Subscriptions are memory only: after a restart their refresh is 481, and phones subscribe anew.
import { encodeUtf8 } from '../../../protocol/byte-string.ts';
import { type Primitives, toHex } from '../../../protocol/primitives.ts';
import { Dialog } from '../../../protocol/sip/dialog.ts';
import { parseEvent } from '../../../protocol/sip/event.ts';
import type { Request } from '../../../protocol/sip/message.ts';
import { escapeUser } from '../../../protocol/sip/uri.ts';
import type { SipAccounts } from '../../accounts/sip-accounts.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import { type ExtraFields, makeResponse, statelessTag } from '../answer.ts';
import type { Forwarding } from '../forward.ts';
import type { Identities } from '../identity.ts';
import type { Inbound } from '../inbound.ts';
import type { SipLimits } from '../limits.ts';
import type { Location } from '../location.ts';
import { ownText } from '../own-text.ts';
import type { Logger } from '../ports.ts';
import { ServerTransaction, type TransactionLayer } from '../transactions.ts';
import { type ListedContact, listedContacts, listNotice } from './contact-list.ts';
import type { EventPackage, Notice } from './event-package.ts';
import { senderOf } from './sender.ts';
import { statusOf } from './stanza-status.ts';
import { Subscription, type SubscriptionParts } from './subscription.ts';
import { SubscriptionTable } from './subscription-table.ts';

export interface NotifierParts {
  domain: string;
  limits: SipLimits;
  primitives: Primitives;
  accounts: SipAccounts;
  watchers: Watchers;
  location: Location;
  identities: Identities;
  forwarding: Forwarding;
  transactions: TransactionLayer;
  packages: readonly EventPackage[];
  log: Logger;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The user part that stands for one's own contacts, unless an account has that name. */
const CONTACTS = 'contacts';

export class Notifier {
  readonly #parts: NotifierParts;
  readonly #packages: Map<string, EventPackage>;
  readonly #ofSubscription: SubscriptionParts;
  readonly #subscriptions = new SubscriptionTable();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#packages = new Map(parts.packages.map((item) => [item.name, item]));
    const { forwarding, transactions, now, log } = parts;
    this.#ofSubscription = {
      forwarding,
      transactions,
      now,
      compose: (subscription, version, changed) => this.#compose(subscription, version, changed),
      reach: ({ flow, binding }) =>
        flow.open ? flow : binding === undefined ? undefined : parts.location.find(binding, now())?.flow,
      onEnd: (subscription) => this.#subscriptions.remove(subscription),
      fault: (error) => log.error({ error: String(error) }, 'notification failed'),
    };
    parts.watchers.onChange((account, watcher, allowed) => this.#permission(account, watcher, allowed));
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** For Allow-Events. */
  get events(): string {
    return [...this.#packages.keys(), 'refer'].join(', ');
  }

  /** It is for one of the packages, or in a dialog with one of them. */
  knows(request: Request): boolean {
    const [event = ''] = (request.get('event') ?? '').split(';', 1);
    return this.#packages.has(event.trim().toLowerCase());
  }

  /** Something about an account has changed. */
  changed(event: string, account: string): void {
    for (const subscription of this.#subscriptions.about(event, account)) subscription.changed(account);
  }

  /** The server ends. Its subscribers are told to subscribe anew (RFC 6665 section 4.1.3). */
  close(): void {
    for (const subscription of this.#subscriptions.all()) subscription.end('deactivated');
  }

  /**
   * A SUBSCRIBE to somebody's state. `account`: whose, undefined for nobody's. Answers it. Throws ProtocolError 400 for what
   * cannot be read.
   */
  receive(inbound: Inbound, account: string | undefined) {
    const { request } = inbound;
    const header = request.get('event');
    const event = header === undefined ? undefined : parseEvent(header);
    const eventPackage = this.#packages.get(event?.package.toLowerCase() ?? '');
    const watcher = senderOf(inbound, this.#parts.identities, this.#parts.domain);
    const key = ownText(`${request.callId} ${request.from.tag} ${event?.package} ${event?.id ?? ''}`);
    const dialog = request.to.tag === undefined ? Dialog.fromRequest(request, statelessTag(request)) : undefined;
    const refused =
      eventPackage === undefined
        ? refusal(489, [['Allow-Events', this.events]])
        : this.#refusal(request, eventPackage.type);
    const respond = this.#accept(inbound);
    if (refused !== undefined) return respond(...refused);
    if (watcher === undefined) return respond(403);
    if (dialog === undefined) return this.#refresh(inbound, key, watcher, respond);
    const given = { key, watcher, account, dialog, eventPackage: eventPackage as EventPackage };
    this.#subscribe(inbound, given, respond).catch((error: unknown) => {
      const status = statusOf(error);
      if (status >= 500) this.#parts.log.error({ error: String(error), callId: request.callId }, 'SUBSCRIBE failed');
      respond(status);
    });
  }

  // --- SUBSCRIBE

  #accept(inbound: Inbound): Respond {
    const { request, replyFlow, flow, key } = inbound;
    const server = new ServerTransaction(this.#parts.transactions, key, request, replyFlow, flow.remote.address);
    server.start();
    return (status, fields) => server.respond(makeResponse(request, status, undefined, fields));
  }

  /** RFC 6665 section 4.2.1.1: what is wrong with it, whoever sends it. */
  #refusal(request: Request, type: string): Refusal | undefined {
    const { minSubscription } = this.#parts.limits;
    const { expires } = request;
    if (expires !== undefined && expires > 0 && expires < minSubscription)
      return refusal(423, [['Min-Expires', String(minSubscription)]]);
    const unknown = tags(request, 'require').filter((tag) => tag !== 'eventlist');
    if (unknown.length > 0) return refusal(420, [['Unsupported', unknown.join(', ')]]);
    return accepts(request, type) ? undefined : refusal(406, [['Accept', type]]);
  }

  /** What is granted: no longer than the credential that proved who asks. */
  #seconds({ request: { expires }, identity, now }: Inbound): number {
    const { defaultSubscription, maxSubscription } = this.#parts.limits;
    const left = identity?.expires === undefined ? maxSubscription : Math.ceil(identity.expires - now / 1000);
    return Math.max(0, Math.min(expires ?? defaultSubscription, maxSubscription, left));
  }

  #refresh(inbound: Inbound, key: string, watcher: string, respond: Respond) {
    const { request, flow } = inbound;
    const subscription = this.#subscriptions.get(key);
    if (subscription === undefined || subscription.watcher !== watcher) return respond(481);
    const { dialog } = subscription;
    if (dialog.localTag !== request.to.tag) return respond(481);
    if (!dialog.receive(request)) return respond(500);
    dialog.refreshTarget(request);
    subscription.flow = flow;
    const seconds = this.#seconds(inbound);
    respond(200, granted(subscription, seconds));
    subscription.refresh(seconds);
  }

  async #subscribe(
    inbound: Inbound,
    given: Pick<Subscription, 'key' | 'watcher' | 'dialog' | 'eventPackage'> & { account: string | undefined },
    respond: Respond,
  ): Promise<void> {
    const { accounts, location, forwarding, domain, watchers } = this.#parts;
    const { request, flow, identity } = inbound;
    const { account, watcher, eventPackage } = given;
    let state: 'active' | 'pending' = 'active';
    let listed: Map<string, ListedContact> | undefined;
    if (account === CONTACTS && !accounts.exists(CONTACTS)) {
      if (identity === undefined || eventPackage.audience !== 'watchers') return respond(403);
      if (!tags(request, 'supported').includes('eventlist')) return respond(421, [['Require', 'eventlist']]);
      listed = await listedContacts(watchers, identity.name, domain);
    } else {
      if (account === undefined || (!accounts.exists(account) && location.all(account).length === 0))
        return respond(404);
      const permission = await this.#permitted(account, watcher, eventPackage);
      if (permission === 'no') return respond(403);
      state = permission;
    }
    const crowded = this.#crowded(watcher);
    if (crowded !== undefined) return respond(...crowded);
    // The first answer was lost, and the phone has begun anew.
    this.#subscriptions.get(given.key)?.drop();
    const subscription = new Subscription(this.#ofSubscription, {
      ...given,
      account: listed === undefined ? account : (identity?.name ?? account),
      event: ownText(request.get('event') ?? ''),
      contact: `<${forwarding.uri(flow, escapeUser(encodeUtf8(account))).replace(/;lr$/, '')}>`,
      flow,
      binding: inbound.state.bindings.find(({ aor }) => aor === identity?.name)?.id,
      state,
      listed,
    });
    const seconds = this.#seconds(inbound);
    this.#subscriptions.add(subscription);
    respond(200, granted(subscription, seconds));
    subscription.refresh(seconds);
  }

  /** A subscription to somebody who has not been asked yet asks him (RFC 6121 section 3.1 in SIP's words). */
  async #permitted(account: string, watcher: string, { audience }: EventPackage): Promise<'active' | 'pending' | 'no'> {
    const { domain, watchers } = this.#parts;
    if (watcher === `${account}@${domain}`) return 'active';
    if (audience === 'owner' || (await watchers.isBlocked(account, watcher))) return 'no';
    let answer = await watchers.mayWatch(account, watcher);
    if (answer === 'no') {
      await watchers.ask(account, watcher);
      answer = await watchers.mayWatch(account, watcher);
    }
    return answer === 'yes' ? 'active' : 'pending';
  }

  #permission(account: string, watcher: string, allowed: boolean): void {
    for (const subscription of [...this.#subscriptions.of(watcher)]) {
      if (subscription.listed !== undefined) this.#relist(subscription).catch(this.#ofSubscription.fault);
      else if (subscription.account !== account || subscription.eventPackage.audience === 'owner') continue;
      else if (allowed) subscription.activate();
      else subscription.end('rejected');
    }
  }

  /** Whom that account has blocked has changed: those who are may watch no more. */
  blocksChanged(account: string): void {
    for (const event of this.#packages.keys())
      for (const subscription of [...this.#subscriptions.about(event, account)])
        (subscription.listed === undefined ? this.#recheck(subscription) : this.#relist(subscription)).catch(
          this.#ofSubscription.fault,
        );
  }

  async #recheck(subscription: Subscription): Promise<void> {
    const { account, watcher } = subscription;
    if (await this.#parts.watchers.isBlocked(account, watcher)) subscription.end('rejected');
  }

  /** Somebody has come into a list, or has left it. */
  async #relist(subscription: Subscription): Promise<void> {
    const { watchers, domain } = this.#parts;
    const listed = await listedContacts(watchers, subscription.account, domain);
    if (subscription.state === 'terminated') return;
    this.#subscriptions.relist(subscription, listed);
    subscription.changed(undefined);
  }

  #compose(
    { account, listed, eventPackage }: Subscription,
    version: number,
    changed: ReadonlySet<string> | undefined,
  ): Notice | Promise<Notice> {
    const { type } = eventPackage;
    if (listed !== undefined) {
      const { domain, primitives } = this.#parts;
      return listNotice(listed, eventPackage, { version, changed, domain, mark: toHex(primitives.random(12)) });
    }
    const body = eventPackage.document(account, version);
    return body instanceof Promise ? body.then((text) => ({ type, body: text })) : { type, body };
  }

  /** Whoever has as many as he may loses one that nobody hears any more, if there is such a one. */
  #crowded(watcher: string): Refusal | undefined {
    const { subscriptions, subscriptionsPerWatcher } = this.#parts.limits;
    const own = this.#subscriptions.of(watcher);
    if (own.size >= subscriptionsPerWatcher) {
      const dead = [...own].find((subscription) => this.#ofSubscription.reach(subscription) === undefined);
      if (dead === undefined) return refusal(403);
      dead.drop();
    }
    return this.#subscriptions.size >= subscriptions ? refusal(503, [['Retry-After', '60']]) : undefined;
  }
}

type Respond = (status: number, fields?: ExtraFields) => void;
type Refusal = [status: number, fields?: ExtraFields];

function refusal(status: number, fields?: ExtraFields): Refusal {
  return fields === undefined ? [status] : [status, fields];
}

function granted({ contact, listed }: Subscription, seconds: number): ExtraFields {
  const fields: Array<[string, string]> = [
    ['Expires', String(seconds)],
    ['Contact', contact],
  ];
  if (listed !== undefined) fields.push(['Require', 'eventlist']);
  return fields;
}

/** RFC 6665 section 3.1.3: no Accept is the package's own type. A list's documents are wrapped (RFC 4662 section 4.3). */
function accepts(request: Request, type: string): boolean {
  if (!request.has('accept')) return true;
  const [main] = type.split('/');
  return request.values('accept').some((value) => {
    const accepted = value.split(';', 1)[0]!.trim().toLowerCase();
    return accepted === type || accepted === '*/*' || accepted === `${main}/*`;
  });
}

function tags(request: Request, name: string): string[] {
  return request.has(name) ? request.values(name).map((tag) => tag.toLowerCase()) : [];
}
