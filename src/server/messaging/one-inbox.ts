import type { Element } from '../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import type { ArchiveIds } from '../../storage/archive-id.ts';
import type { ArchivedMessage, MessagingStore } from '../../storage/messaging.ts';
import type { Clock } from '../../transport/clock.ts';
import type { LocalDomain } from '../xmpp/host.ts';
import type { XmppSession } from '../xmpp/session.ts';
import type { Sessions } from '../xmpp/sessions.ts';
import type { ArchiveWishes } from './archive-preferences.ts';
import { BLOCKED, type BlockLists, blocks } from './block-lists.ts';
import { insideCarbon } from './carbon-copy.ts';
import { Delivery } from './delivery.ts';
import type { Inbox, MessageDevices, MessageOrigin } from './inbox.ts';
import { Lanes } from './lanes.ts';
import type { MessagingLimits } from './limits.ts';
import { Parties, type Party, wantsArchived } from './parties.ts';
import { buryRetracted, retractedId } from './retraction.ts';
import type { Rosters } from './rosters.ts';
import { stanzaIdBy, withoutForgeries, withStanzaId } from './stanza-id.ts';
import { storeFailure } from './store-failure.ts';
import { type Treatment, treatmentOf } from './treatment.ts';
import { delayed, WaitingRoom } from './waiting-room.ts';

export type MessageOutcome = 'delivered' | 'stored' | 'dropped';

export interface OneInboxOptions {
  domain: string;
  accountExists: (name: string) => boolean;
  sessions: Sessions;
  /** Ours beside that one: rooms. */
  domains: ReadonlyMap<string, LocalDomain>;
  store: Pick<MessagingStore, 'archive' | 'offline'>;
  blockLists: BlockLists;
  wishes: ArchiveWishes;
  rosters: Rosters;
  ids: ArchiveIds;
  limits: MessagingLimits;
  clock: Clock;
  /** Unix time in milliseconds. */
  wallClock: () => number;
  /** What could not be stored though nobody waits to be told. */
  onFault: (error: unknown) => void;
}

/** A message that has been judged: what is written of it, and what happens once that is durable. */
interface Judged {
  message: Element;
  from: Jid;
  to: Jid;
  treatment: Treatment;
  sender: Party | undefined;
  recipient: Party | undefined;
  origin: MessageOrigin;
  senderId: string | undefined;
  recipientId: string | undefined;
  /** Nobody was there: it was written to wait, with the archive. */
  waits: boolean;
}

/**
 * The inbox. A message is judged in the turn of the event loop in which it came: who has blocked whom, what is archived for
 * whom, whether it has to wait. The writes begin at once, many messages to one commit; when they are durable it is given
 * to the devices, in the order in which its sender wrote (lanes.ts).
 */
export class OneInbox implements Inbox {
  readonly lanes = new Lanes();
  readonly counters = { submitted: 0, archived: 0, kept: 0, failedWrites: 0 };
  readonly #options: OneInboxOptions;
  readonly #parties: Parties;
  readonly #delivery: Delivery;
  readonly #waitingRoom: WaitingRoom;
  readonly #readUpTo = new WeakMap<XmppSession, string>();

  constructor(options: OneInboxOptions) {
    this.#options = options;
    this.#parties = new Parties(options);
    this.#delivery = new Delivery(options.sessions);
    this.#waitingRoom = new WaitingRoom(options);
  }

  addDevices(devices: MessageDevices): void {
    this.#delivery.addDevices(devices);
  }

  async submit(message: Element, origin: MessageOrigin): Promise<MessageOutcome> {
    const from = parseJid(message.attributes['from'] ?? '');
    const to = parseJid(message.attributes['to'] ?? '');
    if (from === undefined || to === undefined) throw new StanzaError('jid-malformed');
    return this.accept(message, from, to, origin);
  }

