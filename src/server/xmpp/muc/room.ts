import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { ArchivedMessage, ArchiveStore } from '../../../storage/messaging.ts';
import type { Affiliation } from './affiliation.ts';
import { type AffiliationEntry, Affiliations } from './affiliations.ts';
import { History } from './history.ts';
import type { MucLimits } from './limits.ts';
import { type Occupant, Occupants } from './occupants.ts';
import { Outbox } from './outbox.ts';
import { defaultRole, type Role } from './role.ts';
import type { RoomConfiguration } from './room-configuration.ts';

/** What a room needs of the world. */
export interface RoomPorts {
  /** `to` is set in the stanza, and given prepared. */
  deliver(stanza: Element, to: Jid): void;
  /** Milliseconds since 1970. */
  time(): number;
  /** Unguessable, for a stanza's id. */
  randomId(): string;
  /** Unique in the archive, in the order of time. */
  archiveId(time: number): string;
  /** XEP-0421: of an account in a room with that secret. */
  occupantId(secret: string, account: string): string;
  /** Whether there is such a person at all; for domains that are not ours, who knows. */
  personExists(jid: Jid): boolean;
  archive: ArchiveStore;
  /** A client has come in or gone. */
  visit(jid: Jid, here: boolean): void;
  /** Keeps a persistent room's record, or forgets the room's. */
  save(room: Room): Promise<void>;
  /** The room has ended: nobody is there and it is not persistent, or it was destroyed. */
  ended(room: Room): Promise<void>;
  /** What could not be stored, though nobody waits to be told. */
  onFault(error: unknown): void;
  limits: MucLimits;
}

export interface Subject {
  text: string;
  /** Who set it: an occupant's address. */
  from: string;
  /** Milliseconds since 1970. */
  time: number;
}

/** What a persistent room keeps. */
export interface RoomRecord {
  configuration: RoomConfiguration;
  affiliations: Array<[string, AffiliationEntry]>;
  subject: Subject | undefined;
  /** Occupant ids are made with it. */
  secret: string;
  /** Milliseconds since 1970. */
  created: number;
  /** Bare address of whoever made the room, whose rooms are counted. */
  creator: string;
}

/** One room (XEP-0045): its state, and what all that happens in it has in common. Each use case is a file of its own. */
export class Room {
  /** Bare. */
  readonly jid: Jid;
  readonly ports: RoomPorts;
  readonly affiliations: Affiliations;
  readonly occupants: Occupants;
  readonly history: History;
  readonly outbox: Outbox;
  readonly secret: string;
  readonly created: number;
  readonly creator: string;
  configuration: RoomConfiguration;
  subject: Subject | undefined;
  /** Its creator has not configured it yet (section 10.1): nobody else may enter. */
  locked = false;
  /** Who invited whom lately, both bare: only an invitation can be declined. */
  readonly invitations = new Map<string, string>();
  /** Voice that a moderator gave or took, by account: in a moderated room it outlasts a visit (section 5.1). */
  readonly voice = new Map<string, Role>();
  /** IQs on their way through the room, by the id that the recipient sees. */
  readonly forwarded = new Map<string, { from: Jid; occupant: Jid; to: Jid; id: string }>();

  constructor(jid: Jid, record: RoomRecord, ports: RoomPorts) {
    this.jid = jid;
    this.ports = ports;
    this.configuration = record.configuration;
    this.affiliations = new Affiliations(record.affiliations);
    this.subject = record.subject;
    this.secret = record.secret;
    this.created = record.created;
    this.creator = record.creator;
    this.occupants = new Occupants(ports.visit);
    this.history = new History(ports.limits.history, ports.limits.historyLength);
    this.outbox = new Outbox(ports.deliver);
  }

  get record(): RoomRecord {
    const { configuration, subject, secret, created, creator } = this;
    return { configuration, affiliations: [...this.affiliations], subject, secret, created, creator };
  }

  affiliationOf(jid: Jid): Affiliation {
    return this.affiliations.of(jid);
  }

  /**
   * The role in which somebody acts: the highest of his clients', or what his affiliation would give him if he came in.
   * XEP-0045 judges requests by bare address (section 8), so admins and owners need not be in the room.
   */
  actingRole(jid: Jid): Role {
    const affiliation = this.affiliationOf(jid);
    if (affiliation === 'admin' || affiliation === 'owner') return 'moderator';
    const here = this.occupants.at(jid);
    if (here !== undefined) return here.role;
    const roles = this.occupants.of(jid.bare).map((occupant) => occupant.role);
    return roles.includes('moderator') ? 'moderator' : (roles[0] ?? 'none');
  }

  /** The role that this person would enter with. */
  entryRole(jid: Jid): Role {
    const { moderated, membersOnly } = this.configuration;
    const role = defaultRole(this.affiliationOf(jid), moderated, membersOnly);
    if (!moderated || (role !== 'visitor' && role !== 'participant')) return role;
    return this.voice.get(jid.bare) ?? role;
  }

  /** Whether real addresses are no secret from that occupant (sections 7.2.3 and 7.2.4). */
  maySeeAddresses(role: Role): boolean {
    return this.configuration.whois === 'anyone' || role === 'moderator';
  }

  /** The occupant that this client is, or `not-acceptable` (sections 7.4 and 7.5). */
  requireOccupant(jid: Jid): Occupant {
    const occupant = this.occupants.at(jid);
    if (occupant === undefined) throw new StanzaError('not-acceptable', 'You are not in the room.', { type: 'cancel' });
    return occupant;
  }

  send(stanza: Element, to: Jid): void {
    this.outbox.send(stanza, [to]);
  }

  /** To every client in the room. */
  broadcast(stanza: Element): void {
    this.outbox.send(stanza, this.occupants.addresses);
  }

  /** A record that another stanza puts in the place of an earlier one keeps its id, and so its place. */
  archived(id: string, time: number, from: string, stanza: string): ArchivedMessage {
    return { owner: this.jid.bare, id, peer: from, time, stanza };
  }

  /** Resolves when what the room is now outlives a crash; at once for a temporary room. */
  save(): Promise<void> {
    return this.ports.save(this);
  }

  /** The same where nobody waits for it. */
  saveLater(): void {
    this.ports.save(this).catch(this.ports.onFault);
  }

  /** A temporary room ends with its last occupant; one that was never configured as well (section 10.1.3). */
  endIfEmpty(): void {
    if (this.occupants.size === 0 && (this.locked || !this.configuration.persistent))
      this.ports.ended(this).catch(this.ports.onFault);
  }
}
