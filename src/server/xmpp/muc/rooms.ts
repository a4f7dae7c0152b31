import type { Primitives } from '../../../protocol/primitives.ts';
import { toBase64Url } from '../../../protocol/primitives.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { isAnswerable } from '../../../protocol/xmpp/stanza.ts';
import { resultReply, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { ArchiveIds } from '../../../storage/archive-id.ts';
import type { MessagingStore } from '../../../storage/messaging.ts';
import type { Clock, Timer } from '../../../transport/clock.ts';
import { TokenBuckets } from '../../http/token-buckets.ts';
import { type BlockLists, blocks } from '../../messaging/block-lists.ts';
import type { LocalDomain, XmppHost } from '../host.ts';
import type { XmppSession } from '../session.ts';
import { enter, joinRequest } from './enter.ts';
import { putAllOut } from './leave.ts';
import type { MucLimits } from './limits.ts';
import { forwardAnswer, forwardRequest } from './occupant-iq.ts';
import { isPrivateMessage } from './private-message.ts';
import { Room, type RoomPorts, type RoomRecord } from './room.ts';
import { defaultConfiguration } from './room-configuration.ts';
import { loadHistory, loadRooms, saveRoom } from './room-documents.ts';
import { receiveRequest } from './room-iq.ts';
import { receiveMessage } from './room-message.ts';
import { notInRoom, receivePresence } from './room-presence.ts';
import { answerForService } from './service-iq.ts';

export interface RoomsOptions {
  host: Pick<XmppHost, 'domain' | 'session' | 'route' | 'accountExists' | 'addDomain'>;
  store: MessagingStore;
  blockLists: Pick<BlockLists, 'peek'>;
  ids: ArchiveIds;
  clock: Clock;
  /** Unix time in milliseconds. */
  wallClock: () => number;
  primitives: Primitives;
  limits: MucLimits;
  /** What could not be stored, though nobody waits to be told. */
  onFault: (error: unknown) => void;
}

/**
 * All rooms, as the domain `rooms.DOMAIN` (XEP-0045). Whoever has an address can be in a room: stanzas come by `receive`, and
 * go by the router, whatever protocol brings and takes them.
 */
export class Rooms implements LocalDomain {
  readonly domain: string;
  readonly #options: RoomsOptions;
  readonly #ports: RoomPorts;
  readonly #rooms = new Map<string, Room>();
  /** In how many rooms an account's clients are, each client counted. */
  readonly #visits = new Map<string, number>();
  readonly #joins: TokenBuckets;
  readonly #deliveries: TokenBuckets;
  /** Of rooms that wait for their first configuration. */
  readonly #locks = new Map<Room, Timer>();
  /** By address, rooms whose last messages are being read, or whose last trace is being wiped: what is meant for them waits. */
  readonly #busy = new Map<string, Promise<void>>();
  /** Rooms of before a restart to which nobody has spoken yet. */
  readonly #unread = new Set<Room>();

  private constructor(options: RoomsOptions) {
    this.#options = options;
    this.domain = `rooms.${options.host.domain}`;
    const { joinBurst, joinRate, deliveryBurst, deliveryRate, rooms: keys } = options.limits;
    const now = () => options.clock.now();
    this.#joins = new TokenBuckets({ burst: joinBurst, interval: 1_000 / joinRate, keys, now });
    this.#deliveries = new TokenBuckets({ burst: deliveryBurst, interval: 1_000 / deliveryRate, keys, now });
    this.#ports = this.#roomPorts();
  }

  /** With the persistent rooms, as they were left; known to the host from then on. */
  static async open(options: RoomsOptions): Promise<Rooms> {
    const rooms = new Rooms(options);
    for (const [jid, record] of await loadRooms(options.store.documents, rooms.domain)) {
      const room = new Room(jid, record, rooms.#ports);
      rooms.#rooms.set(jid.bare, room);
      rooms.#unread.add(room);
    }
    options.host.addDomain(rooms.domain, 'Rooms', rooms);
    return rooms;
  }

  /** The server stops: whoever is in a room is told (section 14.2). */
  close(): void {
    for (const timer of this.#locks.values()) timer.close();
    for (const room of this.#rooms.values()) putAllOut(room, [332]);
  }

  /** What is kept of an account is erased: it is on no list any more, as far as Affiliations.forget goes. Bare address. */
  async forget(address: string): Promise<void> {
    const changed = [...this.#rooms.values()].filter((room) => room.affiliations.forget(address));
    await Promise.all(changed.map((room) => room.save()));
  }

  receive(stanza: Element, from: Jid, to: Jid, _session: XmppSession | undefined): Promise<void> | void {
    this.#recall(this.#rooms.get(to.bare));
    const busy = this.#busy.get(to.bare);
    return busy === undefined ? this.#receive(stanza, from, to) : busy.then(() => this.#receive(stanza, from, to));
  }

  #receive(stanza: Element, from: Jid, to: Jid): Promise<void> | void {
    try {
      const done = this.#dispatch(stanza, from, to);
      if (done instanceof Promise) return done.catch((error: unknown) => this.#refuse(stanza, from, to, error));
    } catch (error) {
      this.#refuse(stanza, from, to, error);
    }
  }

  /** As section 7.2 has its errors. What is no StanzaError is the router's to answer. */
  #refuse(stanza: Element, from: Jid, to: Jid, error: unknown): void {
    if (!(error instanceof StanzaError)) throw error;
    if (!isAnswerable(stanza)) return;
    const { id } = stanza.attributes;
    const x = stanza.name === 'presence' ? xml('x', NS.MUC) : undefined;
    const answer = xml(
      stanza.name,
      NS.CLIENT,
      { type: 'error', from: to.full, to: from.full, id },
      x,
      error.toElement(to.bare),
    );
    this.#deliver(answer, from);
  }

  #dispatch(stanza: Element, from: Jid, to: Jid): Promise<void> | void {
    if (to.local === undefined) return this.#service(stanza, from);
    const room = this.#rooms.get(to.bare);
    if (room !== undefined) this.#charge(room, stanza, from);
    switch (stanza.name) {
      case 'presence':
        return this.#presence(room, stanza, from, to);
      case 'message':
        if (room !== undefined) return receiveMessage(room, stanza, from, to);
        break;
      default: {
        const { type } = stanza.attributes;
        if (type === 'result' || type === 'error') return room && forwardAnswer(room, stanza, from);
        if (room === undefined) break;
        if (to.resource !== undefined) return forwardRequest(room, stanza, from, to.resource);
        return receiveRequest(room, stanza, from, (payload, commit) =>
          room.outbox.sendAfter(commit, resultReply(stanza, payload), [from]),
        );
      }
    }
    throw new StanzaError('item-not-found', 'There is no such room.');
  }

  #presence(room: Room | undefined, presence: Element, from: Jid, to: Jid): void {
    const nick = to.resource;
    if (presence.attributes['type'] === undefined && nick !== undefined) {
      const occupant = room?.occupants.at(from);
      const asksAll = joinRequest(presence) !== undefined;
      // Entering, being told all again and changing the nickname cost the room many stanzas each.
      if (asksAll || (occupant !== undefined && nick !== occupant.nick)) this.#limit(from, occupant === undefined);
      if (room === undefined && asksAll) this.#create(presence, from, to, nick);
      else if (room === undefined) this.#deliver(notInRoom(to).with({ to: from.full }), from);
      else receivePresence(room, presence, from, to);
    } else if (room !== undefined) receivePresence(room, presence, from, to);
    else if (presence.attributes['type'] === undefined)
      throw new StanzaError('jid-malformed', 'A nickname is missing: room@service/nickname.');
  }

  /**
   * What is told to all costs as many stanzas as there are clients in the room, and so does what is asked of it: its lists are
   * as long. Leaving, and answers, cost nothing.
   */
  #charge(room: Room, stanza: Element, from: Jid): void {
    const { type } = stanza.attributes;
    const costs =
      stanza.name === 'presence'
        ? type === undefined
        : stanza.name === 'message'
          ? type === 'groupchat'
          : isAnswerable(stanza);
    if (costs) this.#spend(from, room.occupants.addresses.length);
  }

  #spend(from: Jid, stanzas: number): void {
    if (this.#deliveries.take(from.bare, stanzas) > 0)
      throw new StanzaError('resource-constraint', 'Slowly: you cause too much at once.');
  }

  #limit(from: Jid, entering: boolean): void {
    if (this.#joins.take(from.bare) > 0)
      throw new StanzaError('resource-constraint', 'Too many rooms are entered at once.');
    if (entering && (this.#visits.get(from.bare) ?? 0) >= this.#options.limits.visitsPerAccount)
      throw new StanzaError('resource-constraint', 'You are in too many rooms.');
  }

  /** Section 10.1. */
  #create(presence: Element, from: Jid, to: Jid, nick: string): void {
    const { limits, primitives, wallClock, clock } = this.#options;
    let own = 0;
    for (const room of this.#rooms.values()) if (room.creator === from.bare) own += 1;
    if (own >= limits.roomsPerAccount) throw new StanzaError('not-allowed', 'You have made too many rooms.');
    if (this.#rooms.size >= limits.rooms) throw new StanzaError('resource-constraint', 'There are too many rooms.');
    const record: RoomRecord = {
      configuration: defaultConfiguration(limits),
      affiliations: [[from.bare, { affiliation: 'owner' }]],
      subject: undefined,
      secret: primitives.random(32),
      created: wallClock(),
      creator: from.bare,
    };
    const room = new Room(to.toBare(), record, this.#ports);
    room.locked = true;
    enter(room, presence, from, nick, true);
    this.#rooms.set(to.bare, room);
    const unlock = () => {
      this.#locks.delete(room);
      room.locked = false;
    };
    this.#locks.set(room, clock.setTimer(limits.lockTime, unlock));
  }

  /** What is meant for the service itself. */
  #service(stanza: Element, from: Jid): void {
    if (stanza.name === 'message') throw new StanzaError('service-unavailable', 'This is not a room.');
    if (stanza.name !== 'iq' || !isAnswerable(stanza)) return;
    this.#spend(from, Math.ceil(this.#rooms.size / 10));
    const answer = answerForService(stanza, from, this.#rooms.values(), this.#ports.randomId);
    this.#deliver(resultReply(stanza, answer), from);
  }

  /** A room of before a restart has its last messages read when it is first spoken to. */
  #recall(room: Room | undefined): void {
    if (room !== undefined && this.#unread.delete(room)) this.#occupy(room, loadHistory(room));
  }

  #occupy(room: Room, work: Promise<void>): void {
    const { bare } = room.jid;
    const done = work.catch(this.#options.onFault).finally(() => this.#busy.delete(bare));
    this.#busy.set(bare, done);
  }

  #deliver(stanza: Element, to: Jid): void {
    const { host, blockLists } = this.#options;
    // XEP-0191: whoever enters a room has had his list read; of a stranger's the router knows.
    const blocked = blockLists.peek(to.bare);
    if (blocked.size > 0) {
      const from = parseJid(stanza.attributes['from'] ?? '');
      if (from !== undefined && blocks(blocked, from)) return;
    }
    const session = to.resource === undefined ? undefined : host.session(to);
    // A private message is a message as any other: judged, archived for whom it is for.
    if (session === undefined || isPrivateMessage(stanza)) host.route(stanza);
    else session.send(stanza);
  }

  #roomPorts(): RoomPorts {
    const { host, store, ids, wallClock, primitives, limits, onFault } = this.#options;
    return {
      deliver: (stanza, to) => this.#deliver(stanza, to),
      time: wallClock,
      randomId: () => toBase64Url(primitives.random(12)),
      archiveId: (time) => ids.next(time),
      occupantId: (secret, account) =>
        toBase64Url(primitives.hmac('sha256', secret, Buffer.from(account).toString('latin1'))),
      personExists: (jid) => jid.local !== undefined && (jid.domain !== host.domain || host.accountExists(jid.local)),
      archive: store.archive,
      visit: ({ bare }, here) => {
        const count = (this.#visits.get(bare) ?? 0) + (here ? 1 : -1);
        if (count > 0) this.#visits.set(bare, count);
        else this.#visits.delete(bare);
      },
      save: (room) => saveRoom(store.documents, room),
      ended: async (room) => {
        this.#locks.get(room)?.close();
        this.#locks.delete(room);
        if (this.#rooms.get(room.jid.bare) !== room) return;
        this.#rooms.delete(room.jid.bare);
        const erased = store.erase(room.jid.bare).then(() => {});
        this.#occupy(room, erased);
        await erased;
      },
      onFault,
      limits,
    };
  }
}
