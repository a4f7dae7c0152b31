// One subscription, the notifier's side (RFC 6665 section 4.2): its dialog, its state, and NOTIFY after NOTIFY.
import type { ByteString } from '../../../protocol/byte-string.ts';
import type { Dialog } from '../../../protocol/sip/dialog.ts';
import type { Response } from '../../../protocol/sip/message.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { Flow } from '../../../transport/flow.ts';
import type { Forwarding } from '../forward.ts';
import { ClientTransaction, type ClientUser, type TransactionLayer } from '../transactions.ts';
import type { ListedContact } from './contact-list.ts';
import type { EventPackage, Notice } from './event-package.ts';

/** Between two notifications of a subscription, in milliseconds: what changes meanwhile is told together. */
const INTERVAL = 1_000;
/** For a subscriber who is busy, likewise. */
const LONGEST_WAIT = 3_600_000;

/** RFC 6665 section 4.1.3: why a subscription is over. */
export type EndReason = 'timeout' | 'rejected' | 'noresource' | 'deactivated' | 'giveup';

export interface SubscriptionParts {
  forwarding: Forwarding;
  transactions: TransactionLayer;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Its state, whole or of these accounts only; `version` counts from 0. */
  compose: (
    subscription: Subscription,
    version: number,
    changed: ReadonlySet<string> | undefined,
  ) => Notice | Promise<Notice>;
  /** The flow by which its subscriber is reached now; undefined: none. */
  reach: (subscription: Subscription) => Flow | undefined;
  /** It is over, and to be forgotten. */
  onEnd: (subscription: Subscription) => void;
  fault: (error: unknown) => void;
}

/**
 * Laws: the newest state is what is sent, never each state on the way; one NOTIFY at a time is without its answer; none is
 * sent within a second of the one before, but for those that say that the subscription itself has changed; none after
 * the one that says `terminated`.
 */
export class Subscription implements ClientUser {
  readonly key: string;
  /** Bare address. */
  readonly watcher: string;
  /** Canonical name; of a list: its owner's. */
  readonly account: string;
  readonly eventPackage: EventPackage;
  readonly dialog: Dialog;
  /** Event as the subscriber wrote it. */
  readonly event: ByteString;
  readonly contact: ByteString;
  /** Accounts that the list names; undefined: it is of one account. */
  listed: ReadonlyMap<string, ListedContact> | undefined;
  /** The flow by which it was made or refreshed, and the binding of that flow. */
  flow: Flow;
  readonly binding: string | undefined;
  state: 'pending' | 'active' | 'terminated';
  readonly #parts: SubscriptionParts;
  #expires = 0;
  #expiry: Timer | undefined;
  #throttle: Timer | undefined;
  #underWay = false;
  #version = 0;
  #last = Number.NEGATIVE_INFINITY;
  /** What is to be told: everything, or of these accounts. */
  #all = false;
  readonly #changed = new Set<string>();

  constructor(
    parts: SubscriptionParts,
    given: Pick<
      Subscription,
      'key' | 'watcher' | 'account' | 'eventPackage' | 'dialog' | 'event' | 'contact' | 'flow' | 'binding'
    > & {
      state: 'pending' | 'active';
      listed?: ReadonlyMap<string, ListedContact> | undefined;
    },
  ) {
    this.#parts = parts;
    this.key = given.key;
    this.watcher = given.watcher;
    this.account = given.account;
    this.eventPackage = given.eventPackage;
    this.dialog = given.dialog;
    this.event = given.event;
    this.contact = given.contact;
    this.listed = given.listed;
    this.flow = given.flow;
    this.binding = given.binding;
    this.state = given.state;
  }

  /** Lasts for so many seconds from now, and says at once how things are. 0: says it and is over. */
  refresh(seconds: number) {
    this.#expiry?.close();
    if (seconds === 0) return this.end('timeout');
    this.#expires = this.#parts.now() + seconds * 1000;
    this.#expiry = this.#parts.transactions.clock.setTimer(seconds * 1000, () => this.end('timeout'));
    this.#all = true;
    this.#sendNow();
  }

  /** The owner has said yes. */
  activate(): void {
    if (this.state !== 'pending') return;
    this.state = 'active';
    this.#all = true;
    this.#sendNow();
  }

