import { parseByteRange, serializeByteRange } from './byte-range.ts';
import { makeFrame } from './frame.ts';
import type { ContinuationFlag } from './frame-reader.ts';
import type { Head } from './head.ts';
import { type MessageOptions, OutgoingMessage } from './outgoing-message.ts';
import type { SessionOutbox } from './session-outbox.ts';
import { parseReportStatus } from './status.ts';
import { tryOr } from './try-or.ts';

export interface SenderOptions {
  chunkBytes: number;
  window: number;
  transactionTimeout: number;
  /** Whether a request came from the other side itself. */
  cameFromPeer: (head: Head) => boolean;
}

interface SentChunk {
  /** Undefined: an empty SEND. */
  message: OutgoingMessage | undefined;
  start: number;
  end: number;
  due: number;
}

/** The sending half of a session: messages take turns, chunk by chunk, within a window of those that are unanswered. */
export class SessionSender {
  readonly #out: SessionOutbox;
  readonly #options: SenderOptions;
  /** In the order of their turns. */
  readonly #outgoing: OutgoingMessage[] = [];
  readonly #unanswered = new Map<string, SentChunk>();
  /** The latest that were sent whole: a report may still come. */
  readonly #awaited = new Map<string, OutgoingMessage>();

  constructor(out: SessionOutbox, options: SenderOptions) {
    this.#out = out;
    this.#options = options;
  }

  /** An empty SEND. */
  greet(): void {
    const head = this.#out.request('SEND');
    head.add('Message-ID', this.#out.names.next()).add('Byte-Range', '1-0/0');
    this.#track(head.transaction, undefined, 0, 0);
    this.#out.send(makeFrame(head));
  }

  send(options: MessageOptions): string {
    const message = new OutgoingMessage(options.messageId ?? this.#out.names.next(), options);
    this.#outgoing.push(message);
    this.#advance();
    return message.id;
  }

  supply(id: string, octets: Uint8Array): void {
    this.#outgoing.find((message) => message.id === id)?.supply(octets);
    this.#advance();
  }

  abort(id: string): void {
    const message = this.#outgoing.find((it) => it.id === id) ?? this.#awaited.get(id);
    if (message === undefined) return;
    if (message.position > message.begin && !message.sentLast) this.#sendChunk(message, new Uint8Array(0), '#');
    this.#drop(message);
  }

  /** The oldest chunks are overdue. */
  expire(): void {
    const { now } = this.#out;
    for (const [transaction, { message, due }] of this.#unanswered) {
      if (due > now) break;
      this.#unanswered.delete(transaction);
      if (message !== undefined) this.#fail(message, 408);
    }
    this.#setTimer();
    this.#advance();
  }

  answered({ transaction, status }: Head): void {
    const sent = this.#unanswered.get(transaction);
    if (sent === undefined) return;
    const wasOldest = this.#unanswered.keys().next().value === transaction;
    this.#unanswered.delete(transaction);
    if (wasOldest) this.#setTimer();
    const { message, start, end } = sent;
    if (message !== undefined) {
      if (status !== 200) this.#fail(message, status);
      else if (!message.over && message.answered.add(start, end)) {
        this.#out.event({ type: 'progress', message: message.id, octets: message.progress });
        if (message.allAnswered) this.#out.event({ type: 'sent', message: message.id });
      }
    }
    this.#advance();
  }

  reported(head: Head): void {
    const id = head.get('Message-ID') ?? '';
    const message = this.#awaited.get(id) ?? this.#outgoing.find((it) => it.id === id);
    const status = parseReportStatus(head.get('Status') ?? '');
    if (status === undefined || message === undefined) return;
    if (status !== 200) {
      this.#fail(message, status);
      return;
    }
    // A failure may be any relay's word; that all has arrived only the other side knows.
    if (!message.sentLast || !this.#options.cameFromPeer(head)) return;
    const range = tryOr(undefined, () => parseByteRange(head.get('Byte-Range') ?? ''));
    if (range !== undefined && (range.end ?? 0) < message.total) return;
    this.#awaited.delete(id);
    this.#out.event({ type: 'delivered', message: id });
  }

  /** As many chunks as the window has room for, message by message in turn. */
  #advance(): void {
    let idle = 0;
    while (this.#unanswered.size < this.#options.window && idle < this.#outgoing.length) {
      const message = this.#outgoing.shift() as OutgoingMessage;
      const octets = message.next(this.#room(message));
      if (octets === undefined) idle += 1;
      else {
        idle = 0;
        this.#sendChunk(message, octets, message.sentLast ? '$' : '+');
      }
      if (!message.sentLast) this.#outgoing.push(message);
    }
    for (const message of this.#outgoing) {
      const wanted = message.wanted();
      if (wanted === undefined) continue;
      message.asked = true;
      this.#out.event({ type: 'wanted', message: message.id, ...wanted });
    }
  }

  /** Octets of body in a frame. */
  #room({ contentType, fields, id }: OutgoingMessage): number {
    let head = this.#out.own.length + contentType.length + id.length + FRAME_OVERHEAD;
    for (const uri of this.#out.toPath) head += uri.length + 1;
    for (const [name, value] of fields) head += name.length + value.length + 4;
    return Math.max(512, this.#options.chunkBytes - head);
  }

  #sendChunk(message: OutgoingMessage, octets: Uint8Array, flag: ContinuationFlag): void {
    const { id, total, fields, contentType, successReport, position } = message;
    const start = position - octets.length;
    const head = this.#out.request('SEND', this.#out.names.transactionFor(octets));
    head.add('Message-ID', id);
    if (successReport) head.add('Success-Report', 'yes');
    head.add('Byte-Range', serializeByteRange({ start: start + 1, end: position, total }));
    for (const [name, value] of fields) head.add(name, value);
    head.add('Content-Type', contentType);
    this.#track(head.transaction, message, start, position);
    if (flag === '$') this.#awaitReport(message);
    this.#out.send(makeFrame(head, flag, octets));
  }

  #track(transaction: string, message: OutgoingMessage | undefined, start: number, end: number): void {
    const due = this.#out.now + this.#options.transactionTimeout;
    this.#unanswered.set(transaction, { message, start, end, due });
    if (this.#unanswered.size === 1) this.#setTimer();
  }

  #setTimer(): void {
    const [oldest] = this.#unanswered.values();
    this.#out.setTimer(oldest && Math.max(0, oldest.due - this.#out.now));
  }

  #awaitReport(message: OutgoingMessage): void {
    if (this.#awaited.size >= MOST_AWAITED) this.#awaited.delete(this.#awaited.keys().next().value as string);
    this.#awaited.set(message.id, message);
  }

  #fail(message: OutgoingMessage, status: number): void {
    if (message.over) return;
    this.#drop(message);
    this.#out.event({ type: 'failed', message: message.id, status });
  }

  #drop(message: OutgoingMessage): void {
    message.over = true;
    this.#awaited.delete(message.id);
    const at = this.#outgoing.indexOf(message);
    if (at !== -1) this.#outgoing.splice(at, 1);
  }
}

/** Start line, header names, Byte-Range at its longest, end-line. */
const FRAME_OVERHEAD = 320;
const MOST_AWAITED = 256;
