import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import type { Role } from './role.ts';

/** One client of an occupant. */
export interface OccupantSession {
  /** Real and full. */
  readonly jid: Jid;
  /** Its last presence to the room, without what only the room may say. */
  presence: Element;
}

/** Somebody in the room under one nickname, with one client or several (XEP-0045 section 7.2.8). */
export interface Occupant {
  nick: string;
  /** `room@rooms.host/nick`. */
  jid: Jid;
  /** Real and bare: all sessions are of this account. */
  readonly account: string;
  /** XEP-0421. */
  readonly id: string;
  role: Role;
  /** By full address, the latest last: its presence is the one that is shown. */
  readonly sessions: Map<string, OccupantSession>;
}

/** Two nicknames that a reader would take for one conflict: `Alice`, `alice` and fullwidth `ａｌｉｃｅ`. */
export function nickKey(nick: string): string {
  return nick.normalize('NFKC').toLowerCase().trim();
}

/** Who is in a room: found by nickname, by client and by account. */
export class Occupants {
  readonly #byNick = new Map<string, Occupant>();
  readonly #bySession = new Map<string, Occupant>();
  readonly #visit: (jid: Jid, here: boolean) => void;
  #addresses: readonly Jid[] | undefined;

  /** `visit` is told of each client that comes or goes. */
  constructor(visit: (jid: Jid, here: boolean) => void) {
    this.#visit = visit;
  }

  get size(): number {
    return this.#byNick.size;
  }

  [Symbol.iterator](): IterableIterator<Occupant> {
    return this.#byNick.values();
  }

  /** Every client's full address, in one array that is never changed. */
  get addresses(): readonly Jid[] {
    if (this.#addresses === undefined) {
      const addresses: Jid[] = [];
      for (const occupant of this) for (const session of occupant.sessions.values()) addresses.push(session.jid);
      this.#addresses = addresses;
    }
    return this.#addresses;
  }

  /** Exactly that nickname. */
  named(nick: string): Occupant | undefined {
    const occupant = this.#byNick.get(nickKey(nick));
    return occupant?.nick === nick ? occupant : undefined;
  }

  /** Whoever's nickname that one conflicts with. */
  conflicting(nick: string): Occupant | undefined {
    return this.#byNick.get(nickKey(nick));
  }

  /** By the full address of a client. */
  at(jid: Jid): Occupant | undefined {
    return this.#bySession.get(jid.full);
  }

  /** All occupants of an account: its clients may use different nicknames. */
  of(account: string): Occupant[] {
    const found: Occupant[] = [];
    for (const occupant of this) if (occupant.account === account) found.push(occupant);
    return found;
  }

  add(occupant: Occupant): void {
    this.#byNick.set(nickKey(occupant.nick), occupant);
    for (const session of [...occupant.sessions.values()]) this.addSession(occupant, session);
  }

  /** Also of one that is there: it is the latest from now on. */
  addSession(occupant: Occupant, session: OccupantSession): void {
    const { jid } = session;
    occupant.sessions.delete(jid.full);
    occupant.sessions.set(jid.full, session);
    this.#addresses = undefined;
    if (this.#bySession.has(jid.full)) return;
    this.#bySession.set(jid.full, occupant);
    this.#visit(jid, true);
  }

  /** The occupant goes with the last session. */
  removeSession(occupant: Occupant, jid: Jid): void {
    occupant.sessions.delete(jid.full);
    this.#bySession.delete(jid.full);
    if (occupant.sessions.size === 0) this.#byNick.delete(nickKey(occupant.nick));
    this.#addresses = undefined;
    this.#visit(jid, false);
  }

  remove(occupant: Occupant): void {
    for (const { jid } of [...occupant.sessions.values()]) this.removeSession(occupant, jid);
  }

  rename(occupant: Occupant, nick: string, jid: Jid): void {
    this.#byNick.delete(nickKey(occupant.nick));
    occupant.nick = nick;
    occupant.jid = jid;
    this.#byNick.set(nickKey(nick), occupant);
  }
}

/** The session whose presence stands for the occupant. */
export function shownSession(occupant: Occupant): OccupantSession | undefined {
  let last: OccupantSession | undefined;
  for (const session of occupant.sessions.values()) last = session;
  return last;
}
