import type { MessageEvent } from './message-event.ts';

export type DeliveryStatus =
  /** Not yet with our server. */
  | 'sending'
  /** Our server has it, durably. */
  | 'sent'
  /** A device of the other side has it (XEP-0184). */
  | 'delivered'
  /** It was seen (XEP-0333). */
  | 'read'
  | 'failed';

/** One message as a person sees it: corrections, reactions, receipts and retractions are part of it. */
export interface ChatMessage {
  /** The sender's id: what answers, corrections and reactions name. */
  id: string;
  archiveId: string | undefined;
  from: string;
  outgoing: boolean;
  time: Date;
  text: string;
  edited: boolean;
  retracted: boolean;
  /** Of outgoing ones. */
  status: DeliveryStatus;
  replyTo: string | undefined;
  files: MessageEvent['files'];
  /** Who put which. */
  reactions: ReadonlyMap<string, readonly string[]>;
}

const RANK: Record<DeliveryStatus, number> = { failed: -1, sending: 0, sent: 1, delivered: 2, read: 3 };

/**
 * A conversation in the order of time, made of live messages, copies of what other devices sent, and pages of history,
 * in whatever order they come: each message is there once, and only its sender corrects or retracts it.
 */
export class Timeline {
  readonly #messages: ChatMessage[] = [];
  readonly #byId = new Map<string, ChatMessage>();
  readonly #bySender = new Map<string, ChatMessage>();
  readonly #archived = new Map<string, ChatMessage>();
  /** What came before the message it is about: history is read backwards. */
  readonly #early = new Map<string, MessageEvent[]>();

  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** By the sender's id, or the archive's (which is what names a message in a room). */
  find(id: string): ChatMessage | undefined {
    return this.#byId.get(id) ?? this.#archived.get(id);
  }

  /** The message that is new or has changed; undefined: nothing to show for it. */
  apply(event: MessageEvent): ChatMessage | undefined {
    if (event.kind === 'text') return this.#add(event);
    if (event.target === undefined) return undefined;
    const target = this.find(event.target);
    if (target !== undefined) return change(target, event) ? target : undefined;
    this.#keepForLater(event.target, event);
    return undefined;
  }

  /** Of an outgoing message; never back to less. */
  setStatus(id: string, status: DeliveryStatus): ChatMessage | undefined {
    const message = this.#byId.get(id);
    if (message === undefined || !message.outgoing || !advance(message, status)) return undefined;
    return message;
  }

  #add(event: MessageEvent): ChatMessage | undefined {
    const id = event.id ?? event.archiveId ?? crypto.randomUUID();
    // Ids are the senders' own choice, so two may choose the same: only the sender's own is the same message.
    const known =
      (event.archiveId === undefined ? undefined : this.#archived.get(event.archiveId)) ??
      this.#bySender.get(senderKey(id, event.from));
    if (known !== undefined) {
      // Our own, come back from the room or the archive; or history that overlaps what came live.
      known.archiveId ??= event.archiveId;
      if (known.archiveId !== undefined) this.#archived.set(known.archiveId, known);
      return advance(known, 'sent') ? known : undefined;
    }
    const message: ChatMessage = {
      id,
      archiveId: event.archiveId,
      from: event.from,
      outgoing: event.outgoing,
      time: event.time,
      text: event.text,
      edited: false,
      retracted: false,
      status: event.outgoing && event.archiveId === undefined ? 'sending' : 'sent',
      replyTo: event.replyTo,
      files: event.files,
      reactions: new Map(),
    };
    let at = this.#messages.length;
    while (at > 0 && (this.#messages[at - 1] as ChatMessage).time > message.time) at--;
    this.#messages.splice(at, 0, message);
    this.#bySender.set(senderKey(id, event.from), message);
    if (!this.#byId.has(id)) this.#byId.set(id, message);
    if (event.archiveId !== undefined) this.#archived.set(event.archiveId, message);
    for (const name of [id, event.archiveId ?? id]) {
      for (const early of this.#early.get(name) ?? []) change(message, early);
      this.#early.delete(name);
    }
    return message;
  }

  #keepForLater(target: string, event: MessageEvent): void {
    if (this.#early.size >= MOST_EARLY) return;
    const waiting = this.#early.get(target) ?? [];
    if (waiting.length < MOST_EARLY) this.#early.set(target, [...waiting, event]);
  }
}

/** What is kept for messages that have not come. */
const MOST_EARLY = 500;

function senderKey(id: string, from: string): string {
  return `${from}\n${id}`;
}

function change(message: ChatMessage, event: MessageEvent): boolean {
  switch (event.kind) {
    case 'correction':
      if (event.from !== message.from || message.retracted) return false;
      message.text = event.text;
      message.edited = true;
      return true;
    case 'retraction':
      // A room's moderator speaks with the room's own address (XEP-0425).
      if (event.from !== message.from && !(event.groupchat && event.from === event.peer)) return false;
      message.text = '';
      message.files = [];
      message.retracted = true;
      return true;
    case 'reactions': {
      const reactions = new Map(message.reactions);
      if (event.emoji.length === 0) reactions.delete(event.from);
      else reactions.set(event.from, event.emoji.slice(0, 20));
      message.reactions = reactions;
      return true;
    }
    case 'receipt':
      return message.outgoing && !event.outgoing && advance(message, 'delivered');
    case 'read':
      return message.outgoing && !event.outgoing && advance(message, 'read');
    case 'failure':
      if (!message.outgoing) return false;
      message.status = 'failed';
      return true;
    default:
      return false;
  }
}

function advance(message: ChatMessage, status: DeliveryStatus): boolean {
  if (status === 'failed' ? message.status !== 'sending' : RANK[status] <= RANK[message.status]) return false;
  message.status = status;
  return true;
}
