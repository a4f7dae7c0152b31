import { type XmlElement, xml } from '@xmpp/client';
import { type Clock, nativeClock } from '../clock.ts';
import { CredentialsKeeper, type CredentialsProvider, fetchCredentials } from '../credentials.ts';
import { Emitter } from '../emitter.ts';
import type { ClientError } from '../errors.ts';
import { addressIn, bareOf } from './address.ts';
import { Archive } from './archive.ts';
import { Conversation, type ConversationPort } from './conversation.ts';
import { readCarbon } from './forwarded.ts';
import { type MessageEvent, readMessage } from './message-event.ts';
import { NS } from './namespaces.ts';
import { Room } from './room.ts';
import { Roster, type Show } from './roster.ts';
import { Uploads } from './upload.ts';
import { type MessagingState, XmppConnection } from './xmpp-connection.ts';

export interface MessagingOptions {
  /** As for `Client`: a function, or the URL to POST to. Default: `/api/credentials` of this page's server. */
  credentials?: CredentialsProvider | string;
  /** Names this device among those of the account. Default: the server chooses. */
  resource?: string;
  clock?: Clock;
  fetch?: typeof fetch;
}

export interface MessagingEvents {
  state: { state: MessagingState };
  /** A message has come, or another of our devices has sent one: also told by its conversation. */
  message: { conversation: Conversation; event: MessageEvent };
  /** A conversation or room was not known before: the moment to listen to it. */
  conversation: Conversation;
  /** Somebody asks us into a room (XEP-0249, XEP-0045 section 7.8). */
  invitation: { room: string; from: string; reason: string | undefined; password: string | undefined };
  error: ClientError;
  /** Every stanza that comes, for whoever wants to look. */
  stanza: XmlElement;
}

/**
 * One account's messages, contacts and rooms (XMPP), kept up until `disconnect`.
 *
 *     const messaging = new Messaging();
 *     messaging.on('message', ({ conversation, event }) => console.log(conversation.address, event.text));
 *     messaging.connect();
 *     await messaging.conversation('bob').send('Hello');
 */
export class Messaging extends Emitter<MessagingEvents> {
  readonly roster: Roster;
  readonly #connection: XmppConnection;
  readonly #keeper: CredentialsKeeper;
  readonly #archive: Archive;
  readonly #uploads: Uploads;
  readonly #conversations = new Map<string, Conversation>();
  readonly #rooms = new Map<string, Room>();
  #presence: { show: Show; status: string | undefined } = { show: 'available', status: undefined };

