import { Emitter } from '../emitter.ts';
import type { Archive } from './archive.ts';
import type { ConversationEvents } from './conversation-events.ts';
import { type ChatState, type MessageEvent, readMessage } from './message-event.ts';
import { type ChatMessage, Timeline } from './timeline.ts';
import type { Uploadable, Uploads } from './upload.ts';
import * as write from './write-message.ts';
import type { XmppConnection } from './xmpp-connection.ts';

/** What conversations of one account share. */
export interface ConversationPort {
  readonly connection: XmppConnection;
  readonly archive: Archive;
  readonly uploads: Uploads;
  readonly domain: string;
  /** Our bare address. */
  readonly self: string;
}

/** Messages with one person or one room: sent, received, and found in the archive. */
export class Conversation extends Emitter<ConversationEvents> {
  /** Bare address of the person or the room. */
  readonly address: string;
  protected readonly port: ConversationPort;
  readonly #type: 'chat' | 'groupchat';
  readonly #timeline = new Timeline();
  #oldest: string | undefined;
  #newest: string | undefined;
  #complete = false;

  constructor(port: ConversationPort, address: string, type: 'chat' | 'groupchat' = 'chat') {
    super();
    this.port = port;
    this.address = address;
    this.#type = type;
  }

  /** Oldest first. */
  get messages(): readonly ChatMessage[] {
    return this.#timeline.messages;
  }

  /** The whole history is in `messages`. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The message is there at once with the status `sending`; the promise resolves when the server has it. */
  async send(text: string, options: write.TextOptions = {}): Promise<ChatMessage> {
    const where = this.#where();
    const { self, connection } = this.port;
    const message = this.#timeline.apply({
      kind: 'text',
      peer: this.address,
      from: this.sender ?? self,
      outgoing: true,
      groupchat: this.#type === 'groupchat',
      id: where.id,
      archiveId: undefined,
      time: new Date(),
      text,
      target: undefined,
      replyTo: options.replyTo,
      emoji: [],
      state: undefined,
      files: (options.files ?? []).map(({ url }) => ({ url, description: undefined })),
      wantsReceipt: true,
    }) as ChatMessage;
    this.#changed(message);
    try {
      await connection.send(write.textMessage(where, text, options));
      this.#changed(this.#timeline.setStatus(where.id, 'sent'));
    } catch (error) {
      this.#changed(this.#timeline.setStatus(where.id, 'failed'));
      throw error;
    }
    return message;
  }

  /** Uploads the file and sends its URL. */
  async sendFile(file: Uploadable & Blob): Promise<ChatMessage> {
    const url = await this.port.uploads.put(this.port.domain, file);
    return this.send(url, { files: [{ url }] });
  }

  /** Of one's own message. */
  async correct(target: ChatMessage, text: string): Promise<void> {
    await this.#about('correction', target, { text }, write.correction(this.#where(), target.id, text));
  }

  async retract(target: ChatMessage): Promise<void> {
    await this.#about('retraction', target, {}, write.retraction(this.#where(), this.#nameOf(target)));
  }

  /** These emoji, instead of those one has put there before; none takes them away. */
  async react(target: ChatMessage, emoji: readonly string[]): Promise<void> {
    const stanza = write.reactions(this.#where(), this.#nameOf(target), emoji);
    await this.#about('reactions', target, { emoji: [...emoji] }, stanza);
  }

  /** Tells the other side that everything up to this message was seen. */
  async markRead(target: ChatMessage): Promise<void> {
    await this.port.connection.send(write.readMarker(this.#where(), this.#nameOf(target)));
  }

  /** Worth telling on the first key and when the person stops. Lost without regret. */
  setTyping(state: ChatState): void {
    this.port.connection.send(write.chatState(this.#where(), state)).catch(() => {});
  }

  /** Takes in the page before the oldest message known. */
  async loadHistory(limit = 50): Promise<readonly ChatMessage[]> {
    const page = await this.port.archive.page({ ...this.#archived(), before: this.#oldest ?? '', limit });
    this.#oldest = page.first ?? this.#oldest;
    this.#newest ??= page.last;
    this.#complete = page.complete;
    return this.#takeIn(page.messages);
  }

  /** Takes in what has come since the newest message of the archive that is known: after an absence. */
  async catchUp(): Promise<void> {
    if (this.#newest === undefined) return void (await this.loadHistory());
    for (;;) {
      const page = await this.port.archive.page({ ...this.#archived(), after: this.#newest, limit: 100 });
      this.#takeIn(page.messages);
      if (page.last === undefined || page.complete) return;
      this.#newest = page.last;
    }
  }

  /** A message of this conversation: live, or another device's. */
  receive(event: MessageEvent): void {
    if (event.archiveId !== undefined && this.#newest !== undefined) this.#newest = event.archiveId;
    if (event.state !== undefined && !event.outgoing) this.emit('typing', { from: event.from, state: event.state });
    this.#changed(this.#timeline.apply(event));
    if (event.kind === 'text' && event.wantsReceipt && !event.outgoing && !event.groupchat && event.id !== undefined)
      this.port.connection.send(write.receipt(this.address, event.id, crypto.randomUUID())).catch(() => {});
  }

  /** A message of the history that was come upon otherwise. */
  restore(event: MessageEvent): void {
    this.#changed(this.#timeline.apply(event));
  }

  /** Who we are in `messages` of this conversation, where that is not our bare address. */
  protected get sender(): string | undefined {
    return undefined;
  }

  #takeIn(found: Awaited<ReturnType<Archive['page']>>['messages']): ChatMessage[] {
    const { self } = this.port;
    return found.flatMap(({ stanza, time, archiveId }) => {
      const nickname = this.sender?.slice(this.address.length + 1);
      const event = readMessage(stanza, { self, nickname, time, archiveId });
      const message = event && this.#timeline.apply(event);
      this.#changed(message);
      return message ?? [];
    });
  }

  async #about(
    kind: MessageEvent['kind'],
    target: ChatMessage,
    what: Partial<MessageEvent>,
    stanza: ReturnType<typeof write.correction>,
  ): Promise<void> {
    await this.port.connection.send(stanza);
    this.#changed(
      this.#timeline.apply({
        kind,
        peer: this.address,
        from: this.sender ?? this.port.self,
        outgoing: true,
        groupchat: this.#type === 'groupchat',
        id: undefined,
        archiveId: undefined,
        time: new Date(),
        text: '',
        target: target.id,
        replyTo: undefined,
        emoji: [],
        state: undefined,
        files: [],
        wantsReceipt: false,
        ...what,
      }),
    );
  }

  /** In a room the archive's id is what everybody means; between two people the sender's. */
  #nameOf(target: ChatMessage): string {
    return this.#type === 'groupchat' ? (target.archiveId ?? target.id) : target.id;
  }

  #archived(): { archive: string; peer?: string } {
    return this.#type === 'groupchat' ? { archive: this.address } : { archive: this.port.self, peer: this.address };
  }

  #where(): { to: string; type: 'chat' | 'groupchat'; id: string } {
    return { to: this.address, type: this.#type, id: crypto.randomUUID() };
  }

  #changed(message: ChatMessage | undefined): void {
    if (message !== undefined) this.emit('message', message);
  }
}