  /** What it is about has changed; of a list: that account's part, or (undefined) who is in it. */
  changed(account: string | undefined): void {
    if (this.state !== 'active') return;
    if (account === undefined || this.listed === undefined) this.#all = true;
    else this.#changed.add(account);
    this.#schedule();
  }

  /** It is over, and its subscriber is told so. */
  end(reason: EndReason) {
    if (this.state === 'terminated') return;
    const active = this.state === 'active';
    this.drop();
    if (!active || reason !== 'timeout') return this.#transmit(undefined, reason);
    this.#compose(undefined, (notice) => this.#transmit(notice, reason));
  }

  /** It is over, and nobody is told. */
  drop(): void {
    if (this.state === 'terminated') return;
    this.state = 'terminated';
    this.#expiry?.close();
    this.#throttle?.close();
    this.#parts.onEnd(this);
  }

  // --- NOTIFY

  #schedule() {
    if (this.#underWay || this.#throttle !== undefined) return;
    const { clock } = this.#parts.transactions;
    const wait = this.#last + INTERVAL - clock.now();
    if (wait <= 0) return this.#send();
    this.#throttle = clock.setTimer(wait, () => {
      this.#throttle = undefined;
      this.#send();
    });
  }

  #sendNow(): void {
    this.#throttle?.close();
    this.#throttle = undefined;
    if (!this.#underWay) this.#send();
  }

  #send() {
    if (this.state === 'terminated') return;
    const changed = this.#all ? undefined : new Set(this.#changed);
    this.#all = false;
    this.#changed.clear();
    this.#underWay = true;
    // RFC 3856 section 6.6: who has not been allowed to see anything sees nothing.
    if (this.state === 'pending') return this.#transmit(undefined);
    this.#compose(changed, (notice) => {
      if (this.state === 'terminated') return;
      for (const account of notice.left ?? []) this.#changed.add(account);
      this.#transmit(notice);
    });
  }

  #compose(changed: ReadonlySet<string> | undefined, then: (notice: Notice) => void) {
    const notice = this.#parts.compose(this, this.#version, changed);
    this.#version += 1;
    if (!(notice instanceof Promise)) return then(notice);
    notice.then(then).catch((error: unknown) => {
      this.#parts.fault(error);
      this.drop();
    });
  }

  #transmit(notice: Notice | undefined, reason?: EndReason) {
    const { forwarding, transactions, now, reach } = this.#parts;
    const flow = reach(this);
    if (flow === undefined) return this.drop();
    const state =
      reason === undefined
        ? `${this.state};expires=${Math.max(0, Math.ceil((this.#expires - now()) / 1000))}`
        : `terminated;reason=${reason}`;
    const fields: Array<[string, ByteString]> = [
      ['Contact', this.contact],
      ['Event', this.event],
      ['Subscription-State', state],
    ];
    if (this.listed !== undefined) fields.push(['Require', 'eventlist']);
    if (notice !== undefined) fields.push(['Content-Type', notice.type]);
    const request = this.dialog.createRequest('NOTIFY', {
      via: forwarding.via(flow, this.dialog.localTag),
      fields,
      body: notice?.body ?? '',
    });
    this.#last = transactions.clock.now();
    new ClientTransaction(transactions, request, flow, this).start();
  }

  onResponse(response: Response) {
    const { status } = response;
    if (status < 200) return;
    this.#underWay = false;
    if (status >= 300) return this.#refused(status, response.get('retry-after') ?? '');
    if (this.#all || this.#changed.size > 0) this.#schedule();
  }

  /** RFC 6665 section 4.2.2: whoever refuses a NOTIFY wants no more of them; who is only busy says until when. */
  #refused(status: number, retryAfter: string) {
    const [seconds] = /^\d{1,9}/.exec(retryAfter) ?? [];
    if (seconds === undefined || status < 500 || status >= 600 || this.state === 'terminated') return this.drop();
    this.#all = true;
    this.#throttle?.close();
    const wait = Math.min(Math.max(Number(seconds) * 1000, INTERVAL), LONGEST_WAIT);
    this.#throttle = this.#parts.transactions.clock.setTimer(wait, () => this.#sendNow());
  }

  onTimeout(): void {
    this.drop();
  }

  onTransportError(): void {
    this.drop();
  }
}
