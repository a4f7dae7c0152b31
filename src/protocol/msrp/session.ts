import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { Primitives } from '../primitives.ts';
import { parseByteRange, serializeByteRange } from './byte-range.ts';
import { type Frame, makeFrame, Names } from './frame.ts';
import type { ContinuationFlag } from './frame-reader.ts';
import { Head } from './head.ts';
import { type MessageOptions, OutgoingMessage } from './outgoing-message.ts';
import { Ranges } from './ranges.ts';
import { responseFrame } from './response.ts';
import type { SessionEvent, SessionOutput } from './session-event.ts';
import { parseReportStatus, serializeReportStatus } from './status.ts';
import { parseMsrpUri, sameMsrpUri } from './uri.ts';

export interface SessionOptions {
  primitives: Pick<Primitives, 'random'>;
  /** Our `a=path`: the Use-Path of our relay, if any, then our own URI. */
  localPath: readonly ByteString[];
  /** The other side's. */
  remotePath: readonly ByteString[];
  /** Judges the first chunk of a message: 200, or 413, 415. Default: 200. */
  accept?: (head: Head) => number;
  /** Octets of one frame. Default: 10,000, which every relay takes. */
  chunkBytes?: number;
  /** Chunks on their way without an answer. Default: 64. */
  window?: number;
  /** Milliseconds for an answer. Default: 30,000 (RFC 4975 section 7.1). */
  transactionTimeout?: number;
  /** Messages that come in at the same time. Default: 16. */
  incoming?: number;
}

interface Incoming {
  id: string;
  ranges: Ranges;
  first: number;
  total: number | undefined;
  ended: boolean;
  successReport: boolean;
  reportPath: readonly ByteString[];
}

/** The frame that is being read. `at`: the octet of the message that comes next. */
interface Reading {
  head: Head;
  status: number;
  incoming?: Incoming;
  at: number;
}