  /**
   * As `submit`, with the addresses read already. A promise only where something has to be waited for. Throws, or rejects
   * with, a StanzaError.
   */
  accept(message: Element, from: Jid, to: Jid, origin: MessageOrigin): MessageOutcome | Promise<MessageOutcome> {
    this.counters.submitted += 1;
    const sender = origin.protocol === 'internal' ? undefined : this.#parties.of(from);
    const recipient = this.#parties.of(to);
    if (sender instanceof Promise || recipient instanceof Promise)
      return this.#acceptLater(message, from, to, origin, sender, recipient);
    return this.#take(this.#judge(message, from, to, origin, sender, recipient));
  }

  /** A SIP phone of the account is there: it gets what waits. */
  arrived(account: string, devices: MessageDevices): void {
    // What has no words (a receipt) is nothing to a phone, and what comes behind it must not wait for ever: the archive has it.
    const isWordless = (message: Element) => message.child('body') === undefined;
    this.#waitingRoom.empty(
      account,
      async (message) => (await devices.deliver(account, message)) > 0 || isWordless(message),
    );
  }

  /** More waits for an account, or less (RFC 3842). */
  onWaiting(listener: (account: string) => void): void {
    this.#waitingRoom.onChange((owner) => listener(owner.slice(0, owner.indexOf('@'))));
  }

  /** That session has read its archive up to there, and is not given the same again when it is available. */
  hasRead(session: XmppSession, id: string): void {
    const before = this.#readUpTo.get(session);
    if (before === undefined || before < id) this.#readUpTo.set(session, id);
  }

  /** A session that takes messages is there: it gets what waits (XEP-0160). */
  available(session: XmppSession): void {
    const owner = session.jid.bare;
    const readUpTo = this.#readUpTo.get(session) ?? '';
    this.#waitingRoom.empty(session.account, async (message) => {
      if (session.backlog > MOST_UNACKNOWLEDGED) await this.#caughtUp(session);
      if (!session.open || session.backlog > MOST_UNACKNOWLEDGED) return false;
      const id = stanzaIdBy(message, owner);
      if (id === undefined || id > readUpTo) session.send(message);
      return true;
    });
  }

  /** It has acknowledged what it was sent, has ended, or does neither for a while. */
  async #caughtUp(session: XmppSession): Promise<void> {
    for (let patience = PATIENCE; patience > 0 && session.open && session.backlog > 0; patience -= LOOK_AGAIN)
      await new Promise<void>((resolve) => this.#options.clock.setTimer(LOOK_AGAIN, resolve));
  }

  /** What a session that died was sent and has not acknowledged (XEP-0198 section 4): to other devices, or kept. */
  undelivered(session: XmppSession, message: Element): void {
    if (!this.#delivery.isLost(message)) return;
    const carbon = insideCarbon(message);
    if (carbon?.direction === 'sent') return;
    const inside = carbon?.message ?? message;
    if (!treatmentOf(inside).offline) return;
    const { domain, wallClock, accountExists, onFault } = this.#options;
    const { account } = session;
    const owner = session.jid.bare;
    const late = delayed(inside, domain, wallClock());
    const sessions = this.#delivery.takers(account).filter((other) => other !== session);
    if (sessions.length > 0)
      this.#delivery.send(late, { account, owner, sessions }, { carbons: false, except: session, kept: false });
    else if (accountExists(account))
      this.#delivery
        .callPhones(account, late)
        .then((taken) =>
          taken > 0 ? undefined : this.#waitingRoom.add(owner, stanzaIdBy(inside, owner) ?? this.#nextId(), inside),
        )
        .catch(onFault);
  }

  async #acceptLater(
    message: Element,
    from: Jid,
    to: Jid,
    origin: MessageOrigin,
    sender: Party | undefined | Promise<Party>,
    recipient: Party | undefined | Promise<Party>,
  ): Promise<MessageOutcome> {
    // Its place in the lane is taken now; that of its rows in the archives is when both sides are known.
    const judged = Promise.all([sender, recipient]).then(
      ([one, other]) => this.#judge(message, from, to, origin, one, other),
      (error) => {
        throw storeFailure(error);
      },
    );
    return this.#pass(
      from.full,
      judged.then(async (ready) => {
        await this.#write(ready);
        return ready;
      }),
    );
  }

  #take(judged: Judged): MessageOutcome | Promise<MessageOutcome> {
    const written = this.#write(judged);
    if (written === undefined && !this.lanes.busy(judged.from.full)) return this.#release(judged);
    return this.#pass(judged.from.full, written === undefined ? Promise.resolve(judged) : written.then(() => judged));
  }

  #pass(sender: string, ready: Promise<Judged>): Promise<MessageOutcome> {
    return new Promise((resolve, reject) => {
      this.lanes.pass(sender, ready, (judged) => resolve(this.#release(judged as Judged)), reject).catch(reject); // what release has thrown
    });
  }

  #judge(
    original: Element,
    from: Jid,
    to: Jid,
    origin: MessageOrigin,
    sender: Party | undefined,
    recipient: Party | undefined,
  ): Judged {
    // 1. XEP-0191 section 2.4.
    const toOneself = sender !== undefined && sender.owner === recipient?.owner;
    if (sender !== undefined && !toOneself && blocks(sender.blocked, to))
      throw new StanzaError('not-acceptable', '', { type: 'cancel', application: BLOCKED });
    if (recipient !== undefined && !toOneself && blocks(recipient.blocked, from))
      throw new StanzaError('service-unavailable');
    // 2. What only we write is ours: ids of archives, and since when we have had it.
    const message = origin.protocol === 'internal' ? original : withoutForgeries(original, this.#options.domain);
    const treatment = treatmentOf(message);
    // 3. RFC 6121 section 8.5: what cannot be delivered at all.
    if (recipient === undefined && !this.#options.domains.has(to.domain))
      throw new StanzaError(to.domain === this.#options.domain ? 'service-unavailable' : 'remote-server-not-found');
    if (recipient?.account === false && this.#delivery.isAway(recipient.name))
      throw new StanzaError('service-unavailable');
    if (treatment.type === 'groupchat' && recipient !== undefined && this.#options.sessions.get(to.full) === undefined)
      throw new StanzaError('service-unavailable');
    const reachable =
      recipient === undefined ||
      this.#delivery.addressees(recipient.name, to, treatment).length > 0 ||
      (isForPhones(treatment) && this.#delivery.hasPhone(recipient.name));
    const waits = !reachable && treatment.offline && recipient?.account === true;
    const archive = (party: Party | undefined, peer: Jid) =>
      treatment.archive && party !== undefined && wantsArchived(party, peer);
    const recipientId = archive(recipient, from) ? this.#nextId() : undefined;
    if (!reachable && !waits && recipientId === undefined && treatment.content)
      throw new StanzaError('service-unavailable');
    const senderId = !toOneself && archive(sender, to) ? this.#nextId() : undefined;
    return { message, from, to, treatment, sender, recipient, origin, senderId, recipientId, waits };
  }

  /** One row in each archive, and the one that waits, in one commit; undefined: there is nothing to write. */
  #write({ message, from, to, sender, recipient, senderId, recipientId, waits }: Judged): Promise<void> | undefined {
    if (senderId === undefined && recipientId === undefined && !waits) return undefined;
    const time = this.#options.wallClock();
    const stanza = message.serialize();
    const rows: ArchivedMessage[] = [];
    if (senderId !== undefined && sender !== undefined)
      rows.push({ owner: sender.owner, id: senderId, peer: to.bare, time, stanza });
    if (recipientId !== undefined && recipient !== undefined)
      rows.push({ owner: recipient.owner, id: recipientId, peer: from.bare, time, stanza });
    const archived = rows.length > 0 ? this.#options.store.archive.add(rows) : undefined;
    this.counters.archived += rows.length;
    if (waits) this.counters.kept += 1;
    const fail = (error: unknown) => {
      this.counters.failedWrites += 1;
      throw storeFailure(error);
    };
    if (!waits || recipient === undefined) return archived?.catch(fail);
    const kept = recipientId === undefined ? message : withStanzaId(message, recipient.owner, recipientId);
    const waiting = this.#waitingRoom.add(recipient.owner, recipientId ?? this.#nextId(), kept);
    return Promise.all([archived, waiting]).then(([, added]) => {
      // What is in the archive is not lost for want of room to wait in.
      if (!added && recipientId === undefined)
        throw new StanzaError('resource-constraint', 'too much waits there already');
    }, fail);
  }

  /** What was promised is durable: to the devices. */
  #release(judged: Judged): MessageOutcome | Promise<MessageOutcome> {
    const { message, from, to, treatment, sender, recipient, origin, senderId, recipientId, waits } = judged;
    const session = origin.protocol === 'xmpp' ? origin.session : undefined;
    const toOneself = sender !== undefined && sender.owner === recipient?.owner;
    if (treatment.carbons && sender !== undefined && !toOneself) {
      const sent = senderId === undefined ? message : withStanzaId(message, sender.owner, senderId);
      this.#delivery.sendCopies(sent, sender.name, session);
    }
    if (retractedId(message) !== undefined) this.#bury(judged);
    if (recipient === undefined) {
      const received = this.#options.domains.get(to.domain)?.receive(message, from, to, session);
      return received instanceof Promise ? received.then(() => 'delivered') : 'delivered';
    }
    const { name: account, owner } = recipient;
    const own = recipientId === undefined ? message : withStanzaId(message, owner, recipientId);
    const sessions = waits ? [] : this.#delivery.addressees(account, to, treatment);
    const carbons = treatment.carbons;
    this.#delivery.send(own, { account, owner, sessions }, { carbons, except: session, kept: waits });
    if (waits) {
      // Whoever has come while it was written takes it from where it waits, once.
      for (const taker of this.#delivery.takers(account)) this.available(taker);
      return 'stored';
    }
    if (!isForPhones(treatment) || !this.#delivery.hasPhone(account))
      return sessions.length > 0 ? 'delivered' : this.#missed(own, recipient, treatment, recipientId);
    const taken = this.#delivery.callPhones(
      account,
      own,
      toOneself && origin.protocol === 'sip' ? origin.device : undefined,
    );
    if (sessions.length > 0) {
      taken.catch(this.#options.onFault);
      return 'delivered';
    }
    const answered = taken.then((count) =>
      count > 0 ? 'delivered' : this.#missed(own, recipient, treatment, recipientId),
    );
    if (origin.protocol !== 'xmpp' || recipientId === undefined) return answered;
    // What the archive has is kept, which is all that an XMPP sender is promised: he does not wait for a phone.
    answered.catch(this.#options.onFault);
    return 'delivered';
  }

  /** In whichever archives the retraction is. */
  #bury({ message, from, to, sender, recipient, senderId, recipientId }: Judged): void {
    const { store, wallClock, onFault } = this.#options;
    const bury = (party: Party | undefined, peer: Jid, archivedAs: string | undefined) => {
      if (party === undefined || archivedAs === undefined) return;
      const place = { owner: party.owner, peer: peer.bare, archivedAs };
      buryRetracted(store.archive, place, message, wallClock()).catch(onFault);
    };
    bury(sender, to, senderId);
    bury(recipient, from, recipientId);
  }

  /** Nobody was there after all. */
  async #missed(
    message: Element,
    { owner, account }: Party,
    treatment: Treatment,
    id: string | undefined,
  ): Promise<MessageOutcome> {
    if (!treatment.offline || !account) return 'dropped';
    this.counters.kept += 1;
    const added = await this.#waitingRoom.add(owner, id ?? this.#nextId(), message).catch((error: unknown) => {
      throw storeFailure(error);
    });
    if (!added && id === undefined) throw new StanzaError('resource-constraint', 'too much waits there already');
    return 'stored';
  }

  #nextId(): string {
    return this.#options.ids.next(this.#options.wallClock());
  }
}

/** Of one session, while more is waiting for it: then it is given time (milliseconds), and what it does not take stays. */
const MOST_UNACKNOWLEDGED = 100;
const LOOK_AGAIN = 50;
const PATIENCE = 10_000;

function isForPhones({ type }: Treatment): boolean {
  return type === 'chat' || type === 'normal';
}