  constructor(options: MessagingOptions = {}) {
    super();
    const clock = options.clock ?? nativeClock;
    const provider =
      typeof options.credentials === 'function' ? options.credentials : fetchCredentials(options.credentials);
    this.#keeper = new CredentialsKeeper(provider, () => clock.now());
    const { resource } = options;
    this.#connection = new XmppConnection({ keeper: this.#keeper, clock, ...(resource !== undefined && { resource }) });
    this.#archive = new Archive(this.#connection);
    this.#uploads = new Uploads(this.#connection, options.fetch);
    this.roster = new Roster(this.#connection, () => this.domain);
    this.#connection.on('state', (state) => this.emit('state', state));
    this.#connection.on('error', (error) => this.emit('error', error));
    this.#connection.on('online', ({ resumed }) => {
      if (!resumed) void this.#begin();
    });
    this.#connection.on('stanza', (stanza) => {
      this.emit('stanza', stanza);
      this.#receive(stanza);
    });
  }

  get state(): MessagingState {
    return this.#connection.state;
  }

  /** Our bare address, once there was a session. */
  get address(): string | undefined {
    const { address } = this.#connection;
    return address === undefined ? undefined : bareOf(address);
  }

  get domain(): string {
    return this.#keeper.current?.domain ?? '';
  }

  /** Connects, and keeps doing so until `disconnect`. */
  connect(): void {
    this.#connection.connect();
  }

  disconnect(): Promise<void> {
    return this.#connection.disconnect();
  }

  /** The conversation with a name of this domain, or an address. The same object each time. */
  conversation(target: string): Conversation {
    const address = addressIn(this.domain, target);
    const room = this.#rooms.get(address);
    if (room !== undefined) return room;
    let conversation = this.#conversations.get(address);
    if (conversation === undefined) {
      conversation = new Conversation(this.#port(), address);
      this.#conversations.set(address, conversation);
      this.emit('conversation', conversation);
    }
    return conversation;
  }

  /** A room by its name, at rooms.DOMAIN, or by its address. `join` enters it. */
  room(target: string): Room {
    const address = addressIn(`rooms.${this.domain}`, target);
    let room = this.#rooms.get(address);
    if (room === undefined) {
      room = new Room(this.#port(), address);
      this.#rooms.set(address, room);
      this.emit('conversation', room);
    }
    return room;
  }

  /** The newest messages of the archive, whomever they were exchanged with: what a list of conversations begins with. */
  async loadRecent(limit = 100): Promise<void> {
    const self = this.address;
    if (self === undefined) return;
    const page = await this.#archive.page({ archive: self, before: '', limit });
    for (const { stanza, time, archiveId } of page.messages) {
      const event = readMessage(stanza, { self, time, archiveId });
      if (event !== undefined && !event.groupchat) this.conversation(event.peer).restore(event);
    }
  }

  /** How contacts see us. Kept over reconnections. */
  async setPresence(show: Show, status?: string): Promise<void> {
    this.#presence = { show, status };
    if (this.state === 'online') await this.#sendPresence();
  }

  /** XEP-0352: the page is out of sight; what can wait waits at the server. */
  setActive(active: boolean): void {
    this.#connection.send(xml(active ? 'active' : 'inactive', { xmlns: NS.CSI })).catch(() => {});
  }

  /** XEP-0191. */
  async block(target: string): Promise<void> {
    const item = xml('item', { jid: addressIn(this.domain, target) });
    await this.#connection.request(xml('iq', { type: 'set' }, xml('block', { xmlns: NS.BLOCKING }, item)));
  }

  async unblock(target: string): Promise<void> {
    const item = xml('item', { jid: addressIn(this.domain, target) });
    await this.#connection.request(xml('iq', { type: 'set' }, xml('unblock', { xmlns: NS.BLOCKING }, item)));
  }

  /** A new session: copies of our other devices' messages, the contacts, then we are seen; rooms are entered again. */
  async #begin(): Promise<void> {
    try {
      const enable = xml('iq', { type: 'set' }, xml('enable', { xmlns: NS.CARBONS }));
      await Promise.all([this.#connection.request(enable).catch(() => {}), this.roster.fetch()]);
      await this.#sendPresence();
      for (const room of this.#rooms.values()) await room.rejoin().catch(() => {});
      for (const conversation of this.#conversations.values())
        if (conversation.messages.length > 0) await conversation.catchUp();
    } catch {
      // The connection is gone again: the next session begins anew.
    }
  }

  async #sendPresence(): Promise<void> {
    const { show, status } = this.#presence;
    await this.#connection.send(
      xml(
        'presence',
        {},
        show === 'available' ? undefined : xml('show', {}, show),
        status === undefined ? undefined : xml('status', {}, status),
      ),
    );
  }

  #receive(stanza: XmlElement): void {
    const self = this.address;
    if (self === undefined) return;
    if (stanza.name === 'message') this.#receiveMessage(stanza, self);
    else if (stanza.name === 'presence') {
      const room = this.#rooms.get(bareOf(stanza.attrs['from'] ?? ''));
      if (room !== undefined) room.receivePresence(stanza);
      else this.roster.receivePresence(stanza);
    } else {
      const answer = this.roster.receiveIq(stanza, self);
      if (answer !== undefined) this.#connection.send(answer).catch(() => {});
    }
  }

  #receiveMessage(stanza: XmlElement, self: string): void {
    if (this.#archive.receive(stanza, self)) return;
    const carbon = readCarbon(stanza, self);
    if (carbon === 'forged') return;
    const message = carbon?.stanza ?? stanza;
    if (carbon === undefined && this.#invited(message)) return;
    const room = this.#rooms.get(bareOf(message.attrs['from'] ?? ''));
    const groupchat = message.attrs['type'] === 'groupchat';
    if (groupchat && room === undefined) return; // a room we are not in
    const event = readMessage(message, { self, nickname: room?.nickname, time: carbon?.time });
    if (event === undefined) return;
    if (event.kind === 'subject') {
      room?.receiveSubject(event.text);
      return;
    }
    const conversation = groupchat && room !== undefined ? room : this.conversation(event.peer);
    conversation.receive(event);
    this.emit('message', { conversation, event });
  }

  #invited(message: XmlElement): boolean {
    const direct = message.getChild('x', NS.DIRECT_INVITATION);
    const mediated = message.getChild('x', NS.MUC_USER)?.getChild('invite');
    const from = message.attrs['from'] ?? '';
    if (direct?.attrs['jid'] !== undefined) {
      const { jid: room, reason, password } = direct.attrs;
      this.emit('invitation', { room, from: bareOf(from), reason, password });
      return true;
    }
    if (mediated === undefined) return false;
    this.emit('invitation', {
      room: bareOf(from),
      from: bareOf(mediated.attrs['from'] ?? from),
      reason: mediated.getChildText('reason') ?? undefined,
      password: message.getChild('x', NS.MUC_USER)?.getChildText('password') ?? undefined,
    });
    return true;
  }

  #port(): ConversationPort {
    const messaging = this;
    return {
      connection: this.#connection,
      archive: this.#archive,
      uploads: this.#uploads,
      get domain() {
        return messaging.domain;
      },
      get self() {
        return messaging.address ?? '';
      },
    };
  }
}