/**
 * One end of an MSRP session (RFC 4975 section 5), without I/O, over whatever carries its frames: a relay's WebSocket, TCP,
 * or a data channel. Messages share it chunk by chunk, so that a line of chat does not wait for a file. What comes in is
 * put together by its Byte-Range.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #names: Names;
  readonly #own: ByteString;
  readonly #toPath: ByteString[];
  readonly #chunkBytes: number;
  readonly #window: number;
  readonly #timeout: number;
  /** In the order of their turns. */
  readonly #outgoing: OutgoingMessage[] = [];
  readonly #unanswered = new Map<
    string,
    { message: OutgoingMessage | undefined; start: number; end: number; due: number }
  >();
  /** The latest that were sent whole: a report may still come. */
  readonly #awaited = new Map<string, OutgoingMessage>();
  readonly #incoming = new Map<string, Incoming>();
  /** Received whole, and their report not yet sent. */
  readonly #unconfirmed = new Map<string, Incoming>();
  /** Messages that were refused: what still comes of them is answered the same. */
  readonly #refused = new Map<string, number>();
  /** Answers kept back while the user of this session is behind. */
  #held: Frame[] | undefined;
  #current: Reading | undefined;
  #outputs: SessionOutput[] = [];
  #now = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#names = new Names(options.primitives);
    this.#own = options.localPath.at(-1) as ByteString;
    this.#toPath = [...options.localPath.slice(0, -1).reverse(), ...options.remotePath];
    this.#chunkBytes = options.chunkBytes ?? 10_000;
    this.#window = options.window ?? 64;
    this.#timeout = options.transactionTimeout ?? 30_000;
  }

  /** RFC 4975 section 5.4: whoever opened the connection shows with an empty SEND which session it is. */
  greet(now: number): SessionOutput[] {
    this.#now = now;
    const head = this.#request('SEND', this.#names.next());
    head.add('Message-ID', this.#names.next()).add('Byte-Range', '1-0/0');
    this.#track(head.transaction, undefined, 0, 0);
    this.#send(makeFrame(head));
    return this.#take();
  }

  send(options: MessageOptions, now: number): { message: string; outputs: SessionOutput[] } {
    this.#now = now;
    const message = new OutgoingMessage(options.messageId ?? this.#names.next(), options);
    this.#outgoing.push(message);
    this.#advance();
    return { message: message.id, outputs: this.#take() };
  }

  /** The octets that were `wanted`. */
  supply(id: string, octets: Uint8Array, now: number): SessionOutput[] {
    this.#now = now;
    this.#outgoing.find((message) => message.id === id)?.supply(octets);
    this.#advance();
    return this.#take();
  }

  /** Gives up a message that is being sent: the other side hears of it by `#`. */
  abort(id: string, now: number): SessionOutput[] {
    this.#now = now;
    const message = this.#outgoing.find((it) => it.id === id) ?? this.#awaited.get(id);
    if (message === undefined) return [];
    if (message.position > message.begin && !message.sentLast) this.#sendChunk(message, new Uint8Array(0), '#');
    this.#drop(message);
    return this.#take();
  }

  /** Refuses the rest of a message that comes in (413). */
  refuse(id: string): void {
    this.#incoming.delete(id);
    this.#rememberRefused(id, 413);
  }

  /** The success report that a received message asked for; another status says that it was no good after all. */
  confirm(id: string, now: number, status = 200): SessionOutput[] {
    this.#now = now;
    const incoming = this.#unconfirmed.get(id);
    this.#unconfirmed.delete(id);
    if (incoming?.successReport) {
      const head = this.#request('REPORT', this.#names.next());
      head.toPath = [...incoming.reportPath];
      const total = incoming.total as number;
      head.add('Message-ID', id).add('Byte-Range', `1-${total}/${total}`).add('Status', serializeReportStatus(status));
      this.#send(makeFrame(head));
    }
    return this.#take();
  }

  /** Chunks are not answered until `release`, so that the other side stops at its window. */
  hold(): void {
    this.#held ??= [];
  }

  release(): SessionOutput[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) this.#send(frame);
    return this.#take();
  }

  timer(_name: string, now: number): SessionOutput[] {
    this.#now = now;
    for (const { message, due } of this.#unanswered.values()) {
      if (due > now) break;
      if (message !== undefined) this.#fail(message, 408);
    }
    for (const [transaction, { due }] of this.#unanswered) if (due <= now) this.#unanswered.delete(transaction);
    this.#setTimer();
    this.#advance();
    return this.#take();
  }

  /** A frame, as a FrameReader tells it: `head`, `body` any number of times, `end`. */
  head(head: Head, now: number): SessionOutput[] {
    this.#now = now;
    this.#current = { head, status: 0, at: 0 };
    if (head.method === 'SEND') this.#begin(this.#current);
    else if (head.isRequest && head.method !== 'REPORT') this.#current.status = 501;
    return this.#take();
  }

  body(octets: Uint8Array): SessionOutput[] {
    const current = this.#current;
    if (current?.incoming === undefined || current.status !== 200) return [];
    const { incoming } = current;
    const offset = current.at;
    current.at += octets.length;
    if (incoming.total !== undefined && current.at > incoming.total) current.status = 400;
    else if (!incoming.ranges.add(offset, current.at)) current.status = 413;
    else this.#event({ type: 'data', message: incoming.id, offset, octets });
    return this.#take();
  }

  end(flag: ContinuationFlag, now: number): SessionOutput[] {
    this.#now = now;
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return [];
    const { head, status, incoming } = current;
    if (!head.isRequest) this.#response(head);
    else if (head.method === 'REPORT') this.#reported(head);
    else {
      this.#answer(head, status);
      if (incoming !== undefined) this.#ended(incoming, current, flag);
    }
    return this.#take();
  }

  // --- sending

  /** As many chunks as the window has room for, message by message in turn. */
  #advance(): void {
    let idle = 0;
    while (this.#unanswered.size < this.#window && idle < this.#outgoing.length) {
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
      this.#event({ type: 'wanted', message: message.id, ...wanted });
    }
  }

  /** Octets of body in a frame. */
  #room({ contentType, fields, id }: OutgoingMessage): number {
    let head = this.#own.length + contentType.length + id.length + FRAME_OVERHEAD;
    for (const uri of this.#toPath) head += uri.length + 1;
    for (const [name, value] of fields) head += name.length + value.length + 4;
    return Math.max(512, this.#chunkBytes - head);
  }

  #sendChunk(message: OutgoingMessage, octets: Uint8Array, flag: ContinuationFlag): void {
    const { id, total, fields, contentType, successReport } = message;
    const start = message.position - octets.length;
    const head = this.#request('SEND', this.#names.transactionFor(octets));
    head.add('Message-ID', id);
    if (successReport) head.add('Success-Report', 'yes');
    const range = { start: start + 1, end: start + octets.length, total };
    head.add('Byte-Range', serializeByteRange(range));
    for (const [name, value] of fields) head.add(name, value);
    head.add('Content-Type', contentType);
    this.#track(head.transaction, message, start, start + octets.length);
    if (flag === '$') this.#awaitReport(message);
    this.#send(makeFrame(head, flag, octets));
  }

  #track(transaction: string, message: OutgoingMessage | undefined, start: number, end: number): void {
    this.#unanswered.set(transaction, { message, start, end, due: this.#now + this.#timeout });
    if (this.#unanswered.size === 1) this.#setTimer();
  }

  #setTimer(): void {
    const [oldest] = this.#unanswered.values();
    this.#outputs.push(
      oldest === undefined
        ? { type: 'clearTimer', name: 'answer' }
        : { type: 'setTimer', name: 'answer', delay: Math.max(0, oldest.due - this.#now) },
    );
  }

  #response({ transaction, status }: Head): void {
    const sent = this.#unanswered.get(transaction);
    if (sent === undefined) return;
    const wasOldest = this.#unanswered.keys().next().value === transaction;
    this.#unanswered.delete(transaction);
    if (wasOldest) this.#setTimer();
    const { message } = sent;
    if (message !== undefined) {
      if (status !== 200) this.#fail(message, status);
      else if (!message.over && message.answered.add(sent.start, sent.end)) this.#progressed(message);
    }
    this.#advance();
  }

  #progressed(message: OutgoingMessage): void {
    this.#event({ type: 'progress', message: message.id, octets: message.progress });
    if (!message.allAnswered) return;
    this.#event({ type: 'sent', message: message.id });
  }

  #reported(head: Head): void {
    const id = head.get('Message-ID') ?? '';
    const message = this.#awaited.get(id) ?? this.#outgoing.find((it) => it.id === id);
    const status = parseReportStatus(head.get('Status') ?? '');
    if (status === undefined) return;
    if (status !== 200) {
      if (message !== undefined) this.#fail(message, status);
      return;
    }
    // A failure may be any relay's word; that all has arrived only the other side knows.
    if (message === undefined || !message.sentLast || !tryOr(false, () => this.#cameFromPeer(head))) return;
    const range = tryOr(undefined, () => parseByteRange(head.get('Byte-Range') ?? ''));
    if (range !== undefined && (range.end ?? 0) < message.total) return;
    this.#awaited.delete(id);
    this.#event({ type: 'delivered', message: id });
  }

  #awaitReport(message: OutgoingMessage): void {
    if (this.#awaited.size >= MOST_AWAITED) this.#awaited.delete(this.#awaited.keys().next().value as string);
    this.#awaited.set(message.id, message);
  }

  #fail(message: OutgoingMessage, status: number): void {
    if (message.over) return;
    this.#drop(message);
    this.#event({ type: 'failed', message: message.id, status });
  }

  #drop(message: OutgoingMessage): void {
    message.over = true;
    this.#awaited.delete(message.id);
    const at = this.#outgoing.indexOf(message);
    if (at !== -1) this.#outgoing.splice(at, 1);
  }

  // --- receiving

  #begin(current: Reading): void {
    const { head } = current;
    try {
      current.status = this.#judge(current);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      current.status = error.answer.status ?? 400;
    }
    if (current.status !== 200) delete current.incoming;
    const id = head.get('Message-ID');
    if (current.status === 413 && id !== undefined) this.#rememberRefused(id, 413);
  }

  #judge(current: Reading): number {
    const { head } = current;
    // 1. It is for this session: to us, and from the other side (RFC 4975 section 7.3).
    const [to = ''] = head.toPath;
    if (head.toPath.length !== 1 || !sameMsrpUri(parseMsrpUri(to), parseMsrpUri(this.#own))) return 481;
    if (!this.#cameFromPeer(head)) return 481;
    const id = head.get('Message-ID');
    if (id === undefined || id.length > 64) return 400;
    const refused = this.#refused.get(id);
    if (refused !== undefined) return refused;
    // 2. An empty SEND binds the connection to the session, and that is all.
    const contentType = head.get('Content-Type');
    if (contentType === undefined) return 200;
    // 3. A message that we know, or a new one.
    const range = head.byteRange;
    current.at = range.start - 1;
    let incoming = this.#incoming.get(id);
    if (incoming === undefined) {
      if (this.#incoming.size >= (this.#options.incoming ?? 16)) return 413;
      const status = this.#options.accept?.(head) ?? 200;
      if (status !== 200) {
        this.#rememberRefused(id, status);
        return status;
      }
      incoming = {
        id,
        ranges: new Ranges(),
        first: current.at,
        total: range.total,
        ended: false,
        successReport: head.successReport,
        reportPath: head.fromPath,
      };
      this.#incoming.set(id, incoming);
      const total = range.total === undefined ? {} : { total: range.total };
      this.#event({ type: 'incoming', message: id, contentType, head, ...total });
    }
    incoming.total ??= range.total;
    if (incoming.total !== undefined && range.total !== undefined && incoming.total !== range.total) return 400;
    incoming.first = Math.min(incoming.first, current.at);
    current.incoming = incoming;
    return 200;
  }

  /** By the way that its description named: whatever relays of ours come before, the path ends with it. */
  #cameFromPeer({ fromPath }: Head): boolean {
    const { remotePath } = this.#options;
    const way = fromPath.slice(-remotePath.length);
    return (
      way.length === remotePath.length &&
      way.every((uri, hop) => uri === remotePath[hop] || sameMsrpUri(parseMsrpUri(uri), parseMsrpUri(remotePath[hop]!)))
    );
  }

  #ended(incoming: Incoming, current: { at: number }, flag: ContinuationFlag): void {
    if (this.#incoming.get(incoming.id) !== incoming) return;
    if (flag === '#') {
      this.#incoming.delete(incoming.id);
      this.#event({ type: 'aborted', message: incoming.id });
      return;
    }
    if (flag === '$') {
      incoming.ended = true;
      incoming.total ??= current.at;
    }
    if (!incoming.ended || !incoming.ranges.covers(incoming.first, incoming.total as number)) return;
    this.#incoming.delete(incoming.id);
    if (incoming.successReport) this.#unconfirmed.set(incoming.id, incoming);
    this.#event({ type: 'received', message: incoming.id, asksReport: incoming.successReport });
  }

  #rememberRefused(id: string, status: number): void {
    if (this.#refused.size >= MOST_REFUSED) this.#refused.delete(this.#refused.keys().next().value as string);
    this.#refused.set(id, status);
  }

  /** RFC 4975 section 7.2. */
  #answer(request: Head, status: number): void {
    const wants = request.failureReport;
    if (wants === 'no' || (wants === 'partial' && status === 200)) return;
    const frame = responseFrame(request, status);
    if (this.#held === undefined || status !== 200) this.#send(frame);
    else this.#held.push(frame);
  }

  // --- both

  #request(method: string, transaction: string): Head {
    const head = new Head(transaction, { method });
    head.toPath = this.#toPath;
    head.fromPath = [this.#own];
    return head;
  }

  #send(message: Frame): void {
    this.#outputs.push({ type: 'send', message });
  }

  #event(event: SessionEvent): void {
    this.#outputs.push({ type: 'event', event });
  }

  #take(): SessionOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}

/** Start line, header names, Byte-Range at its longest, end-line. */
const FRAME_OVERHEAD = 320;
const MOST_REFUSED = 64;
const MOST_AWAITED = 64;

/** What is malformed counts as `otherwise`. */
function tryOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return otherwise;
    throw error;
  }
}
